#include "tests/k8s/transcript/story.h"

#include <algorithm>

#include "k8s/adapters/group_look.h"
#include "k8s/adapters/servers.h"
#include "k8s/provisioner/group_objects.h"
#include "k8s/provisioner/group_sql.h"
#include "k8s/provisioner/group_statements.h"
#include "tests/k8s/adapters/run_sql.h"
#include "workflows/mysql/preflight.h"

namespace ratchet::k8s::testing {

namespace asio = boost::asio;
using provisioner::Action;

namespace {

// What the ops manager asks beyond what has a name in a header; version_pairs_test.cc sees to it
// that nothing is missing here.
constexpr const char* position = "SELECT @@server_uuid, @@GLOBAL.gtid_executed";
constexpr const char* flat_position = "SELECT REPLACE(@@GLOBAL.gtid_executed, '\\n', '')";
constexpr const char* who_is_in =
    "SELECT MEMBER_ID, MEMBER_STATE, MEMBER_ROLE FROM "
    "performance_schema.replication_group_members ORDER BY MEMBER_ID";
constexpr const char* write_of_no_row = "DELETE FROM mysql.help_topic WHERE 1 = 0";
constexpr const char* is_closed = "SELECT @@GLOBAL.super_read_only";
constexpr const char* closes = "SET GLOBAL super_read_only = ON";

constexpr const char* counts_tables =
    "SELECT COUNT(*), @@GLOBAL.innodb_page_size FROM information_schema.TABLES WHERE "
    "TABLE_TYPE = 'BASE TABLE'";
constexpr const char* sizes_files =
    "SELECT COALESCE(SUM(FILE_SIZE), 0), COALESCE(SUM(IF(NAME = 'mysql', FILE_SIZE, 0)), 0) "
    "FROM information_schema.INNODB_TABLESPACES";
constexpr const char* counts_history =
    "SELECT COUNT FROM information_schema.INNODB_METRICS WHERE NAME = 'trx_rseg_history_len'";
constexpr const char* names_tables =
    "SELECT table_schema, table_name, engine FROM information_schema.tables WHERE table_type = "
    "'BASE TABLE' AND table_schema NOT IN ('information_schema', 'performance_schema') "
    "LIMIT 1000";

Statements measures() {
  return {"SET SESSION TRANSACTION READ ONLY",
          "SET SESSION group_concat_max_len = 1048576",
          "SELECT VERSION(), @@GLOBAL.version_comment",
          counts_tables,
          sizes_files,
          "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'",
          counts_history,
          names_tables};
}

// One of each kind of refusal that a release has for what it does not know.
Statements strange_words(const std::string& id) {
  return {"RESET MASTER",
          "SHOW MASTER STATUS",
          "SHOW SLAVE STATUS",
          "START SLAVE",
          "CHANGE MASTER TO MASTER_HOST = 'nobody'",
          "SELECT * FROM performance_schema.setup_timers",
          "SELECT FILE_SIZE FROM information_schema.INNODB_SYS_TABLESPACES",
          "SELECT Password FROM mysql.user",
          "SELECT @@GLOBAL.default_authentication_plugin",
          "GRANT NO_SUCH_PRIVILEGE ON *.* TO 'root'@'%'",
          "SELECT group_replication_set_as_primary('" + id + "', 5, 5)"};
}

// What only members of 8.0.22 to 8.0.26 are told, and newer ones understand.
std::string grant_of_old() {
  return "GRANT REPLICATION SLAVE, CONNECTION_ADMIN, BACKUP_ADMIN ON *.* TO " +
         provisioner::quoted(provisioner::replication_user) + "@'%'";
}

class TellerOfAGroup : Teller {
 public:
  explicit TellerOfAGroup(const Stage& stage) : Teller(stage) {
    names_.emplace_back(story_group, "<group>");
  }

  Transcript run() {
    form();
    look_as_ops_manager();
    refuse_what_is_strange();
    move_primary();
    step_down();
    come_back();
    return std::move(transcript_);
  }

 private:
  void tell(std::size_t server, Action::Kind kind) {
    Action action{kind, "my-group-" + std::to_string(server)};
    action.fresh = kind == Action::Kind::configure;
    provisioner::Member member;
    member.pod = action.pod;
    member.server_id = static_cast<unsigned>(server) + 1;
    member.seen.emplace();
    member.seen->version = "9.7.4";
    say(server, provisioner::statements(action, member, story_account(), "donor"), Depth::rows);
  }

  // As the provisioner looks. What a receiver has on disk, the last column, is the moment's.
  void look(std::size_t server) {
    const provisioner::Asker asker = [this, server](std::string statement) {
      return answer(server, std::move(statement));
    };
    testing::run([&asker] { return ask(asker); });
  }
  static asio::awaitable<void> ask(const provisioner::Asker& asker) {
    provisioner::Seen seen = co_await provisioner::ask_group_member(asker);
    co_await provisioner::ask_account(asker, seen);
  }
  asio::awaitable<sql::Rows> answer(std::size_t server, std::string statement) {
    Reply reply = stage_.say(server, {statement}).at(0);
    if (reply.error != 0) throw sql::Error(reply.error, reply.words);
    Reply shown = reply;
    if (statement.find("group_replication_applier") != std::string::npos) {
      for (auto& row : shown.rows) row.back() = "~";
    }
    write_down(server, statement, Depth::rows, shown);
    co_return std::move(reply.rows);
  }

