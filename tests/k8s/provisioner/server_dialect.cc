#include "tests/k8s/provisioner/server_dialect.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "k8s/api/version.h"

namespace ratchet::k8s::testing {

namespace {

constexpr int syntax = 1064;
constexpr int unknown_column = 1054;
constexpr int unknown_in_schema = 1109;
constexpr int wrong_arguments = 1123;
constexpr int no_such_table = 1146;
constexpr int no_such_privilege = 1149;
constexpr int unknown_variable = 1193;

// A part of a statement that not every release knows.
struct Word {
  std::string_view text;
  const char* since;   // the first release that knows it; empty: all of 5.7 do
  const char* before;  // the first that does not any more; empty: none so far
  int number;
};

// What statements begin with.
constexpr std::array beginnings{
    Word{"SET PERSIST", "8.0.0", "", syntax},
    Word{"RESET BINARY LOGS AND GTIDS", "8.2.0", "", syntax},
    Word{"RESET MASTER", "", "8.4.0", syntax},
    Word{"SHOW BINARY LOG STATUS", "8.2.0", "", syntax},
    Word{"SHOW MASTER STATUS", "", "8.4.0", syntax},
    Word{"SHOW SLAVE STATUS", "", "8.4.0", syntax},
    Word{"START SLAVE", "", "8.4.0", syntax},
    Word{"CHANGE MASTER TO", "", "8.4.0", syntax},
    Word{"CHANGE REPLICATION SOURCE TO", "8.0.23", "", syntax},
    Word{"START REPLICA", "8.0.22", "", syntax},
    Word{"STOP REPLICA", "8.0.22", "", syntax},
    Word{"RESET REPLICA", "8.0.22", "", syntax},
    Word{"START GROUP_REPLICATION USER", "8.0.21", "", syntax},
    Word{"CLONE INSTANCE", "8.0.17", "", syntax},
    Word{"ALTER INSTANCE RELOAD TLS", "8.0.16", "", syntax},
    Word{"SET GLOBAL rpl_semi_sync_source_", "8.0.26", "", unknown_variable},
    Word{"SET GLOBAL rpl_semi_sync_replica_", "8.0.26", "", unknown_variable},
    Word{"SET GLOBAL clone_valid_donor_list", "8.0.17", "", unknown_variable},
    Word{"SET GLOBAL group_replication_clone_threshold", "8.0.17", "", unknown_variable}};

// What statements name. The two of 5.7 and older are there to show their kind of refusal.
constexpr std::array names{
    Word{"FROM performance_schema.processlist", "8.0.22", "", no_such_table},
    Word{"performance_schema.variables_info", "8.0.0", "", no_such_table},
    Word{"performance_schema.persisted_variables", "8.0.0", "", no_such_table},
    Word{"performance_schema.setup_timers", "", "8.0.4", no_such_table},
    Word{"information_schema.USER_ATTRIBUTES", "8.0.21", "", unknown_in_schema},
    Word{"information_schema.INNODB_TABLESPACES", "8.0.3", "", unknown_in_schema},
    Word{"information_schema.INNODB_SYS_TABLESPACES", "", "8.0.3", unknown_in_schema},
    Word{"information_schema.INNODB_TABLES ", "8.0.3", "", unknown_in_schema},
    Word{"information_schema.INNODB_SYS_TABLES ", "", "8.0.3", unknown_in_schema},
    Word{"information_schema.INNODB_DATAFILES", "8.0.3", "", unknown_in_schema},
    Word{"information_schema.INNODB_SYS_DATAFILES", "", "8.0.3", unknown_in_schema},
    Word{"MEMBER_ROLE", "8.0.2", "", unknown_column},
    Word{"User_attributes", "8.0.14", "", unknown_column},
    Word{"SELECT Password FROM mysql.user", "", "5.7.6", unknown_column},
    Word{" ATTRIBUTE '", "8.0.21", "", syntax},
    Word{"@@GLOBAL.default_authentication_plugin", "", "8.4.0", unknown_variable},
    Word{"@@GLOBAL.authentication_policy", "8.0.27", "", unknown_variable},
    Word{"GROUP_REPLICATION_STREAM", "8.0.27", "", no_such_privilege},
    Word{"NO_SUCH_PRIVILEGE", "99", "", no_such_privilege}};

int compare(const std::string& a, const char* b) {
  return api::compare_versions(api::version_digits(a), b);
}

bool knows(const std::string& version, const Word& word) {
  const bool begun = *word.since == '\0' || compare(version, word.since) >= 0;
  return begun && (*word.before == '\0' || compare(version, word.before) < 0);
}

std::string of_kind(int number) {
  switch (number) {
    case syntax:
      return "You have an error in your SQL syntax";
    case unknown_column:
      return "Unknown column";
    case unknown_in_schema:
      return "Unknown table in information_schema";
    case wrong_arguments:
      return "Can't initialize function; Wrong arguments";
    case no_such_table:
      return "Table doesn't exist";
    case no_such_privilege:
      return "You have an error in your SQL syntax (privilege)";
    default:
      return "Unknown system variable";
  }
}

// The function takes one argument, and from 8.0.29 on a second.
bool has_too_many_arguments(const std::string& statement, const std::string& version) {
  const auto call = statement.find("group_replication_set_as_primary(");
  if (call == std::string::npos) return false;
  const auto commas = std::count(statement.begin() + static_cast<long>(call), statement.end(), ',');
  return commas > (compare(version, "8.0.29") >= 0 ? 1 : 0);
}

// "8.4" of 8.4.8, as a number to compare.
int series_of(const std::string& version) {
  for (int major : {5, 8, 9}) {
    for (int minor = 0; minor < 10; ++minor) {
      const std::string next = std::to_string(major) + "." + std::to_string(minor + 1);
      const std::string first = std::to_string(major) + "." + std::to_string(minor);
      const bool below = compare(version, next.c_str()) < 0;
      if (below && compare(version, first.c_str()) >= 0) return major * 10 + minor;
    }
  }
  return 0;
}

}  // namespace

std::string on_one_line(const std::string& statement) {
  std::string line;
  for (const char c : statement) {
    const bool space = c == '\n' || c == ' ';
    if (space && (line.empty() || line.back() == ' ')) continue;
    line += space ? ' ' : c;
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::optional<Refusal> misunderstood(const std::string& statement, const std::string& version) {
  const std::string line = on_one_line(statement);
  const auto refused = [](int number) { return Refusal{number, of_kind(number)}; };
  for (const Word& word : beginnings) {
    if (line.starts_with(word.text) && !knows(version, word)) return refused(word.number);
  }
  for (const Word& word : names) {
    const bool named = line.find(word.text) != std::string::npos;
    if (named && !knows(version, word)) return refused(word.number);
  }
  if (has_too_many_arguments(line, version)) return refused(wrong_arguments);
  return std::nullopt;
}

bool opens_files_of(const std::string& files, const std::string& version) {
  const int from = series_of(files);
  const int to = series_of(version);
  if (from == 0 || to == 0 || to < from) return false;
  if (from == to) return compare(version, files.c_str()) >= 0;
  if (from == 57) return to == 80;
  if (from < 84) return to <= 84;
  return true;
}

bool in_one_lts_series(const std::string& a, const std::string& b) {
  const int series = series_of(a);
  return series == series_of(b) && (series == 84 || series == 97);
}

}  // namespace ratchet::k8s::testing
