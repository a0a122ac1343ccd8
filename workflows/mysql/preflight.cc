#include "workflows/mysql/preflight.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <tuple>

#include "engine/core/utf8.h"

namespace ratchet::mysql {

namespace {

std::string quoted(const std::string& text, char quote) {
  std::string out(1, quote);
  for (const char c : text) out += c == quote ? std::string(2, quote) : std::string(1, c);
  return out + quote;
}

std::string number(const Version& version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
         std::to_string(version.patch);
}

// `key` is what stands between the braces.
std::string filled(const std::string& key, const std::vector<std::string>& row,
                   const Context& context) {
  if (key == "from") return number(context.from);
  if (key == "to") return number(context.to);
  const bool quotes = !key.empty() && (key[0] == 'i' || key[0] == 's');
  const std::string digits = key.substr(quotes ? 1 : 0);
  const bool is_column = digits.size() == 1 && digits[0] >= '0' && digits[0] <= '9';
  if (!is_column) return "{" + key + "}";
  const auto column = static_cast<std::size_t>(digits[0] - '0');
  const std::string text = column < row.size() ? row[column] : "";
  return quotes ? quoted(text, key[0] == 'i' ? '`' : '\'') : text;
}

std::string fill(const std::string& text, const std::vector<std::string>& row,
                 const Context& context) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find('{', at);
    const std::size_t close = open == std::string::npos ? open : text.find('}', open);
    if (close == std::string::npos) return out + text.substr(at);
    out +=
        text.substr(at, open - at) + filled(text.substr(open + 1, close - open - 1), row, context);
    at = close + 1;
  }
  return out;
}

bool is_set(const Release& release) { return release.major != 0; }

bool is_for(Servers servers, const Context& context) {
  const bool mysql = context.from.lineage == Lineage::mysql;
  switch (servers) {
    case Servers::all:
      return true;
    case Servers::mysql:
      return mysql;
    case Servers::mariadb:
      return !mysql;
    case Servers::group:
      return mysql && context.in_group;
    case Servers::cloned:
      return mysql && context.is_cloned;
  }
  return false;
}

bool applies(const Check& check, const Context& context) {
  if (!is_for(check.servers, context)) return false;
  if (is_set(check.since) && is_before(context.from, check.since)) return false;
  if (is_set(check.before) && !is_before(context.from, check.before)) return false;
  if (!is_set(check.crosses)) return true;
  return is_before(context.from, check.crosses) && !is_before(context.to, check.crosses);
}

// The id of an XA transaction, for one, may be any bytes.
Finding about(Severity severity, const char* check, std::string what, std::string fix) {
  engine::make_utf8(what);
  engine::make_utf8(fix);
  Finding out;
  out.set_severity(severity);
  out.set_check(check);
  out.set_what(std::move(what));
  out.set_fix(std::move(fix));
  return out;
}

std::string megabytes(std::int64_t bytes) { return std::to_string(bytes / (1 << 20)) + " MiB"; }

}  // namespace

bool is_before(const Version& version, const Release& release) {
  return std::tie(version.major, version.minor, version.patch) <
         std::tie(release.major, release.minor, release.patch);
}

std::optional<Version> server_version(const std::string& version, const std::string& comment) {
  std::optional<Version> parsed = parse_version(version);
  // The version is an option of the server; what it was built from says the comment.
  if (parsed && comment.find("MariaDB") != std::string::npos) parsed->lineage = Lineage::mariadb;
  if (parsed) parsed->pre_release.clear();  // Percona's 8.0.36-28, Debian's suffixes
  return parsed;
}

std::vector<Check> all_checks() {
  std::vector<Check> all;
  for (auto* table :
       {server_checks, mysql_checks, former_checks, mysql_names, cluster_checks, mariadb_checks}) {
    std::ranges::move(table(), std::back_inserter(all));
  }
  return all;
}

std::vector<Check> checks_for(const Context& context) {
  std::vector<Check> checks = all_checks();
  std::erase_if(checks, [&](const Check& check) { return !applies(check, context); });
  return checks;
}

