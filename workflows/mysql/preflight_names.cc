// Names that become keywords of MySQL on the way: unquoted uses of them in applications, views and
// routines stop working.
#include <array>

#include "workflows/mysql/preflight.h"

namespace ratchet::mysql {

namespace {

struct Keywords {
  Release in;
  const char* list;  // quoted, for IN
};
// The reserved words of each release, as information_schema.KEYWORDS has them.
constexpr std::array keywords{
    Keywords{{8, 0, 11},
             "'CUBE', 'CUME_DIST', 'DENSE_RANK', 'EMPTY', 'EXCEPT', 'FIRST_VALUE', 'FUNCTION', "
             "'GROUPING', 'GROUPS', 'JSON_TABLE', 'LAG', 'LAST_VALUE', 'LEAD', 'NTH_VALUE', "
             "'NTILE', 'OF', 'OVER', 'PERCENT_RANK', 'RANK', 'RECURSIVE', 'ROW', 'ROWS', "
             "'ROW_NUMBER', 'SYSTEM', 'WINDOW'"},
    Keywords{{8, 0, 14}, "'LATERAL'"}, Keywords{{8, 0, 31}, "'INTERSECT'"},
    Keywords{{8, 4, 0}, "'MANUAL', 'PARALLEL', 'QUALIFY', 'TABLESAMPLE'"},
    Keywords{{9, 2, 0}, "'LIBRARY'"}};

std::string uses_of(const std::string& list) {
  const std::string is = ") IN (" + list + ")";
  const std::string mine = " NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')";
  return "SELECT 'schema', SCHEMA_NAME, SCHEMA_NAME FROM information_schema.SCHEMATA WHERE "
         "UPPER(SCHEMA_NAME" +
         is +
         " UNION SELECT 'table', TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE "
         "UPPER(TABLE_NAME" +
         is + " AND TABLE_SCHEMA" + mine +
         " UNION SELECT CONCAT('column of ', TABLE_NAME), TABLE_SCHEMA, COLUMN_NAME FROM "
         "information_schema.COLUMNS WHERE UPPER(COLUMN_NAME" +
         is + " AND TABLE_SCHEMA" + mine +
         " UNION SELECT 'routine', ROUTINE_SCHEMA, ROUTINE_NAME FROM information_schema.ROUTINES "
         "WHERE UPPER(ROUTINE_NAME" +
         is + " AND ROUTINE_SCHEMA" + mine + " ORDER BY 2, 3, 1";
}

}  // namespace

std::vector<Check> mysql_names() {
  std::vector<Check> checks;
  checks.reserve(keywords.size());
  for (const Keywords& words : keywords) {
    checks.push_back(
        {"reserved-words", WARNING, Servers::mysql, Scope::database, words.in, uses_of(words.list),
         "{2} ({0} in schema {i1}) is a reserved word from " + std::to_string(words.in.major) +
             "." + std::to_string(words.in.minor) + "." + std::to_string(words.in.patch) + " on",
         "quote it ({i2}) wherever it is used, or rename it"});
  }
  return checks;
}

}  // namespace ratchet::mysql
