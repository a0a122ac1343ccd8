#include "workflows/mysql/version_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "workflows/mysql/constraints.h"

namespace ratchet::mysql {

namespace {

enum class Stability { bugfix, lts, innovation };

// The series that are known. What is not known is refused: the next release may bring rules that
// this table does not have (2026 brought calendar versions).
struct Series {
  int major;
  int minor;  // -1: any
  Stability stability;
};
constexpr std::array mysql_series{
    Series{5, 7, Stability::bugfix},      Series{8, 0, Stability::bugfix},
    Series{8, 1, Stability::innovation},  Series{8, 2, Stability::innovation},
    Series{8, 3, Stability::innovation},  Series{8, 4, Stability::lts},
    Series{9, 0, Stability::innovation},  Series{9, 1, Stability::innovation},
    Series{9, 2, Stability::innovation},  Series{9, 3, Stability::innovation},
    Series{9, 4, Stability::innovation},  Series{9, 5, Stability::innovation},
    Series{9, 6, Stability::innovation},  Series{9, 7, Stability::lts},
    Series{26, -1, Stability::innovation}};

// The only ways over a change of the major version: from the last series before it.
struct Step {
  int from_major, from_minor, to_major;
  int to_minor;  // -1: any
};
constexpr std::array mysql_steps{Step{5, 7, 8, 0}, Step{8, 4, 9, -1}, Step{9, 7, 26, -1}};

// MariaDB has no such steps: every server starts on the files of every earlier one. The series that
// are known, a whole major each; as above, the next one may bring rules of its own.
struct Major {
  int major;
  int first_minor, last_minor;
};
constexpr std::array mariadb_majors{Major{10, 0, 11}, Major{11, 0, 8}, Major{12, 0, 3}};

struct Withdrawn {
  int major, minor, patch;
  const char* why;
};
constexpr std::array mysql_withdrawn{
    Withdrawn{8, 0, 29, "it can damage tables with instantly added columns"},
    Withdrawn{8, 0, 38, "it does not start with many tables"},
    Withdrawn{8, 4, 1, "it does not start with many tables"},
    Withdrawn{9, 0, 0, "it does not start with many tables"}};

const Series* find_series(const Version& version) {
  const auto found = std::ranges::find_if(mysql_series, [&](const Series& series) {
    return series.major == version.major && (series.minor < 0 || series.minor == version.minor);
  });
  return found == mysql_series.end() ? nullptr : &*found;
}

std::string series_name(int major, int minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}
std::string series_name(const Version& version) {
  return series_name(version.major, version.minor);
}

const Step* step_from_major(int major) {
  const auto found = std::ranges::find(mysql_steps, major, &Step::from_major);
  return found == mysql_steps.end() ? nullptr : &*found;
}

bool is_open(const Version& from, const Version& to) {
  if (from.major == to.major) return from.major != 5 || from.minor == to.minor;
  return std::ranges::any_of(mysql_steps, [&](const Step& step) {
    return step.from_major == from.major && step.from_minor == from.minor &&
           step.to_major == to.major && (step.to_minor < 0 || step.to_minor == to.minor);
  });
}

// The stations between two releases that no single step joins: "8.0 -> 8.4 -> 9.7".
std::string stations(const Version& from, const Version& to) {
  std::string text = series_name(from);
  Version at = from;
  for (std::size_t i = 0; i < 2 * mysql_steps.size() && !is_open(at, to); ++i) {
    const Step* step = step_from_major(at.major);
    if (step == nullptr) return "";
    if (at.minor != step->from_minor) {
      at.minor = step->from_minor;
    } else {
      at.major = step->to_major;
      // A new major is entered at the series that the step names, or at its last.
      const Step* next = step_from_major(at.major);
      at.minor = step->to_minor >= 0 ? step->to_minor : next != nullptr ? next->from_minor : 0;
    }
    text += " -> " + series_name(at);
  }
  return text + " -> " + series_name(to);
}

// What the last step before another major is called.
std::string last_series_of(int major) {
  const Step* step = step_from_major(major);
  if (step == nullptr) return "";
  return series_name(major, step->from_minor) + (major == 5 ? "" : " (LTS)");
}

void check_mysql(const Version& from, const Version& to, std::vector<std::string>& blockers) {
  for (const Version& version : {from, to}) {
    if (find_series(version)) continue;
    blockers.push_back("MySQL " + series_name(version) + " is not a series that this build knows");
  }
  for (const Withdrawn& bad : mysql_withdrawn) {
    if (to.major == bad.major && to.minor == bad.minor && to.patch == bad.patch) {
      blockers.push_back("this release must not be used: " + std::string(bad.why));
    }
  }
  if (!blockers.empty() || is_open(from, to)) return;
  const std::string last = last_series_of(from.major);
  const std::string why =
      from.major == 5
          ? "from 5.7 the only way is to 8.0"
          : "the next major version can only be reached from the last LTS series before it, and no "
            "LTS series can be skipped; of major version " +
                std::to_string(from.major) + " that is " + last;
  blockers.push_back(why + ". Allowed: " + stations(from, to) + ", each by a request of its own");
}

void check_mariadb(const Version& from, const Version& to, std::vector<std::string>& blockers) {
  for (const Version& version : {from, to}) {
    const bool known = std::ranges::any_of(mariadb_majors, [&](const Major& major) {
      return major.major == version.major && version.minor >= major.first_minor &&
             version.minor <= major.last_minor;
    });
    if (known) continue;
    blockers.push_back("MariaDB " + series_name(version) +
                       " is not a series that this build knows");
  }
}

// Outside of one LTS series the primary cannot be moved by order to a member that is upgraded
// already, and across majors members need new volumes: a group gets a new StatefulSet then, and
// elects. Within one a user may ask for that.
void check_group(const Version& from, const Version& to, bool asks_for_new_set, UpgradeRules& rules,
                 std::vector<std::string>& blockers) {
  // As old as the provisioner's statements; CLONE, which seeding needs, is older.
  const Version oldest{Lineage::mysql, 8, 0, 22, ""};
  if (from.lineage != Lineage::mysql || compare(from, oldest) < 0) {
    blockers.push_back("a replication group can be upgraded only from MySQL 8.0.22 on");
  }
  rules.set_primary_is_elected(!within_lts_series(from, to));
  rules.set_new_stateful_set(rules.primary_is_elected() || asks_for_new_set);
}

// A replica must not be older than its source, which former replicas would be after the move of the
// primary: outside of one LTS series they go before it, and members of a new StatefulSet stay.
// Nobody elects; the primary moves by its term.
void check_semi_sync(const Version& from, const Version& to, bool asks_for_new_set,
                     UpgradeRules& rules, std::vector<std::string>& blockers) {
  // As old as the names in the provisioner's statements.
  const Version oldest{Lineage::mysql, 8, 0, 26, ""};
  if (from.lineage != Lineage::mysql || compare(from, oldest) < 0) {
    blockers.push_back("a semi-synchronous cluster can be upgraded only from MySQL 8.0.26 on");
  }
  rules.set_new_stateful_set(!within_lts_series(from, to) || asks_for_new_set);
}

std::string alternatives(const google::protobuf::RepeatedPtrField<std::string>& constraints) {
  std::string text;
  for (const std::string& one : constraints) text += (text.empty() ? "\"" : " or \"") + one + "\"";
  return text;
}

void check_constraints(const Version& to, const CatalogueVersion& current,
                       std::vector<std::string>& blockers) {
  const auto holds = [&](const std::string& constraint) {
    const std::optional<bool> held = satisfies(to, constraint);
    if (!held) {
      blockers.push_back("MySQLVersion " + current.name() +
                         " has a constraint that cannot be read: " + constraint);
    }
    return held.value_or(false);
  };
  const bool allowed = current.allowed().empty() || std::ranges::any_of(current.allowed(), holds);
  const std::string catalogue = "MySQLVersion " + current.name();
  if (!allowed) {
    blockers.push_back(catalogue +
                       " does not list it as allowed. Allowed: " + alternatives(current.allowed()));
  }
  const auto denial = std::ranges::find_if(current.denied(), holds);
  if (denial != current.denied().end()) {
    blockers.push_back(catalogue + " denies \"" + *denial + "\"");
  }
}

}  // namespace

std::optional<Version> parse_version(const std::string& text) {
  const std::optional<Partial> partial = parse_partial(text);
  if (!partial || partial->parts == 0) return std::nullopt;
  Version version = partial->version;
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const bool says_so = lower.find("mariadb") != std::string::npos;
  if (says_so) version.pre_release.clear();
  if (says_so || (version.major >= 10 && version.major < 20)) version.lineage = Lineage::mariadb;
  return version;
}

bool same_release(const std::string& a, const std::string& b) {
  auto left = parse_version(a);
  auto right = parse_version(b);
  if (!left || !right) return a == b;
  left->pre_release.clear();
  right->pre_release.clear();
  return compare(*left, *right) == 0;
}

std::vector<std::string> path_blockers(const Version& from, const Version& to) {
  std::vector<std::string> blockers;
  if (from.lineage != to.lineage) {
    blockers.push_back("MySQL and MariaDB cannot open each other's files");
  } else if (compare(to, from) < 0) {
    blockers.push_back("a server does not open files of a newer version: downgrades need a dump");
  } else if (from.lineage == Lineage::mysql) {
    check_mysql(from, to, blockers);
  } else {
    check_mariadb(from, to, blockers);
  }
  return blockers;
}

bool within_lts_series(const Version& from, const Version& to) {
  const Series* series = from.lineage == Lineage::mysql ? find_series(from) : nullptr;
  return series != nullptr && series->stability == Stability::lts && from.same_series(to);
}

UpgradeRules rules_for(const Database& database) {
  UpgradeRules rules;
  std::vector<std::string> blockers;
  const bool by_member =
      database.topology() == replication_group || database.topology() == semi_sync;
  if (!database.standalone() && !by_member) {
    blockers.push_back("a database with spec.topology.mode " + database.topology() +
                       " cannot be upgraded: only standalone databases, replication groups and "
                       "semi-synchronous clusters can be upgraded so far");
  }
  const auto from = parse_version(database.current().version());
  const auto to = parse_version(database.target().version());
  for (const auto* entry : {&database.current(), &database.target()}) {
    if (parse_version(entry->version())) continue;
    blockers.push_back("MySQLVersion " + entry->name() + " has the version \"" + entry->version() +
                       "\", which is none");
  }
  if (from && to) {
    std::ranges::move(path_blockers(*from, *to), std::back_inserter(blockers));
    check_constraints(*to, database.current(), blockers);
    const bool asks = database.asks_for_new_set();
    rules.set_new_stateful_set(from->major != to->major || asks);
    rules.set_slow_shutdown(!from->same_series(*to));
    if (database.topology() == replication_group) check_group(*from, *to, asks, rules, blockers);
    if (database.topology() == semi_sync) check_semi_sync(*from, *to, asks, rules, blockers);
  }
  for (std::string& blocker : blockers) rules.add_blockers(std::move(blocker));
  return rules;
}

}  // namespace ratchet::mysql