Finding finding(const Check& check, const std::vector<std::string>& row, const Context& context) {
  Finding out = about(check.severity, check.id, fill(check.what, row, context),
                      fill(check.fix, row, context));
  out.set_passing(check.passing);
  return out;
}

std::vector<Finding> judge(const Check& check, const SqlTable& rows, const Context& context) {
  std::vector<Finding> found;
  if (check.judge != nullptr) {
    found = check.judge(check, rows, context);
  } else {
    for (const auto& row : rows) found.push_back(finding(check, row, context));
  }
  if (found.size() <= most_findings) return found;
  const std::size_t more = found.size() - most_findings;
  found.resize(most_findings);
  Finding rest =
      about(found.back().severity(), check.id,
            "and " + std::to_string(more) + " more of the same kind", "To list all: " + check.sql);
  rest.set_passing(check.passing);
  found.push_back(std::move(rest));
  return found;
}

std::vector<Finding> judge_versions(const Context& context, const std::string& server,
                                    const std::string& catalogue, const std::string& target) {
  std::vector<Finding> found;
  const std::string closed =
      "the server is " + server + ": from there to " + target + " the way is closed: ";
  for (const std::string& blocker : path_blockers(context.from, context.to)) {
    found.push_back(about(BLOCKING, "version", closed + blocker,
                          "ask for a version to which the way is open from " + server));
  }
  if (!same_release(server, catalogue) && !same_release(server, target)) {
    found.push_back(about(WARNING, "catalogue-version",
                          "the server says that it is " + server + ", its MySQLVersion says " +
                              catalogue + "; the server's word counts",
                          "correct spec.version of the MySQLVersion, or the image that it names"));
  }
  for (const char* fork : {"Percona", "WSREP", "wsrep", "TiDB"}) {
    if (context.comment.find(fork) == std::string::npos) continue;
    found.push_back(about(WARNING, "fork",
                          "the server is a fork (" + context.comment +
                              "); only the rules of MySQL and MariaDB themselves are known here",
                          "read the fork's own upgrade notes before you approve"));
    break;
  }
  return found;
}

// A volume's capacity is a promise that not every driver keeps: more data than capacity shows that
// nobody does.
std::vector<Finding> judge_disk(const MemberSight& member) {
  if (member.claim_bytes() <= 0 || member.data_bytes() <= 0) return {};
  const std::int64_t free = member.claim_bytes() - member.data_bytes();
  const std::int64_t needed = 3 * member.dictionary_bytes() + (std::int64_t{16} << 20);
  const std::string what = "claim " + member.claim() + " has " + megabytes(member.claim_bytes()) +
                           ", the server's files take at least " + megabytes(member.data_bytes());
  const std::string fix = "kubectl patch pvc " + member.claim() +
                          R"( -p '{"spec":{"resources":{"requests":{"storage":"SIZE"}}}}')";
  if (free < 0) {
    return {about(WARNING, "disk",
                  what + ": its driver does not enforce the size, so nobody can tell what is left",
                  "look at the free space of the volume's file system")};
  }
  if (free < needed) {
    return {
        about(BLOCKING, "disk", what + "; the upgrade needs " + megabytes(needed) + " more", fix)};
  }
  if (free < member.claim_bytes() / 10) {
    return {about(WARNING, "disk", what + ": less than a tenth is left", fix)};
  }
  return {};
}

std::vector<Finding> judge_storage(const Sight& sight) {
  std::vector<Finding> found;
  for (const MemberSight& member : sight.members()) {
    if (!member.claim().empty()) continue;
    const std::string what = "the data is on ephemeral storage, which goes with the pod: ";
    if (sight.members_size() == 1) {
      found.push_back(about(BLOCKING, "ephemeral-data", what + "nothing would be left of it",
                            "dump it (mysqldump), create a MySQL of the target's version with "
                            "storageType: Durable, and load it there"));
    } else {
      found.push_back(about(WARNING, "ephemeral-data",
                            what + "the member comes back empty and needs a copy of the others'",
                            "see that a member whose pod is deleted comes back"));
    }
    found.back().set_pod(member.pod());
  }
  return found;
}

