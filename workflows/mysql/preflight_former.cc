// The checks of what MySQL 8.0 and its first releases no longer take, and MySQL 5.7 (or a release
// of 8.0 before) let anybody make.
#include <string>

#include "workflows/mysql/preflight.h"

namespace ratchet::mysql {

namespace {

constexpr Release former_to_8{8, 0, 0};

constexpr const char* of_users =
    " NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')";

Check former_rule(const char* id, Severity severity, Release crosses, std::string sql,
                  const char* what, const char* fix) {
  return {id, severity, Servers::mysql, Scope::database, crosses, std::move(sql), what, fix};
}

std::vector<Check> former_columns() {
  return {
      former_rule("column-defaults", BLOCKING, former_to_8,
                  std::string() +
                      "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM "
                      "information_schema.COLUMNS WHERE COLUMN_DEFAULT IS NOT NULL AND "
                      "COLUMN_DEFAULT <> '' AND DATA_TYPE IN ('tinyblob', 'blob', 'mediumblob', "
                      "'longblob', 'tinytext', 'text', 'mediumtext', 'longtext', 'json', "
                      "'geometry', 'point', 'linestring', 'polygon', 'multipoint', "
                      "'multilinestring', 'multipolygon', 'geometrycollection') AND TABLE_SCHEMA" +
                      of_users + " ORDER BY 1, 2, 3",
                  "column {i0}.{i1}.{i2} is {3} and has a default, which MySQL 8.0 refuses",
                  "ALTER TABLE {i0}.{i1} ALTER {i2} DROP DEFAULT"),
      // Counted in the text of the type: 256 characters without a quote between them.
      former_rule("enum-length", BLOCKING, former_to_8,
                  std::string() +
                      "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM "
                      "information_schema.COLUMNS WHERE DATA_TYPE IN ('enum', 'set') AND "
                      "COLUMN_TYPE REGEXP '[^'']{255}[^'']' AND TABLE_SCHEMA" +
                      of_users + " ORDER BY 1, 2, 3",
                  "column {i0}.{i1}.{i2} is {3} with an element of more than 255 characters",
                  "ALTER TABLE {i0}.{i1} MODIFY {i2} with shorter elements"),
      former_rule(
          "index-length", BLOCKING, former_to_8,
          std::string() +
              "SELECT s.TABLE_SCHEMA, s.TABLE_NAME, s.INDEX_NAME, s.COLUMN_NAME, "
              "t.ROW_FORMAT FROM information_schema.STATISTICS s JOIN "
              "information_schema.TABLES t ON t.TABLE_SCHEMA = s.TABLE_SCHEMA AND "
              "t.TABLE_NAME = s.TABLE_NAME JOIN information_schema.COLUMNS c ON "
              "c.TABLE_SCHEMA = s.TABLE_SCHEMA AND c.TABLE_NAME = s.TABLE_NAME AND "
              "c.COLUMN_NAME = s.COLUMN_NAME WHERE t.ENGINE = 'InnoDB' AND t.ROW_FORMAT IN "
              "('Redundant', 'Compact') AND COALESCE(s.SUB_PART * c.CHARACTER_OCTET_LENGTH "
              "/ c.CHARACTER_MAXIMUM_LENGTH, c.CHARACTER_OCTET_LENGTH) > 767 AND "
              "s.TABLE_SCHEMA" +
              of_users + " ORDER BY 1, 2, 3",
          "index {i2} of {i0}.{i1} takes more than 767 bytes of {i3}, and the row format is "
          "{4}: MySQL 8.0 does not open it",
          "ALTER TABLE {i0}.{i1} ROW_FORMAT = DYNAMIC")};
}

std::vector<Check> former_definitions() {
  return {
      former_rule(
          "foreign-key-engine", BLOCKING, former_to_8,
          "SELECT k.CONSTRAINT_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, t.ENGINE FROM "
          "information_schema.REFERENTIAL_CONSTRAINTS k JOIN information_schema.TABLES t ON "
          "t.TABLE_SCHEMA = k.CONSTRAINT_SCHEMA AND t.TABLE_NAME = k.TABLE_NAME WHERE "
          "t.ENGINE NOT IN ('InnoDB', 'ndbcluster') ORDER BY 1, 2, 3",
          "table {i0}.{i1} of engine {3} has the foreign key {i2}, which only InnoDB keeps",
          "ALTER TABLE {i0}.{i1} ENGINE = InnoDB, or DROP FOREIGN KEY {i2}"),
      former_rule("removed-functions", WARNING, former_to_8,
                  std::string() +
                      "SELECT ROUTINE_SCHEMA, ROUTINE_NAME FROM information_schema.ROUTINES WHERE "
                      "UPPER(ROUTINE_DEFINITION) REGEXP '(^|[^A-Z_])(ENCRYPT|DES_ENCRYPT|"
                      "DES_DECRYPT|ENCODE|DECODE|PASSWORD)[[:space:]]*[(]' AND ROUTINE_SCHEMA" +
                      of_users + " ORDER BY 1, 2",
                  "routine {i0}.{i1} seems to call a function that MySQL 8.0 has no more (ENCRYPT, "
                  "DES_ENCRYPT, DES_DECRYPT, ENCODE, DECODE, PASSWORD)",
                  "use AES_ENCRYPT, AES_DECRYPT or SHA2 in {i0}.{i1}"),
      former_rule(
          "temporal-delimiters", WARNING, {8, 0, 29},
          "SELECT TABLE_SCHEMA, TABLE_NAME, PARTITION_NAME, PARTITION_DESCRIPTION FROM "
          "information_schema.PARTITIONS WHERE PARTITION_METHOD IN ('RANGE COLUMNS', 'LIST "
          "COLUMNS') AND PARTITION_DESCRIPTION REGEXP '''[0-9]{4}[^-0-9''][0-9]' ORDER BY "
          "1, 2, 3",
          "partition {i2} of {i0}.{i1} has the bounds {3}: other delimiters of dates than - "
          "and : are deprecated from 8.0.29 on",
          "ALTER TABLE {i0}.{i1} REORGANIZE PARTITION {i2} with dates as 'YYYY-MM-DD'")};
}

// The tables that tell have other names from 8.0 on.
std::vector<Check> former_files() {
  std::vector<Check> checks;
  for (const bool old : {true, false}) {
    const std::string view = std::string("information_schema.INNODB_") + (old ? "SYS_" : "");
    checks.push_back(former_rule(
        "shared-partitions", BLOCKING, {8, 0, 13},
        "SELECT NAME, SPACE_TYPE FROM " + view +
            "TABLES WHERE NAME LIKE '%#p#%' AND SPACE_TYPE <> 'Single' ORDER BY 1",
        "partition {0} is in a shared tablespace ({1})",
        "ALTER TABLE its table REORGANIZE PARTITION into TABLESPACE innodb_file_per_table"));
    checks.push_back(
        former_rule("circular-paths", BLOCKING, {8, 0, 17},
                    "SELECT PATH FROM " + view + "DATAFILES WHERE PATH LIKE '%/../%' ORDER BY 1",
                    "the path of tablespace file {0} goes through ..",
                    "move the file, and name it by a path without .."));
    for (std::size_t last = checks.size() - 2; last < checks.size(); ++last) {
      (old ? checks[last].before : checks[last].since) = former_to_8;
    }
  }
  return checks;
}

// Only before 8.0 may lower_case_table_names be changed on files that are there. Names from before
// it became 1 have no more been found since, and the first start of 8.0 on them ends (MY-013520,
// 013521). TABLE_TYPE and the like are not asked: for those 5.7 would open the table, by its name
// in lower case.
std::vector<Check> former_names() {
  const auto in_capitals = [](const std::string& column) {
    return " WHERE @@GLOBAL.lower_case_table_names = 1 AND CAST(" + column +
           " AS BINARY) <> CAST(LOWER(" + column + ") AS BINARY) AND ";
  };
  return {
      former_rule("upper-case-names", BLOCKING, former_to_8,
                  "SELECT TABLE_SCHEMA, TABLE_NAME, LOWER(TABLE_NAME) FROM "
                  "information_schema.TABLES" +
                      in_capitals("TABLE_NAME") + "TABLE_SCHEMA" + of_users + " ORDER BY 1, 2",
                  "table {i0}.{i1} has upper case letters, and lower_case_table_names is 1: MySQL "
                  "8.0 does not start with it",
                  "set lower_case_table_names = 0 (spec.configSecret), restart the server, RENAME "
                  "TABLE {i0}.{i1} TO {i0}.{i2}, set it back and restart again"),
      former_rule("upper-case-names", BLOCKING, former_to_8,
                  "SELECT SCHEMA_NAME, LOWER(SCHEMA_NAME) FROM information_schema.SCHEMATA" +
                      in_capitals("SCHEMA_NAME") + "SCHEMA_NAME" + of_users + " ORDER BY 1",
                  "schema {i0} has upper case letters, and lower_case_table_names is 1: MySQL 8.0 "
                  "does not start with it",
                  "set lower_case_table_names = 0 (spec.configSecret), restart the server, CREATE "
                  "DATABASE {i1}, RENAME the tables of {i0} into it, DROP DATABASE {i0}, set it "
                  "back and restart again")};
}

}  // namespace

std::vector<Check> former_checks() {
  std::vector<Check> all;
  for (auto* part : {former_columns, former_definitions, former_files, former_names}) {
    for (Check& check : part()) all.push_back(std::move(check));
  }
  return all;
}

}  // namespace ratchet::mysql