  std::string first_cell(std::size_t server, const char* question) {
    const Reply reply = stage_.say(server, {question}).at(0);
    const bool any = reply.error == 0 && !reply.rows.empty() && !reply.rows[0].empty();
    return any ? reply.rows[0][0].value_or("") : "";
  }

  void await(std::size_t server, const char* question, const std::string& wanted) {
    wait_until([&] { return first_cell(server, question) == wanted; },
               [&] {
                 return "server " + std::to_string(server) + " does not answer " + wanted + " to " +
                        question + ", but " + first_cell(server, question);
               });
  }
  bool sees_online(std::size_t server, std::size_t count) {
    const Reply reply = stage_.say(server, {who_is_in}).at(0);
    if (reply.error != 0 || reply.rows.size() != count) return false;
    return std::ranges::all_of(reply.rows, [](const auto& row) { return row.at(1) == "ONLINE"; });
  }
  // Every one of them, as each of them sees it, and the primary open.
  void await_online(const std::vector<std::size_t>& servers, std::size_t primary) {
    for (const std::size_t server : servers) {
      wait_until([&] { return sees_online(server, servers.size()); },
                 [&] {
                   return "server " + std::to_string(server) + " does not see " +
                          std::to_string(servers.size()) + " members ONLINE";
                 });
    }
    await(primary, who_is_primary, stage_.ids.at(primary));
    await(primary, is_closed, "0");
  }

  void form() {
    for (std::size_t i = 0; i < story_members; ++i) tell(i, Action::Kind::configure);
    for (std::size_t i = 0; i < story_members; ++i) say(i, is_closed);
    look(1);
    tell(0, Action::Kind::bootstrap);
    await(0, who_is_primary, stage_.ids.at(0));
    await(0, is_closed, "0");
    say(0, "CREATE DATABASE story");
    say(0, "CREATE TABLE story.t (i INT PRIMARY KEY)");
    say(0, "INSERT INTO story.t VALUES (1)");
    for (std::size_t i = 1; i < story_members; ++i) tell(i, Action::Kind::join);
    await_online({0, 1, 2}, 0);
    for (std::size_t i = 0; i < story_members; ++i) look(i);
    for (std::size_t i = 0; i < story_members; ++i) say(i, is_closed);
  }

  void look_as_ops_manager() {
    say(1, state_questions(), Depth::shape);
    for (const char* question : {position, who_is_in, who_is_primary, flat_position}) {
      say(1, question);
    }
    say(0, Statements{await_transactions(std::string(story_group) + ":1")}, Depth::rows);
    const std::string errant = "bbbbbbbb-0000-4000-8000-000000000000:1-3";
    say(0, Statements{await_transactions(errant)}, Depth::rows);
    say(1, measures(), Depth::shape);
    say(1,
        {"SET GLOBAL innodb_fast_shutdown = 0", "SET GLOBAL innodb_max_dirty_pages_pct = 0",
         "SET GLOBAL innodb_fast_shutdown = 1", "SET GLOBAL innodb_max_dirty_pages_pct = 90",
         "SET GLOBAL innodb_max_dirty_pages_pct_lwm = 10"},
        Depth::rows);
    for (const mysql::Check& check : mysql::all_checks()) {
      if (check.servers != mysql::Servers::mariadb) say(1, Statements{check.sql}, Depth::shape);
    }
  }

  void refuse_what_is_strange() {
    for (const std::string& statement : strange_words(stage_.ids.at(1))) {
      say(0, Statements{statement}, Depth::shape);
    }
    say(0, Statements{grant_of_old()}, Depth::rows);
    say(1, "INSERT INTO story.t VALUES (2)");
  }

  // Within one release, by order.
  void move_primary() {
    say(1, write_of_no_row);
    say(1, Statements{"SELECT group_replication_set_as_primary('" + stage_.ids.at(1) + "', 5)"},
        Depth::shape);
    await_online({0, 1, 2}, 1);
    say(0, who_is_primary);
    say(0, write_of_no_row);
    say(1, write_of_no_row);
  }

  // By an election, as it is between releases.
  void step_down() {
    say(2, "SET GLOBAL group_replication_member_weight = 100");
    say(1, closes);
    say(1, write_of_no_row);
    say(1, "STOP GROUP_REPLICATION");
    await_online({0, 2}, 2);
    say(0, who_is_in);
    say(1, who_is_in);
    say(1, is_closed);
    say(2, write_of_no_row);
  }

  void come_back() {
    tell(1, Action::Kind::rejoin);
    await_online({0, 1, 2}, 2);
    for (std::size_t i = 0; i < story_members; ++i) look(i);
    tell(2, Action::Kind::open);
    tell(0, Action::Kind::open);
    for (std::size_t i = 0; i < story_members; ++i) say(i, is_closed);
    tell(0, Action::Kind::leave);
    say(0, who_is_in);
  }
};

}  // namespace

Transcript tell_story(const Stage& stage) { return TellerOfAGroup(stage).run(); }

}  // namespace ratchet::k8s::testing