// Claims that were made larger by hand leave the size that new ones get as it was.
std::vector<Finding> judge_new_claim(const MemberSight& member, std::int64_t new_claim_bytes) {
  const std::int64_t data = member.data_bytes();
  const bool promises_nothing = member.claim_bytes() > 0 && member.claim_bytes() < data;
  const std::int64_t needed = data + 3 * member.dictionary_bytes() + (std::int64_t{16} << 20);
  if (new_claim_bytes <= 0 || data <= 0 || promises_nothing || new_claim_bytes >= needed) return {};
  return {about(BLOCKING, "disk",
                "the claims of the new StatefulSet get " + megabytes(new_claim_bytes) +
                    " (spec.storage), and a copy of a member needs at least " + megabytes(needed),
                R"(kubectl patch mysql NAME --type merge -p )"
                R"('{"spec":{"storage":{"resources":{"requests":{"storage":"SIZE"}}}}}')")};
}

namespace {

// Of XA RECOVER, which says only in a warning that it is a privilege that is missing.
constexpr int transaction_branch_failed = 1401;

}  // namespace

bool lacks_privilege(const Unanswered& why) {
  constexpr std::array denied{1044, 1142, 1143, 1227, 1370};  // schema, table, column, any, routine
  return std::ranges::find(denied, why.number) != denied.end() ||
         why.number == transaction_branch_failed;
}

namespace {

// Of what the server does not know: statements, columns, tables, functions, variables.
bool is_strange_to_server(int number) {
  constexpr std::array strange{1054, 1064, 1109, 1128, 1146, 1193, 1235, 1305};
  return std::ranges::find(strange, number) != strange.end();
}

// "XA_RECOVER_ADMIN" of "you need (at least one of) the XA_RECOVER_ADMIN privilege(s)", the last of
// "SUPER or ANOTHER", "SELECT" of "SELECT command denied to user". Empty: it is not said.
std::string privilege_in(const Unanswered& why) {
  const std::string& words = why.words;
  if (why.number == transaction_branch_failed) return "XA_RECOVER_ADMIN";
  constexpr std::string_view opening = ") the ";
  const auto before = words.find(opening);
  const auto end = words.find(" privilege", before);
  if (before != std::string::npos && end != std::string::npos) {
    const auto begin = before + opening.size();
    const std::string any = words.substr(begin, end - begin);
    const auto other = any.rfind(" or ");
    return other == std::string::npos ? any : any.substr(other + 4);
  }
  const auto denied = words.find(" command denied");
  const std::string until = denied == std::string::npos ? "" : words.substr(0, denied);
  return until.substr(until.rfind(' ') + 1);  // npos + 1 is 0
}

// 'root'@'%' of root@%.
std::string grantee(const std::string& account) {
  const auto at = account.rfind('@');
  if (at == std::string::npos) return "the account of the database's Secret";
  return quoted(account.substr(0, at), '\'') + "@" + quoted(account.substr(at + 1), '\'');
}

}  // namespace

// What is heard with an error names addresses, which are others after each restart.
Finding unasked(const Check& check, const Unanswered& why) {
  const std::string by_hand = "make it by hand: " + check.sql;
  const std::string error = "error " + std::to_string(why.number);
  if (lacks_privilege(why)) {
    const std::string privilege = privilege_in(why);
    const std::string lacking = privilege.empty() ? "a privilege" : "the privilege " + privilege;
    const std::string grant = "GRANT " + privilege + " ON *.* TO " + grantee(why.account);
    return about(
        WARNING, check.id,
        "this check was not made: the account that asks lacks " + lacking + " (" + error + ")",
        (privilege.empty() ? "" : grant + ", or ") + by_hand);
  }
  if (is_strange_to_server(why.number)) {
    const auto named = why.words.find(error + ": ");
    return about(
        WARNING, check.id,
        "this check was not made: the server does not know what it asks for (" +
            (named == std::string::npos ? error + ": " + why.words : why.words.substr(named)) + ")",
        by_hand);
  }
  Finding out = about(WARNING, check.id, "this check could not be made: " + why.words, by_hand);
  out.set_passing(true);
  return out;
}

}  // namespace ratchet::mysql
