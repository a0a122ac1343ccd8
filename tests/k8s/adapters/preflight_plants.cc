#include "tests/k8s/adapters/preflight_plants.h"

namespace ratchet::k8s::testing {

Statements in_plant(Statements then) {
  then.insert(then.begin(), {"DROP DATABASE IF EXISTS plant", "CREATE DATABASE plant", "USE plant",
                             "SET SESSION sql_mode = ''"});
  return then;
}

namespace {

const Statements drop{"DROP DATABASE IF EXISTS plant"};

std::vector<Plant> accounts_of_mysql() {
  const auto plugin = [](const char* name) {
    return Statements{
        "CREATE USER 'ann'@'%' IDENTIFIED BY 'Xx1!longenough'",
        std::string("UPDATE mysql.user SET plugin = '") + name + "' WHERE user = 'ann'"};
  };
  const Statements no_ann{"DELETE FROM mysql.user WHERE user = 'ann'", "FLUSH PRIVILEGES"};
  return {
      {"Native", "mysql-sid", "8.4.8", "9.7.4", "auth-method", plugin("mysql_native_password"),
       no_ann, "BLOCKING: account 'ann'@'%' uses mysql_native_password, which MySQL 9.7.4"},
      {"NativeOff", "mysql-sid", "8.0.36", "8.4.8", "auth-method", plugin("mysql_native_password"),
       no_ann, "WARNING: account 'ann'@'%' uses mysql_native_password, which is off by default"},
      {"Fido", "mysql-sid", "8.0.36", "8.4.8", "auth-method", plugin("authentication_fido"), no_ann,
       "BLOCKING: account 'ann'@'%' uses authentication_fido"},
      {"Sha256", "mysql-sid", "9.7.4", "9.7.4", "auth-method", plugin("sha256_password"), no_ann,
       "WARNING: account 'ann'@'%' uses sha256_password"},
      {"SecondFactor",
       "mysql-sid",
       "8.4.8",
       "9.7.4",
       "auth-method",
       {"CREATE USER 'ann'@'%' IDENTIFIED BY 'Xx1!longenough'",
        "UPDATE mysql.user SET User_attributes = '{\"multi_factor_authentication\": "
        "[{\"plugin\": \"mysql_native_password\"}]}' WHERE user = 'ann'"},
       no_ann,
       "BLOCKING: a further factor of account 'ann'@'%'"}};
}

std::vector<Plant> plants_of_mysql() {
  return {
      {"LooseForeignKey", "mysql-sid", "8.0.36", "8.4.8", "foreign-keys",
       in_plant({"SET SESSION restrict_fk_on_non_standard_key = OFF",
                 "CREATE TABLE p (a INT, b INT, UNIQUE KEY (a, b))",
                 "CREATE TABLE c (a INT, CONSTRAINT loose FOREIGN KEY (a) REFERENCES p (a))"}),
       drop, "WARNING: foreign key `plant`.`c`.`loose` references `plant`.`p` (a)"},
      {"OtherOrderOfColumns", "mysql-sid", "8.0.36", "8.4.8", "foreign-keys",
       in_plant({"SET SESSION restrict_fk_on_non_standard_key = OFF",
                 "CREATE TABLE p (a INT, b INT, UNIQUE KEY (a, b), KEY (b, a))",
                 "CREATE TABLE c (a INT, b INT, CONSTRAINT turned FOREIGN KEY (b, a) REFERENCES p "
                 "(b, a))"}),
       drop, "WARNING: foreign key `plant`.`c`.`turned` references `plant`.`p` (b,a)"},
      {"NewKeyword", "mysql-sid", "8.0.36", "8.4.8", "reserved-words",
       in_plant({"CREATE TABLE t (`manual` INT)"}), drop,
       "WARNING: manual (column of t in schema `plant`) is a reserved word from 8.4.0 on"},
      {"NewKeywordOf92", "mysql-sid", "9.0.1", "9.7.4", "reserved-words",
       in_plant({"CREATE TABLE `library` (i INT)"}), drop, "WARNING: library (table in schema"},
      {"DefaultThatChanges",
       "mysql-sid",
       "8.0.36",
       "8.4.8",
       "new-defaults",
       {},
       {"SET GLOBAL innodb_adaptive_hash_index = OFF"},
       "INFO: innodb_adaptive_hash_index is not set"},
      {"ZeroDate", "mysql-sid", "5.7.44", "8.0.36", "zero-dates",
       in_plant({"CREATE TABLE t (d DATE DEFAULT '0000-00-00')"}), drop,
       "WARNING: column `plant`.`t`.`d` has a zero date"},
      {"Utf8mb3", "mysql-sid", "5.7.44", "8.0.36", "utf8mb3",
       in_plant({"CREATE TABLE t (c CHAR(3) CHARACTER SET utf8mb3)"}), drop,
       "INFO: 1 columns of schema `plant` are utf8mb3"},
      {"DollarName", "mysql-sid", "8.0.20", "8.0.36", "dollar-names",
       in_plant({"CREATE TABLE `$t` (i INT)"}), drop, "WARNING: the name of table `plant`.`$t`"},
      {"GeneratedColumn", "mysql-sid", "8.0.20", "8.0.36", "generated-columns",
       in_plant({"CREATE TABLE t (a CHAR(9), b INT AS (CAST(a AS SIGNED)))"}), drop,
       "WARNING: generated column `plant`.`t`.`b`"},
      {"BackupLock",
       "mysql-sid",
       "9.7.4",
       "9.7.4",
       "backup-running",
       {"LOCK INSTANCE FOR BACKUP"},
       {"SELECT 1"},
       "of root holds the backup lock"},
      {"LeftEmptyByClone", "mysql-sid", "9.7.4", "9.7.4", "seeding",
       in_plant({"CREATE TABLE t (i INT) ENGINE = MyISAM"}), drop,
       "BLOCKING: table `plant`.`t` is of engine MyISAM: the volumes of the new StatefulSet"},
      {"LeftBehindByClone",
       "mysql-sid",
       "9.7.4",
       "9.7.4",
       "persisted",
       {"SET PERSIST_ONLY max_connections = 99"},
       {"RESET PERSIST max_connections"},
       "WARNING: max_connections is persisted on this server"},
      {"SourceElsewhere",
       "mysql-sid",
       "9.7.4",
       "9.7.4",
       "replica",
       {"CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = 1, SOURCE_USER = "
        "'x' FOR CHANNEL 'far'",
        "START REPLICA FOR CHANNEL 'far'", "DO SLEEP(1)"},
       {"STOP REPLICA FOR CHANNEL 'far'", "RESET REPLICA ALL FOR CHANNEL 'far'"},
       "WARNING: the server replicates from elsewhere (channel 'far')"},
  };
}

// Rules of MySQL that only MariaDB's server still lets anybody break: the SQL is the same.
std::vector<Plant> plants_of_former_mysql() {
  return {
      {"FloatAutoIncrement", "mariadb-trixie", "8.0.36", "8.4.8", "column-definition",
       in_plant({"CREATE TABLE t (f FLOAT AUTO_INCREMENT PRIMARY KEY)"}), drop,
       "BLOCKING: column `plant`.`t`.`f` is float AUTO_INCREMENT"},
      {"DictionaryName",
       "mariadb-trixie",
       "5.7.44",
       "8.0.36",
       "mysql-schema",
       {"CREATE TABLE mysql.tablespaces (i INT)"},
       {"DROP TABLE mysql.tablespaces"},
       "BLOCKING: table mysql.`tablespaces`"},
      {"PartitionedMyIsam", "mariadb-trixie", "5.7.44", "8.0.36", "partition-engine",
       in_plant({"CREATE TABLE t (i INT) ENGINE = MyISAM PARTITION BY HASH (i) PARTITIONS 2"}),
       drop, "BLOCKING: table `plant`.`t` is partitioned in engine MyISAM"},
      {"DefaultOfAText", "mariadb-trixie", "5.7.44", "8.0.36", "column-defaults",
       in_plant({"CREATE TABLE t (c TEXT DEFAULT 'x')"}), drop,
       "BLOCKING: column `plant`.`t`.`c` is text and has a default"},
      {"RemovedFunction", "mariadb-trixie", "5.7.44", "8.0.36", "removed-functions",
       in_plant({"CREATE PROCEDURE r() SELECT encode('a', 'b')"}), drop,
       "WARNING: routine `plant`.`r` seems to call"},
      {"SlashesInDates", "mariadb-trixie", "8.0.28", "8.0.36", "temporal-delimiters",
       in_plant({"CREATE TABLE t (c CHAR(10)) PARTITION BY RANGE COLUMNS (c) "
                 "(PARTITION p VALUES LESS THAN ('2020/01/01'))"}),
       drop, "WARNING: partition `p` of `plant`.`t` has the bounds '2020/01/01'"},
      {"OldSqlMode", "mariadb-trixie", "5.7.44", "8.0.36", "sql-modes",
       in_plant({"SET SESSION sql_mode = 'NO_AUTO_CREATE_USER'", "CREATE PROCEDURE r() SELECT 1"}),
       drop, "WARNING: routine `plant`.`r` has SQL modes"},
  };
}

std::vector<Plant> plants_of_both(const char* image, const char* version) {
  const bool mariadb = std::string(image).starts_with("mariadb");
  return {
      {"PreparedTransaction",
       image,
       version,
       version,
       "xa-prepared",
       in_plant({"CREATE TABLE t (i INT)", "XA START 'left'", "INSERT INTO t VALUES (1)",
                 "XA END 'left'", "XA PREPARE 'left'"}),
       {"XA ROLLBACK 'left'", "DROP DATABASE plant"},
       "BLOCKING: a prepared XA transaction"},
      {"FastShutdown",
       image,
       version,
       version,
       "clean-shutdown",
       {"SET GLOBAL innodb_fast_shutdown = 2"},
       {"SET GLOBAL innodb_fast_shutdown = 1"},
       "INFO: innodb_fast_shutdown is 2"},
      {"MyIsam", image, version, version, "engines",
       in_plant({"CREATE TABLE t (i INT) ENGINE = MyISAM"}), drop,
       "WARNING: table `plant`.`t` is of engine MyISAM"},
      {"LongTransaction",
       image,
       version,
       version,
       "long-transaction",
       in_plant({"CREATE TABLE t (i INT)", "BEGIN", "INSERT INTO t VALUES (1)", "DO SLEEP(0.5)"}),
       {"DO SLEEP(0.5)", "DROP DATABASE plant"},
       "s, with 1 rows changed",
       {"SET SESSION timestamp = UNIX_TIMESTAMP() + 61"}},
      mariadb ? Plant{"PluginByHand",
                      image,
                      version,
                      version,
                      "plugins",
                      {"INSERT INTO mysql.plugin VALUES ('by_hand', 'by_hand.so')"},
                      {"DELETE FROM mysql.plugin WHERE name = 'by_hand'"},
                      "WARNING: plugin by_hand (by_hand.so) was installed by hand"}
              : Plant{"KeyOverWholeColumns", image, "8.0.36", "8.4.8", "foreign-keys",
                      in_plant({"SET SESSION restrict_fk_on_non_standard_key = OFF",
                                "CREATE TABLE p (a INT, b INT, UNIQUE KEY (a, b))",
                                "CREATE TABLE c (a INT, b INT, FOREIGN KEY (a, b) REFERENCES p (a, "
                                "b))",
                                "CREATE TABLE d (a INT, CONSTRAINT one FOREIGN KEY (a) REFERENCES "
                                "p (a))"}),
                      drop, "WARNING: foreign key `plant`.`d`.`one`"},
  };
}

std::vector<Plant> plants_of_mariadb() {
  return {
      {"Rownum", "mariadb-trixie", "10.5.1-MariaDB", "11.8.6-MariaDB", "reserved-words",
       in_plant({"CREATE TABLE t (`rownum` INT)"}), drop, "WARNING: column `plant`.`t`.`rownum`"},
      {"Collation",
       "mariadb-bookworm",
       "10.11.6-MariaDB",
       "11.8.6-MariaDB",
       "new-defaults",
       {},
       {"SET GLOBAL character_set_server = 'utf8mb4'",
        "SET GLOBAL collation_server = 'utf8mb4_unicode_ci'"},
       "INFO: the server's character set is latin1"},
      {"Source",
       "mariadb-trixie",
       "11.8.6-MariaDB",
       "11.8.6-MariaDB",
       "replica",
       {"SET GLOBAL server_id = 7",
        "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1, MASTER_USER = 'x'",
        "START SLAVE", "DO SLEEP(1)"},
       {"STOP SLAVE", "RESET SLAVE ALL"},
       "WARNING: the server replicates from elsewhere"}};
}

}  // namespace

std::vector<Plant> all_plants() {
  std::vector<Plant> all;
  for (const auto& some :
       {accounts_of_mysql(), plants_of_mysql(), plants_of_former_mysql(),
        plants_of_both("mysql-sid", "9.7.4"), plants_of_both("mariadb-trixie", "11.8.6-MariaDB"),
        plants_of_mariadb()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace ratchet::k8s::testing
