// The checks of MySQL's own rules: those of MySQL Shell's upgrade checker that plain SQL can make,
// each with the release whose rules are another.
#include <algorithm>
#include <array>
#include <string_view>

#include "workflows/mysql/preflight.h"

namespace ratchet::mysql {

namespace {

constexpr Release r8{8, 0, 0};
constexpr Release r8_4{8, 4, 0};
constexpr Release r9{9, 0, 0};

Check of_database(const char* id, Severity severity, Release crosses, std::string sql,
                  const char* what, const char* fix) {
  return {id, severity, Servers::mysql, Scope::database, crosses, std::move(sql), what, fix};
}

Check of_server(const char* id, Severity severity, Release crosses, std::string sql,
                const char* what, const char* fix) {
  return {id, severity, Servers::mysql, Scope::server, crosses, std::move(sql), what, fix};
}

const char* const not_system =
    "NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')";

// Options that a release no longer knows: with one in its configuration it does not start.
struct Removed {
  std::string_view name;
  Release in;
};
constexpr std::array removed_variables{Removed{"log_syslog", {8, 0, 13}},
                                       Removed{"log_syslog_facility", {8, 0, 13}},
                                       Removed{"log_syslog_include_pid", {8, 0, 13}},
                                       Removed{"log_syslog_tag", {8, 0, 13}},
                                       Removed{"expire_logs_days", {8, 2, 0}},
                                       Removed{"master_info_repository", {8, 3, 0}},
                                       Removed{"relay_log_info_repository", {8, 3, 0}},
                                       Removed{"master_info_file", {8, 3, 0}},
                                       Removed{"relay_log_info_file", {8, 3, 0}},
                                       Removed{"slave_rows_search_algorithms", {8, 3, 0}},
                                       Removed{"replica_rows_search_algorithms", {8, 3, 0}},
                                       Removed{"transaction_write_set_extraction", {8, 3, 0}},
                                       Removed{"log_bin_use_v1_row_events", {8, 3, 0}},
                                       Removed{"group_replication_ip_whitelist", {8, 3, 0}},
                                       Removed{"default_authentication_plugin", {8, 4, 0}},
                                       Removed{"old", {8, 4, 0}},
                                       Removed{"new", {8, 4, 0}},
                                       Removed{"profiling", {8, 4, 0}},
                                       Removed{"profiling_history_size", {8, 4, 0}},
                                       Removed{"avoid_temporal_upgrade", {8, 4, 0}},
                                       Removed{"show_old_temporals", {8, 4, 0}},
                                       Removed{"binlog_transaction_dependency_tracking", {8, 4, 0}},
                                       Removed{"group_replication_recovery_complete_at", {8, 4, 0}},
                                       Removed{"mysql_native_password_proxy_users", {9, 0, 0}}};

std::vector<Finding> judge_removed(const Check& check, const SqlTable& rows,
                                   const Context& context) {
  std::vector<Finding> found;
  for (const auto& row : rows) {
    if (row.size() < 3) continue;
    const auto* gone = std::ranges::find(removed_variables, row[0], &Removed::name);
    const bool here = gone != removed_variables.end() && is_before(context.from, gone->in) &&
                      !is_before(context.to, gone->in);
    if (!here) continue;
    Check one = check;
    // What mysqld-auto.cnf has and the server does not know, it only reports.
    if (row[1] == "PERSISTED") {
      one.severity = WARNING;
      one.fix = "RESET PERSIST {0}";
    }
    found.push_back(finding(one, row, context));
  }
  return found;
}

std::vector<Check> accounts() {
  const auto accounts_of = [](const char* plugin) {
    return std::string("SELECT user, host, plugin FROM mysql.user WHERE plugin = '") + plugin +
           "' ORDER BY 1, 2";
  };
  const char* fix = "ALTER USER {s0}@{s1} IDENTIFIED WITH caching_sha2_password BY 'PASSWORD'";
  Check factors = of_database(
      "auth-method", BLOCKING, r9,
      "SELECT user, host, 'mysql_native_password' FROM mysql.user WHERE plugin <> "
      "'mysql_native_password' AND User_attributes LIKE '%\"plugin\": \"mysql_native_password\"%'",
      "a further factor of account {s0}@{s1} uses {2}, which MySQL {to} does not have",
      "ALTER USER {s0}@{s1} MODIFY the factor");
  factors.since = {8, 0, 27};
  return {of_database("auth-method", BLOCKING, r9, accounts_of("mysql_native_password"),
                      "account {s0}@{s1} uses {2}, which MySQL {to} does not have: nobody could "
                      "log in with it",
                      fix),
          of_database("auth-method", WARNING, r8_4, accounts_of("mysql_native_password"),
                      "account {s0}@{s1} uses {2}, which is off by default from MySQL 8.4 on", fix),
          of_database("auth-method", BLOCKING, r8_4, accounts_of("authentication_fido"),
                      "account {s0}@{s1} uses {2}, which MySQL {to} does not have",
                      "ALTER USER {s0}@{s1} IDENTIFIED WITH authentication_webauthn"),
          of_database("auth-method", WARNING, {}, accounts_of("sha256_password"),
                      "account {s0}@{s1} uses {2}, which is deprecated", fix),
          factors};
}

std::vector<Check> settings() {
  Check removed = of_server(
      "removed-variables", BLOCKING, {},
      "SELECT VARIABLE_NAME, VARIABLE_SOURCE, VARIABLE_PATH FROM "
      "performance_schema.variables_info WHERE VARIABLE_SOURCE NOT IN ('COMPILED', 'DYNAMIC')",
      "option {0} is set ({1} {2}), and MySQL {to} does not have it: the server would not start",
      "remove {0} from the configuration (spec.configSecret, spec.podTemplate.spec.args)");
  removed.since = r8;
  removed.judge = judge_removed;
  // What SET PERSIST said since the start is DYNAMIC until the next one, SET PERSIST_ONLY nothing.
  Check persisted = removed;
  persisted.sql =
      "SELECT VARIABLE_NAME, 'PERSISTED', 'mysqld-auto.cnf' FROM "
      "performance_schema.persisted_variables WHERE VARIABLE_NAME NOT IN (SELECT VARIABLE_NAME "
      "FROM performance_schema.variables_info WHERE VARIABLE_SOURCE = 'PERSISTED')";
  Check defaults = of_server(
      "new-defaults", INFO, r8_4,
      "SELECT VARIABLE_NAME FROM performance_schema.variables_info WHERE VARIABLE_SOURCE = "
      "'COMPILED' AND VARIABLE_NAME IN ('innodb_adaptive_hash_index', 'innodb_change_buffering', "
      "'innodb_io_capacity', 'innodb_flush_method', 'innodb_numa_interleave', "
      "'group_replication_consistency', 'group_replication_exit_state_action') ORDER BY 1",
      "{0} is not set, and its default is another one from MySQL 8.4 on",
      "set {0} in the configuration if the former value is to stay");
  defaults.since = r8;
  Check login = of_server("default-auth", WARNING, r8_4,
                          "SELECT @@GLOBAL.default_authentication_plugin FROM DUAL WHERE "
                          "@@GLOBAL.default_authentication_plugin <> 'caching_sha2_password'",
                          "new accounts get the plugin {0}, a setting that MySQL {to} does not "
                          "have",
                          "set authentication_policy instead of default_authentication_plugin");
  login.before = r8_4;
  Check policy = of_server("default-auth", WARNING, r9,
                           "SELECT @@GLOBAL.authentication_policy FROM DUAL WHERE "
                           "@@GLOBAL.authentication_policy LIKE '%mysql_native_password%'",
                           "authentication_policy is {0}, and MySQL {to} has no "
                           "mysql_native_password",
                           "SET PERSIST authentication_policy = '*,,'");
  policy.since = {8, 0, 27};
  return {removed,
          persisted,
          defaults,
          login,
          policy,
          of_server("tls-versions", WARNING, {8, 0, 28},
                    "SELECT @@GLOBAL.tls_version FROM DUAL WHERE CONCAT(',', @@GLOBAL.tls_version, "
                    "',') REGEXP ',TLSv1([.]1)?,'",
                    "tls_version is {0}: TLS 1.0 and 1.1 are gone from 8.0.28 on",
                    "SET PERSIST tls_version = 'TLSv1.2,TLSv1.3', and update old clients")};
}

std::vector<Check> plugins_and_privileges() {
  return {of_server("plugins", BLOCKING, r8_4,
                    "SELECT PLUGIN_NAME, PLUGIN_LIBRARY FROM information_schema.PLUGINS WHERE "
                    "PLUGIN_STATUS = 'ACTIVE' AND PLUGIN_NAME IN ('keyring_file', "
                    "'keyring_encrypted_file', 'keyring_oci', 'authentication_fido')",
                    "plugin {0} ({1}) is active, and MySQL {to} does not have it",
                    "move to the component of the same purpose (component_keyring_file, "
                    "authentication_webauthn), then UNINSTALL PLUGIN {0}"),
          of_server("plugins", WARNING, r8_4,
                    "SELECT PLUGIN_NAME, PLUGIN_LIBRARY FROM information_schema.PLUGINS WHERE "
                    "PLUGIN_NAME IN ('rpl_semi_sync_master', 'rpl_semi_sync_slave')",
                    "plugin {0} has its old name, and old and new cannot both be loaded",
                    "UNINSTALL PLUGIN {0}, install semisync_source.so or semisync_replica.so"),
          of_database("privileges", WARNING, r8_4,
                      "SELECT DISTINCT GRANTEE, PRIVILEGE_TYPE FROM "
                      "information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'SET_USER_ID'",
                      "{0} has {1}, which is gone from MySQL 8.4 on",
                      "GRANT SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER ON *.* TO {0}")};
}

// A foreign key must name exactly the columns of a unique key, in its order: under UNIQUE (a, b)
// one that references (a) is the common case.
std::string loose_foreign_keys() {
  return "SELECT f.CONSTRAINT_SCHEMA, f.TABLE_NAME, f.CONSTRAINT_NAME, f.REFERENCED_TABLE_SCHEMA, "
         "f.REFERENCED_TABLE_NAME, f.columns_of FROM (SELECT CONSTRAINT_SCHEMA, CONSTRAINT_NAME, "
         "TABLE_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, "
         "GROUP_CONCAT(LOWER(REFERENCED_COLUMN_NAME) ORDER BY ORDINAL_POSITION) AS columns_of FROM "
         "information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_NAME IS NOT NULL GROUP BY "
         "CONSTRAINT_SCHEMA, CONSTRAINT_NAME, TABLE_NAME, REFERENCED_TABLE_SCHEMA, "
         "REFERENCED_TABLE_NAME) f LEFT JOIN (SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, "
         "GROUP_CONCAT(LOWER(COLUMN_NAME) ORDER BY SEQ_IN_INDEX) AS columns_of FROM "
         "information_schema.STATISTICS WHERE NON_UNIQUE = 0 GROUP BY TABLE_SCHEMA, TABLE_NAME, "
         "INDEX_NAME HAVING COUNT(SUB_PART) = 0) u ON u.TABLE_SCHEMA = f.REFERENCED_TABLE_SCHEMA "
         "AND u.TABLE_NAME = f.REFERENCED_TABLE_NAME AND u.columns_of = f.columns_of WHERE "
         "u.INDEX_NAME IS NULL ORDER BY 1, 2, 3";
}

std::vector<Check> to_8_4() {
  return {of_database("foreign-keys", WARNING, r8_4, loose_foreign_keys(),
                      "foreign key {i0}.{i1}.{i2} references {i3}.{i4} ({5}), which is no whole "
                      "unique key: from MySQL 8.4 on such a key cannot be created any more, so a "
                      "dump of it cannot be loaded",
                      "give {i3}.{i4} a UNIQUE KEY over exactly ({5}), or drop the foreign key"),
          of_database("column-definition", BLOCKING, r8_4,
                      "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE FROM "
                      "information_schema.COLUMNS WHERE EXTRA LIKE '%auto_increment%' AND "
                      "DATA_TYPE IN ('float', 'double') ORDER BY 1, 2, 3",
                      "column {i0}.{i1}.{i2} is {3} AUTO_INCREMENT, which MySQL 8.4 has no more",
                      "ALTER TABLE {i0}.{i1} MODIFY {i2} BIGINT AUTO_INCREMENT"),
          of_database(
              "partition-prefix-keys", BLOCKING, r8_4,
              "SELECT DISTINCT p.TABLE_SCHEMA, p.TABLE_NAME FROM "
              "information_schema.PARTITIONS p JOIN information_schema.STATISTICS s ON "
              "s.TABLE_SCHEMA = p.TABLE_SCHEMA AND s.TABLE_NAME = p.TABLE_NAME WHERE "
              "p.PARTITION_METHOD LIKE '%KEY%' AND s.SUB_PART IS NOT NULL AND "
              "s.NON_UNIQUE = 0 AND (p.PARTITION_EXPRESSION IS NULL OR p.PARTITION_EXPRESSION LIKE "
              "CONCAT('%`', s.COLUMN_NAME, '`%')) ORDER BY 1, 2",
              "table {i0}.{i1} is partitioned by KEY over the prefix of a column",
              "ALTER TABLE {i0}.{i1} PARTITION BY KEY over whole columns")};
}

std::vector<Check> structures_to_8_0() {
  return {
      of_database("mysql-schema", BLOCKING, r8,
                  "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'mysql' "
                  "AND TABLE_NAME IN ('catalogs', 'character_sets', 'collations', 'columns', "
                  "'dd_properties', 'events', 'foreign_keys', 'indexes', 'index_partitions', "
                  "'parameters', 'routines', 'schemata', 'tables', 'tablespaces', 'triggers', "
                  "'view_table_usage')",
                  "table mysql.{i0} has the name of a dictionary table of MySQL 8.0",
                  "RENAME TABLE mysql.{i0} TO a schema of your own"),
      of_database("partition-engine", BLOCKING, r8,
                  "SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE "
                  "CREATE_OPTIONS LIKE '%partitioned%' AND ENGINE NOT IN ('InnoDB', 'ndbcluster')",
                  "table {i0}.{i1} is partitioned in engine {2}, which MySQL 8.0 has no more",
                  "ALTER TABLE {i0}.{i1} ENGINE = InnoDB"),
      of_database("old-names", BLOCKING, r8,
                  "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE "
                  "'#mysql50#%'",
                  "schema {i0} has a name of before 5.1",
                  "ALTER DATABASE {i0} UPGRADE DATA DIRECTORY NAME"),
      of_database("constraint-names", BLOCKING, r8,
                  "SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME FROM "
                  "information_schema.REFERENTIAL_CONSTRAINTS WHERE "
                  "CHAR_LENGTH(CONSTRAINT_NAME) > 64",
                  "foreign key {i2} of {i0}.{i1} has a name of more than 64 characters",
                  "ALTER TABLE {i0}.{i1} DROP FOREIGN KEY {i2}, and add it under a shorter name")};
}

std::vector<Check> definitions_to_8_0() {
  Check functions = of_database(
      "generated-columns", WARNING, {8, 0, 28},
      std::string() +
          "SELECT c.TABLE_SCHEMA, c.TABLE_NAME, c.COLUMN_NAME FROM information_schema.COLUMNS c "
          "WHERE "
          "LOWER(c.GENERATION_EXPRESSION) REGEXP '(cast|convert)[(]' AND c.TABLE_SCHEMA " +
          not_system + " ORDER BY 1, 2, 3",
      "generated column {i0}.{i1}.{i2} uses CAST or CONVERT, which give another result from 8.0.28 "
      "on",
      "ALTER TABLE {i0}.{i1} FORCE after the upgrade, if the column is stored or indexed");
  return {
      of_database("orphaned-routines", BLOCKING, r8,
                  "SELECT r.ROUTINE_SCHEMA, r.ROUTINE_NAME FROM information_schema.ROUTINES r LEFT "
                  "JOIN information_schema.SCHEMATA s ON s.SCHEMA_NAME = r.ROUTINE_SCHEMA WHERE "
                  "s.SCHEMA_NAME IS NULL",
                  "routine {i0}.{i1} is in a schema that is not there",
                  "CREATE DATABASE {i0}, then drop the routine"),
      of_database("sql-modes", WARNING, r8,
                  "SELECT ROUTINE_SCHEMA, ROUTINE_NAME, SQL_MODE FROM information_schema.ROUTINES "
                  "WHERE CONCAT(',', SQL_MODE, ',') REGEXP "
                  "',(NO_AUTO_CREATE_USER|DB2|MAXDB|MSSQL|MYSQL323|MYSQL40|ORACLE|POSTGRESQL|"
                  "NO_FIELD_OPTIONS|NO_KEY_OPTIONS|NO_TABLE_OPTIONS),'",
                  "routine {i0}.{i1} has SQL modes that MySQL 8.0 has no more: {2}",
                  "create it again under a session with another sql_mode"),
      of_database(
          "zero-dates", WARNING, r8,
          "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS "
          "WHERE DATA_TYPE IN ('date', 'datetime', 'timestamp') AND COLUMN_DEFAULT LIKE "
          "'0000-00-00%' ORDER BY 1, 2, 3",
          "column {i0}.{i1}.{i2} has a zero date as its default, which the default sql_mode "
          "of MySQL 8.0 refuses",
          "ALTER TABLE {i0}.{i1} ALTER {i2} SET DEFAULT a real date, or DROP DEFAULT"),
      of_database("utf8mb3", INFO, r8,
                  std::string() +
                      "SELECT TABLE_SCHEMA, COUNT(*) FROM information_schema.COLUMNS WHERE "
                      "CHARACTER_SET_NAME IN ('utf8', 'utf8mb3') AND TABLE_SCHEMA " +
                      not_system + " GROUP BY TABLE_SCHEMA ORDER BY 1",
                  "{1} columns of schema {i0} are utf8mb3, which is deprecated",
                  "ALTER TABLE ... CONVERT TO CHARACTER SET utf8mb4"),
      of_database("dollar-names", WARNING, {8, 0, 32},
                  "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_NAME "
                  "LIKE '$%' AND TABLE_NAME NOT LIKE '$%$' ORDER BY 1, 2",
                  "the name of table {i0}.{i1} begins with $, which is deprecated unquoted",
                  "quote it everywhere, or RENAME TABLE {i0}.{i1}"),
      functions};
}

std::vector<Check> copies() {
  Check lock{"backup-running",
             BLOCKING,
             Servers::mysql,
             Scope::server,
             {},
             "SELECT t.PROCESSLIST_ID, t.PROCESSLIST_USER FROM performance_schema.metadata_locks l "
             "JOIN performance_schema.threads t ON t.THREAD_ID = l.OWNER_THREAD_ID WHERE "
             "l.OBJECT_TYPE = 'BACKUP LOCK' AND l.LOCK_DURATION = 'EXPLICIT' AND "
             "t.PROCESSLIST_ID <> CONNECTION_ID()",
             "session {0} of {1} holds the backup lock (LOCK INSTANCE FOR BACKUP)",
             "let the backup end, or KILL {0}",
             true,
             r8};
  Check replica{"replica",
                WARNING,
                Servers::mysql,
                Scope::server,
                {},
                "SELECT CHANNEL_NAME FROM performance_schema.replication_connection_status WHERE "
                "SERVICE_STATE <> 'OFF' AND CHANNEL_NAME NOT LIKE 'group_replication%'",
                "the server replicates from elsewhere (channel {s0}): a replica may be newer than "
                "its source by one series only",
                "compare the versions of source and target",
                false,
                {5, 7, 0}};
  return {lock, replica};
}

}  // namespace

std::vector<Check> mysql_checks() {
  std::vector<Check> all;
  for (auto* part : {accounts, settings, plugins_and_privileges, to_8_4, structures_to_8_0,
                     definitions_to_8_0, copies}) {
    for (Check& check : part()) all.push_back(std::move(check));
  }
  return all;
}

}  // namespace ratchet::mysql
