// The checks of MariaDB's own rules. It starts on the files of every earlier release, so these are
// about what no longer does anything, and about what is lost.
#include <algorithm>
#include <array>
#include <string_view>

#include "workflows/mysql/preflight.h"

namespace ratchet::mysql {

namespace {

// Options that a release no longer knows. It starts all the same, and says so in its log.
struct Removed {
  std::string_view name;
  Release in;
};
constexpr std::array removed_variables{
    Removed{"innodb_adaptive_max_sleep_delay", {10, 6, 0}},
    Removed{"innodb_background_scrub_data_check_interval", {10, 6, 0}},
    Removed{"innodb_background_scrub_data_compressed", {10, 6, 0}},
    Removed{"innodb_background_scrub_data_interval", {10, 6, 0}},
    Removed{"innodb_background_scrub_data_uncompressed", {10, 6, 0}},
    Removed{"innodb_buffer_pool_instances", {10, 6, 0}},
    Removed{"innodb_checksums", {10, 6, 0}},
    Removed{"innodb_commit_concurrency", {10, 6, 0}},
    Removed{"innodb_concurrency_tickets", {10, 6, 0}},
    Removed{"innodb_file_format", {10, 6, 0}},
    Removed{"innodb_large_prefix", {10, 6, 0}},
    Removed{"innodb_locks_unsafe_for_binlog", {10, 6, 0}},
    Removed{"innodb_log_checksums", {10, 6, 0}},
    Removed{"innodb_log_files_in_group", {10, 6, 0}},
    Removed{"innodb_log_optimize_ddl", {10, 6, 0}},
    Removed{"innodb_page_cleaners", {10, 6, 0}},
    Removed{"innodb_replication_delay", {10, 6, 0}},
    Removed{"innodb_rollback_segments", {10, 6, 0}},
    Removed{"innodb_scrub_log", {10, 6, 0}},
    Removed{"innodb_scrub_log_speed", {10, 6, 0}},
    Removed{"innodb_thread_concurrency", {10, 6, 0}},
    Removed{"innodb_thread_sleep_delay", {10, 6, 0}},
    Removed{"innodb_undo_logs", {10, 6, 0}},
    Removed{"innodb_change_buffering", {11, 0, 0}},
    Removed{"innodb_change_buffer_max_size", {11, 0, 0}},
    Removed{"innodb_defragment", {11, 1, 0}},
    Removed{"innodb_defragment_fill_factor", {11, 1, 0}},
    Removed{"innodb_defragment_fill_factor_n_recs", {11, 1, 0}},
    Removed{"innodb_defragment_frequency", {11, 1, 0}},
    Removed{"innodb_defragment_n_pages", {11, 1, 0}},
    Removed{"innodb_defragment_stats_accuracy", {11, 1, 0}}};

std::vector<Finding> judge_removed(const Check& check, const SqlTable& rows,
                                   const Context& context) {
  std::vector<Finding> found;
  for (const auto& row : rows) {
    if (row.empty()) continue;
    std::string name = row[0];
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const auto* gone = std::ranges::find(removed_variables, name, &Removed::name);
    const bool here = gone != removed_variables.end() && is_before(context.from, gone->in) &&
                      !is_before(context.to, gone->in);
    if (here) found.push_back(finding(check, row, context));
  }
  return found;
}

Check of_mariadb(const char* id, Severity severity, Release crosses, std::string sql,
                 const char* what, const char* fix) {
  return {id, severity, Servers::mariadb, Scope::server, crosses, std::move(sql), what, fix};
}

}  // namespace

std::vector<Check> mariadb_checks() {
  Check removed = of_mariadb(
      "removed-variables", WARNING, {},
      "SELECT VARIABLE_NAME, GLOBAL_VALUE_ORIGIN, GLOBAL_VALUE_PATH FROM "
      "information_schema.SYSTEM_VARIABLES WHERE GLOBAL_VALUE_ORIGIN IN ('CONFIG', 'COMMAND-LINE')",
      "option {0} is set ({1} {2}), and does nothing from MariaDB {to} on",
      "remove {0} from the configuration (spec.configSecret, spec.podTemplate.spec.args)");
  removed.judge = judge_removed;
  Check replica = of_mariadb(
      "replica", WARNING, {},
      "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = "
      "'SLAVES_RUNNING' AND VARIABLE_VALUE <> '0'",
      "the server replicates from elsewhere ({0} connections)",
      "compare the versions: a replica may be newer than its source, never older");
  Check reserved =
      of_mariadb("reserved-words", WARNING, {10, 6, 0},
                 "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS "
                 "WHERE UPPER(COLUMN_NAME) IN ('OFFSET', 'ROWNUM') AND TABLE_SCHEMA NOT IN "
                 "('mysql', 'sys', 'performance_schema', 'information_schema') ORDER BY 1, 2, 3",
                 "column {i0}.{i1}.{i2} has the name of a word that MariaDB reserves from 10.6 on",
                 "quote {i2} wherever it is used, or rename it");
  reserved.scope = Scope::database;
  return {
      removed, replica,
      of_mariadb("plugins", WARNING, {}, "SELECT name, dl FROM mysql.plugin ORDER BY 1",
                 "plugin {0} ({1}) was installed by hand: the target's image must have {1} as well",
                 "look into the target's image; else UNINSTALL PLUGIN {0} before the upgrade"),
      of_mariadb("new-defaults", INFO, {11, 6, 0},
                 "SELECT @@GLOBAL.character_set_server, @@GLOBAL.collation_server FROM DUAL WHERE "
                 "@@GLOBAL.character_set_server = 'latin1' OR @@GLOBAL.collation_server LIKE "
                 "'%general_ci'",
                 "the server's character set is {0} ({1}); MariaDB has other defaults from 11.6 on",
                 "set character_set_server and collation_server if they are to stay"),
      reserved};
}

}  // namespace ratchet::mysql
