// Each check of the pre-flight on a real server: it finds what was planted, and finds nothing
// before and after. What no server of the images can hold is in tests/workflows/preflight_test.cc.
#include <map>
#include <memory>

#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/adapters/sql.h"
#include "tests/k8s/adapters/preflight_plants.h"
#include "tests/k8s/adapters/run_sql.h"
#include "tests/k8s/adapters/server.h"
#include "workflows/mysql/preflight.h"

namespace ratchet::k8s {
namespace {

namespace asio = boost::asio;
using testing::all_plants;
using ::testing::HasSubstr;
using testing::in_plant;
using testing::Plant;
using testing::Statements;

testing::Server& server_of(const std::string& image) {
  static std::map<std::string, std::unique_ptr<testing::Server>> servers;
  auto& server = servers[image];
  if (!server) server = std::make_unique<testing::Server>(image);
  return *server;
}

asio::awaitable<std::unique_ptr<sql::Session>> connect(std::string image) {
  co_return co_await sql::Session::connect({.host = "127.0.0.1",
                                            .port = server_of(image).port(),
                                            .user = "root",
                                            .password = testing::Server::password,
                                            .deadline = std::chrono::seconds(60)});
}

mysql::Context way(const std::string& from, const std::string& to) {
  return {*mysql::server_version(from, ""), *mysql::server_version(to, ""), "", false, true};
}

mysql::SqlTable table_of(const sql::Rows& rows) {
  mysql::SqlTable table;
  for (const auto& row : rows) {
    table.emplace_back();
    for (const auto& cell : row) table.back().push_back(cell.value_or(""));
  }
  return table;
}

// All that the checks of this id find, as text; `before` is run first in the session that asks.
asio::awaitable<std::string> found(std::string image, mysql::Context context, std::string id,
                                   Statements before) {
  auto session = co_await connect(std::move(image));
  for (const std::string& statement : before) co_await session->execute(statement);
  co_await session->execute("SET SESSION TRANSACTION READ ONLY");
  std::string text;
  for (const mysql::Check& check : mysql::checks_for(context)) {
    if (check.id != id) continue;
    const auto rows = co_await session->query(check.sql);
    for (const auto& one : mysql::judge(check, table_of(rows), context)) {
      text += mysql::Severity_Name(one.severity()) + ": " + one.what() + " | " + one.fix() + "\n";
    }
  }
  co_return text;
}

class Planted : public ::testing::TestWithParam<Plant> {};

asio::awaitable<void> plant_and_uproot(const Plant& plant) {
  const mysql::Context context = way(plant.from, plant.to);
  const bool is_default = plant.plant.empty();  // there from the start
  const std::string before = co_await found(plant.image, context, plant.check, plant.asking);
  EXPECT_EQ(before.find(plant.finding) != std::string::npos, is_default) << before;
  {
    auto session = co_await connect(plant.image);
    for (const std::string& statement : plant.plant) co_await session->execute(statement);
    const std::string here = co_await found(plant.image, context, plant.check, plant.asking);
    EXPECT_THAT(here, HasSubstr(plant.finding));
    co_await session->close();
  }
  auto session = co_await connect(plant.image);
  for (const std::string& statement : plant.uproot) co_await session->execute(statement);
  const std::string after = co_await found(plant.image, context, plant.check, plant.asking);
  EXPECT_EQ(after.find(plant.finding), std::string::npos) << after;
}

TEST_P(Planted, IsFoundAndOnlyWhileItIsThere) {
  testing::run([] { return plant_and_uproot(GetParam()); });
}

INSTANTIATE_TEST_SUITE_P(Checks, Planted, ::testing::ValuesIn(all_plants()), [](const auto& info) {
  const std::string image = info.param.image;
  return std::string(info.param.name) + "_" + image.substr(0, image.find('-')) + "_" +
         std::to_string(info.index);
});

class Preflight : public ::testing::TestWithParam<const char*> {};

// One session runs a statement that takes its time; `id` must see it, and not see it afterwards.
asio::awaitable<void> run_slowly(std::string image, Statements first, std::string slow,
                                 bool& over) {
  auto session = co_await connect(std::move(image));
  for (const std::string& statement : first) co_await session->execute(statement);
  co_await session->query(slow);
  over = true;
}

asio::awaitable<void> wait(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> until(const bool& over) {
  while (!over) co_await wait(std::chrono::milliseconds(100));
}

asio::awaitable<void> expect_seen(std::string image, std::string id, Statements first,
                                  std::string slow, std::string finding) {
  const mysql::Context context =
      way(server_of(image).version() + (image.starts_with("mariadb") ? "-MariaDB" : ""),
          server_of(image).version() + (image.starts_with("mariadb") ? "-MariaDB" : ""));
  bool over = false;
  asio::co_spawn(co_await asio::this_coro::executor,
                 run_slowly(image, std::move(first), std::move(slow), over), asio::detached);
  co_await wait(std::chrono::milliseconds(4'500));
  EXPECT_FALSE(over);
  const std::string here = co_await found(image, context, id, {});
  EXPECT_THAT(here, HasSubstr(finding)) << id;
  co_await until(over);
  EXPECT_EQ(co_await found(image, context, id, {}), "") << id;
}

TEST_P(Preflight, SeesDefinitionsBeingChanged) {
  testing::run([]() -> asio::awaitable<void> {
    auto holder = co_await connect(GetParam());
    for (const std::string& statement :
         in_plant({"CREATE TABLE t (i INT)", "BEGIN", "SELECT * FROM t"})) {
      co_await holder->query(statement);
    }
    bool over = false;
    asio::co_spawn(
        co_await asio::this_coro::executor,
        run_slowly(GetParam(), {"USE plant"}, "/* by hand */ ALTER TABLE t ADD COLUMN j INT", over),
        asio::detached);
    co_await wait(std::chrono::milliseconds(4'500));
    const std::string version = (co_await holder->query("SELECT VERSION()")).at(0).at(0).value();
    const mysql::Context context = way(version, version);
    EXPECT_THAT(co_await found(GetParam(), context, testing::changing_definitions, {}),
                HasSubstr("ALTER TABLE t ADD COLUMN j INT"));
    co_await holder->execute("ROLLBACK");
    co_await until(over);
    EXPECT_EQ(co_await found(GetParam(), context, testing::changing_definitions, {}), "");
    co_await holder->execute("DROP DATABASE plant");
  });
}

TEST_P(Preflight, SeesADump) {
  testing::run([]() -> asio::awaitable<void> {
    co_await expect_seen(GetParam(), testing::copying, {},
                         "SELECT /*!40001 SQL_NO_CACHE */ SLEEP(6)", "makes a backup or a copy");
  });
}

// All checks that apply to a patch upgrade of this very server are understood by it, in a session
// that may not write.
TEST_P(Preflight, AsksOnlyWhatTheServerUnderstands) {
  testing::run([]() -> asio::awaitable<void> {
    auto session = co_await connect(GetParam());
    co_await session->execute("SET SESSION TRANSACTION READ ONLY");
    const std::string version = (co_await session->query("SELECT VERSION()")).at(0).at(0).value();
    mysql::Context context = way(version, version);
    context.to.major = 99;  // over every release
    std::size_t asked = 0;
    for (const mysql::Check& check : mysql::checks_for(context)) {
      try {
        const auto rows = co_await session->query(check.sql);
        mysql::judge(check, table_of(rows), context);
      } catch (const sql::Error& error) {
        ADD_FAILURE() << check.id << ": " << error.what() << "\n" << check.sql;
      }
      ++asked;
    }
    EXPECT_GE(asked, 8u);
  });
}

// Red if the server says with other words than these which privilege is missing.
TEST(PreflightOfAPoorAccount, NamesThePrivilegeThatIsMissing) {
  testing::run([]() -> asio::awaitable<void> {
    auto root = co_await connect("mysql-sid");
    co_await root->execute("CREATE USER poor@'%' IDENTIFIED BY 'Not-rich-1'");
    auto poor = co_await sql::Session::connect({.host = "127.0.0.1",
                                                .port = server_of("mysql-sid").port(),
                                                .user = "poor",
                                                .password = "Not-rich-1",
                                                .deadline = std::chrono::seconds(60)});
    const auto account = co_await poor->query("SELECT CURRENT_USER()");
    std::string fixes;
    for (const mysql::Check& check : mysql::checks_for(way("8.0.36", "8.4.8"))) {
      try {
        co_await poor->query(check.sql);
      } catch (const sql::Error& error) {
        fixes += mysql::unasked(check, {error.number(), error.what(), *account.at(0).at(0)}).fix() +
                 "\n";
      }
    }
    EXPECT_THAT(fixes, HasSubstr("GRANT XA_RECOVER_ADMIN ON *.* TO 'poor'@'%', or make it by hand: "
                                 "XA RECOVER\n"));
    EXPECT_THAT(fixes, HasSubstr("GRANT PROCESS ON *.* TO 'poor'@'%', or"));
    co_await poor->close();
    co_await root->execute("DROP USER poor@'%'");
  });
}

INSTANTIATE_TEST_SUITE_P(Images, Preflight,
                         ::testing::Values("mariadb-bookworm", "mariadb-trixie", "mysql-sid"),
                         [](const auto& info) {
                           std::string name = info.param;
                           name[name.find('-')] = '_';
                           return name;
                         });

}  // namespace
}  // namespace ratchet::k8s
