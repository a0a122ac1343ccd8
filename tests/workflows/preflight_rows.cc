#include "tests/workflows/preflight_rows.h"

#include <utility>

namespace ratchet::mysql::testing {

namespace {

std::vector<Recorded> recorded() {
  const SqlTable old_option{{"expire_logs_days", "GLOBAL", "/etc/mysql/my.cnf"}};
  const SqlTable persisted{{"expire_logs_days", "PERSISTED", "mysqld-auto.cnf"}};
  const SqlTable defragment{{"INNODB_DEFRAGMENT", "CONFIG", "/etc/mysql/my.cnf"}};
  const SqlTable keyring{{"keyring_file", "keyring_file.so"}};
  return {
      {"8.0.36", "8.4.8", "removed-variables", old_option,
       "BLOCKING removed-variables: option expire_logs_days is set (GLOBAL /etc/mysql/my.cnf), and "
       "MySQL 8.4.8 does not have it"},
      {"8.0.36", "8.4.8", "removed-variables", persisted, "| RESET PERSIST expire_logs_days"},
      {"8.0.36", "8.1.0", "removed-variables", old_option, ""},
      {"8.2.0", "8.4.8", "removed-variables", old_option, ""},
      {"8.0.36", "8.4.8", "removed-variables", {{"max_connections", "GLOBAL", "my.cnf"}}, ""},
      {"10.11.6-MariaDB", "11.8.6-MariaDB", "removed-variables", defragment,
       "WARNING removed-variables: option INNODB_DEFRAGMENT is set (CONFIG /etc/mysql/my.cnf)"},
      {"11.4.2-MariaDB", "11.8.6-MariaDB", "removed-variables", defragment, ""},
      {"8.0.12",
       "8.0.36",
       "removed-variables",
       {{"log_syslog_tag", "GLOBAL", "my.cnf"}},
       "BLOCKING removed-variables: option log_syslog_tag"},
      {"8.0.36", "8.4.8", "plugins", keyring, "BLOCKING plugins: plugin keyring_file"},
      {"8.4.8", "9.7.4", "plugins", keyring, ""},
      {"8.0.36", "8.4.8", "default-auth", {{"mysql_native_password"}}, "WARNING default-auth"},
      {"8.4.8",
       "9.7.4",
       "default-auth",
       {{"mysql_native_password,,"}},
       "authentication_policy is mysql_native_password,,"},
      {"8.0.20", "8.0.36", "tls-versions", {{"TLSv1.1,TLSv1.2"}}, "WARNING tls-versions"},
      {"8.0.36", "8.4.8", "tls-versions", {{"TLSv1.1"}}, ""},
      {"8.0.36",
       "8.4.8",
       "privileges",
       {{"'ann'@'%'", "SET_USER_ID"}},
       "GRANT SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER ON *.* TO 'ann'@'%'"},
      {"5.7.44",
       "8.0.36",
       "old-names",
       {{"#mysql50#a-b"}},
       "ALTER DATABASE `#mysql50#a-b` UPGRADE DATA DIRECTORY NAME"},
      {"5.7.44", "8.0.36", "constraint-names", {{"s", "t", "long"}}, "BLOCKING constraint-names"},
      {"5.7.44", "8.0.36", "orphaned-routines", {{"s", "r"}}, "routine `s`.`r` is in a schema"},
      {"8.0.36",
       "8.0.37",
       "clean-shutdown",
       {{"1", "4", "0"}},
       "BLOCKING clean-shutdown: the server runs with innodb_force_recovery = 4"},
      {"8.0.36", "8.0.37", "clean-shutdown", {{"1", "0", "1"}}, "innodb_read_only is on"},
      {"8.0.36", "8.0.37", "clean-shutdown", {{"1", "0", "0"}}, ""},
      {"8.0.36", "8.0.37", "history", {{"2000000"}}, "WARNING history: 2000000 undo records"},
      {"8.0.36", "8.0.37", "history", {{"999"}}, ""},
  };
}

// What is told for after the upgrade, or of its length.
std::vector<Recorded> recorded_to_know() {
  return {
      {"8.0.36",
       "8.0.37",
       "routines",
       {{"254321"}},
       "INFO routines: there are 200000 routines or more: MySQL 8.0.37 goes through all of them"},
      {"8.0.36", "8.0.37", "routines", {{"99999"}}, ""},
      {"8.0.36", "8.0.36", "routines", {{"254321"}}, ""},
      {"8.0.22",
       "8.0.36",
       "communication-protocol",
       {{"8.0.16"}},
       "INFO communication-protocol: the group speaks the protocol of MySQL 8.0.16 and goes on"},
      {"8.0.36",
       "8.4.8",
       "communication-protocol",
       {{"5.7.14"}},
       "SELECT group_replication_set_communication_protocol('8.4.8')"},
      {"8.0.22", "8.0.26", "communication-protocol", {{"8.0.16"}}, ""},
      {"8.4.8", "9.7.4", "communication-protocol", {{"8.0.27"}}, ""},
  };
}

// What no server that can be had lets anybody make, or holds: found on the way over the release
// that minds it, and asked on no other way.
std::vector<Recorded> recorded_of_former_releases() {
  return {
      {"5.7.44", "8.0.36", "enum-length", {{"s", "t", "c", "enum"}}, "column `s`.`t`.`c` is enum"},
      {"8.0.36", "8.4.8", "enum-length", {{"s", "t", "c", "enum"}}, ""},
      {"5.7.44",
       "8.0.36",
       "index-length",
       {{"s", "t", "k", "c", "Compact"}},
       "| ALTER TABLE `s`.`t` ROW_FORMAT = DYNAMIC"},
      {"8.0.36", "8.4.8", "index-length", {{"s", "t", "k", "c", "Compact"}}, ""},
      {"5.7.44",
       "8.0.36",
       "foreign-key-engine",
       {{"s", "t", "f", "MyISAM"}},
       "BLOCKING foreign-key-engine: table `s`.`t` of engine MyISAM"},
      {"8.0.36", "8.4.8", "foreign-key-engine", {{"s", "t", "f", "MyISAM"}}, ""},
      {"5.7.44", "8.0.36", "shared-partitions", {{"s/t#P#p0", "System"}}, "partition s/t#P#p0"},
      {"8.0.12", "8.0.36", "shared-partitions", {{"s/t#p#p0", "General"}}, "partition s/t#p#p0"},
      {"8.0.13", "8.0.36", "shared-partitions", {{"s/t#p#p0", "General"}}, ""},
      {"5.7.44", "8.0.36", "circular-paths", {{"/a/../b/t.ibd"}}, "file /a/../b/t.ibd goes"},
      {"8.0.16", "8.0.36", "circular-paths", {{"/a/../b/t.ibd"}}, "file /a/../b/t.ibd goes"},
      {"8.0.17", "8.0.36", "circular-paths", {{"/a/../b/t.ibd"}}, ""},
      {"8.0.36", "8.4.8", "partition-prefix-keys", {{"s", "t"}}, "BLOCKING partition-prefix-keys"},
      {"8.4.8", "9.7.4", "partition-prefix-keys", {{"s", "t"}}, ""},
      {"8.4.8", "8.4.9", "default-auth", {{"mysql_native_password,,"}}, ""},
      {"8.4.8", "9.7.4", "privileges", {{"'ann'@'%'", "SET_USER_ID"}}, ""},
      {"8.0.36", "8.4.8", "old-names", {{"#mysql50#a-b"}}, ""},
      {"8.0.36", "8.4.8", "constraint-names", {{"s", "t", "long"}}, ""},
      {"8.0.36", "8.4.8", "orphaned-routines", {{"s", "r"}}, ""},
      {"5.7.44",
       "8.0.36",
       "reserved-words",
       {{"column of t", "s", "rank"}},
       "rank (column of t in schema `s`) is a reserved word from 8.0.11 on"},
      {"8.4.8", "8.4.9", "reserved-words", {{"column of t", "s", "manual"}}, ""},
      {"5.7.44",
       "8.0.36",
       "upper-case-names",
       {{"s", "Orders", "orders"}},
       "RENAME TABLE `s`.`Orders` TO `s`.`orders`"},
      {"5.7.44",
       "8.0.36",
       "upper-case-names",
       {{"Shop", "shop"}},
       "BLOCKING upper-case-names: schema `Shop` has upper case letters"},
      {"5.7.44", "8.0.36", "upper-case-names", {}, ""},
      {"8.0.36", "8.4.8", "upper-case-names", {{"s", "Orders", "orders"}}, ""},
  };
}

}  // namespace

std::vector<Recorded> recorded_rows() {
  std::vector<Recorded> all = recorded();
  for (auto* more : {recorded_of_former_releases, recorded_to_know}) {
    for (Recorded& one : more()) all.push_back(std::move(one));
  }
  return all;
}

}  // namespace ratchet::mysql::testing
