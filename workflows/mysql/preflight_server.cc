// The checks that are about a running server of either lineage, mostly about the moment.
#include <charconv>
#include <string>

#include "workflows/mysql/preflight.h"

namespace ratchet::mysql {

namespace {

// Statements that change definitions, in the list of sessions; comments before them do not hide
// them. Short ones are over before the server is stopped.
constexpr const char* ddl_in =
    " WHERE COMMAND = 'Query' AND ID <> CONNECTION_ID() AND TIME >= 3 AND UPPER(INFO) REGEXP "
    "'^([[:space:]]|/[*].*[*]/)*(ALTER|CREATE|DROP|OPTIMIZE|TRUNCATE|RENAME|REPAIR)[[:space:]]' "
    "ORDER BY TIME DESC LIMIT 50";
constexpr const char* dump_in =
    " WHERE ID <> CONNECTION_ID() AND INFO REGEXP "
    "'^[[:space:]]*(SELECT /[*]!40001 SQL_NO_CACHE [*]/|BACKUP |LOCK INSTANCE|CLONE )' "
    "ORDER BY TIME DESC LIMIT 50";
constexpr const char* session = "SELECT ID, USER, TIME, LEFT(INFO, 80) FROM ";
constexpr Release processlist_moved{8, 0, 22};

std::vector<Check> of_sessions(const char* id, const char* condition, const char* what,
                               const char* fix) {
  const std::string old_place = std::string(session) + "information_schema.PROCESSLIST" + condition;
  const std::string place = std::string(session) + "performance_schema.processlist" + condition;
  return {
      {id, BLOCKING, Servers::mariadb, Scope::server, {}, old_place, what, fix, true},
      {id,
       BLOCKING,
       Servers::mysql,
       Scope::server,
       {},
       old_place,
       what,
       fix,
       true,
       {},
       processlist_moved},
      {id, BLOCKING, Servers::mysql, Scope::server, {}, place, what, fix, true, processlist_moved},
  };
}

// A number as a server writes it, in whatever locale; 0 if the row lacks it.
long long number_at(const std::vector<std::string>& row, std::size_t column) {
  long long number = 0;
  if (column >= row.size()) return number;
  const std::string& text = row[column];
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The variables of one row: what they must not be. A value that the row lacks is no finding.
std::vector<Finding> judge_shutdown(const Check& check, const SqlTable& rows,
                                    const Context& context) {
  if (rows.empty()) return {};
  const auto value = [&](std::size_t column) { return number_at(rows[0], column); };
  std::vector<Finding> found;
  const auto add = [&](Severity severity, const char* what, const char* fix) {
    Check one = check;
    one.severity = severity;
    one.what = what;
    one.fix = fix;
    found.push_back(finding(one, rows[0], context));
  };
  if (value(1) != 0) {
    add(BLOCKING, "the server runs with innodb_force_recovery = {1}: its files may be damaged",
        "repair the data, restart the server without innodb_force_recovery");
  }
  if (value(2) != 0) {
    add(BLOCKING, "innodb_read_only is on: another version cannot convert the files",
        "restart the server without innodb_read_only");
  }
  if (value(0) >= 2) {
    add(INFO,
        "innodb_fast_shutdown is {0}: a shutdown would look like a crash; the upgrade sets "
        "it to a clean one before it stops the server",
        "");
  }
  return found;
}

std::vector<Finding> judge_history(const Check& check, const SqlTable& rows,
                                   const Context& context) {
  constexpr long long much = 1'000'000;
  if (rows.empty() || number_at(rows[0], 0) < much) return {};
  return {finding(check, rows[0], context)};
}

// Not to the digit: one routine more is no other plan.
std::vector<Finding> judge_routines(const Check& check, const SqlTable& rows,
                                    const Context& context) {
  constexpr long long many = 100'000;
  if (rows.empty() || compare(context.from, context.to) == 0) return {};
  const long long hundreds_of_thousands = number_at(rows[0], 0) / many * many;
  if (hundreds_of_thousands == 0) return {};
  return {finding(check, {std::to_string(hundreds_of_thousands)}, context)};
}

// MySQL's servers look at every definition when they first start on files of another release; with
// millions of routines such a server ran out of memory (MySQL's bug 118101).
Check routines_to_go_through() {
  return {"routines",
          INFO,
          Servers::mysql,
          Scope::database,
          {},
          "SELECT COUNT(*) FROM information_schema.ROUTINES",
          "there are {0} routines or more: MySQL {to} goes through all of them before it answers "
          "for the first time, which takes time and memory",
          "give the database more memory first (a request of type VerticalScaling) and this "
          "request a longer spec.timeout, or drop routines that nobody calls",
          false,
          {},
          {},
          judge_routines};
}

Check sessions_in_the_way() {
  return {"long-transaction",
          WARNING,
          Servers::all,
          Scope::server,
          {},
          "SELECT trx_mysql_thread_id, TIMESTAMPDIFF(SECOND, trx_started, NOW()), "
          "trx_rows_modified FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id <> 0 AND "
          "trx_started < NOW() - INTERVAL 60 SECOND ORDER BY trx_started LIMIT 50",
          "session {0} has had a transaction open for {1} s, with {2} rows changed: stopping the "
          "server rolls it back, and the shutdown takes longer",
          "let it end, or KILL {0}",
          true};
}

}  // namespace

std::vector<Check> server_checks() {
  std::vector<Check> checks{
      {"xa-prepared",
       BLOCKING,
       Servers::all,
       Scope::server,
       {},
       "XA RECOVER",
       "a prepared XA transaction (format {0}, {3}) is open: another version may not be able to "
       "finish it",
       "XA COMMIT or XA ROLLBACK it; XA RECOVER CONVERT XID shows its id",
       true},
      {"clean-shutdown",
       BLOCKING,
       Servers::all,
       Scope::server,
       {},
       "SELECT @@GLOBAL.innodb_fast_shutdown, @@GLOBAL.innodb_force_recovery, "
       "@@GLOBAL.innodb_read_only",
       "",
       "",
       false,
       {},
       {},
       judge_shutdown},
      {"history",
       WARNING,
       Servers::all,
       Scope::server,
       {},
       "SELECT COUNT FROM information_schema.INNODB_METRICS WHERE NAME = 'trx_rseg_history_len'",
       "{0} undo records wait to be purged, so a slow shutdown takes longer",
       "end long transactions and wait until trx_rseg_history_len is small",
       true,
       {},
       {},
       judge_history},
      {"engines",
       WARNING,
       Servers::all,
       Scope::database,
       {},
       "SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE TABLE_TYPE = "
       "'BASE TABLE' AND ENGINE NOT IN ('InnoDB', 'ROCKSDB', 'MEMORY', 'PERFORMANCE_SCHEMA') AND "
       "TABLE_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema') "
       "ORDER BY 1, 2",
       "table {i0}.{i1} is of engine {2}, which survives no crash and no undoing",
       "ALTER TABLE {i0}.{i1} ENGINE = InnoDB"},
      sessions_in_the_way(),
      routines_to_go_through()};
  for (const auto& found :
       {of_sessions("ddl-in-flight", ddl_in,
                    "session {0} of {1} has been changing definitions for {2} s: {3}",
                    "let it end, or KILL QUERY {0}"),
        of_sessions("backup-running", dump_in,
                    "session {0} of {1} makes a backup or a copy ({2} s): {3}",
                    "let it end, or KILL {0}")}) {
    checks.insert(checks.end(), found.begin(), found.end());
  }
  return checks;
}

}  // namespace ratchet::mysql
