// The session against the real servers of the images.
#include <map>
#include <memory>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/adapters/sql.h"
#include "k8s/provisioner/room_sql.h"
#include "tests/k8s/adapters/run_sql.h"
#include "tests/k8s/adapters/server.h"

namespace ratchet::k8s {
namespace {

namespace asio = boost::asio;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Row = std::vector<std::optional<std::string>>;

// One server per image for all tests of it: a start takes seconds.
class SqlServer : public ::testing::TestWithParam<const char*> {
 protected:
  static testing::Server& server() {
    static std::map<std::string, std::unique_ptr<testing::Server>> servers;
    auto& server = servers[GetParam()];
    if (!server) server = std::make_unique<testing::Server>(GetParam());
    return *server;
  }
  static sql::Target target() {
    return {.host = "127.0.0.1",
            .port = server().port(),
            .user = "root",
            .password = testing::Server::password};
  }
};

asio::awaitable<void> connect_and_leave(sql::Target target) {
  co_await sql::Session::connect(std::move(target));
}

asio::awaitable<void> ask_for_a_long_sleep(sql::Target target) {
  auto session = co_await sql::Session::connect(std::move(target));
  co_await session->query("SELECT SLEEP(30)");
}

TEST_P(SqlServer, IsGoneWithItsObject) {
  std::uint16_t port = 0;
  {
    const testing::Server server(GetParam());
    port = server.port();
    ASSERT_TRUE(testing::answers(port));
  }
  EXPECT_FALSE(testing::answers(port));
}

TEST_P(SqlServer, GivesRowsAsTextAndTheVersionOfTheImage) {
  testing::run([]() -> asio::awaitable<void> {
    auto session = co_await sql::Session::connect(target());
    const auto version = co_await session->query("SELECT VERSION()");
    EXPECT_THAT(version.at(0).at(0).value(), StartsWith(server().version()));
    co_await session->execute("CREATE DATABASE IF NOT EXISTS t");
    co_await session->execute("CREATE OR REPLACE VIEW t.v AS SELECT 1 AS a, 'x' AS b, NULL AS c");
    const auto rows = co_await session->query("SELECT * FROM t.v UNION ALL SELECT -2, '', '2'");
    EXPECT_THAT(rows, ElementsAre(Row{"1", "x", std::nullopt}, Row{"-2", "", "2"}));
    co_await session->close();
  });
}

TEST_P(SqlServer, CountsTheRowsThatAStatementChanged) {
  testing::run([]() -> asio::awaitable<void> {
    auto session = co_await sql::Session::connect(target());
    co_await session->execute("CREATE DATABASE IF NOT EXISTS t");
    co_await session->execute("DROP TABLE IF EXISTS t.n");
    co_await session->execute("CREATE TABLE t.n (i INT PRIMARY KEY)");
    EXPECT_EQ(co_await session->execute("INSERT INTO t.n VALUES (1), (2), (3)"), 3u);
  });
}

TEST_P(SqlServer, ErrorsCarryTheServersNumberAndText) {
  testing::run([]() -> asio::awaitable<void> {
    auto session = co_await sql::Session::connect(target());
    try {
      co_await session->query("SELECT * FROM mysql.no_such_table");
      ADD_FAILURE() << "no error";
    } catch (const sql::Error& error) {
      EXPECT_EQ(error.number(), 1146);
      EXPECT_THAT(error.what(), HasSubstr("no_such_table"));
    }
    EXPECT_EQ((co_await session->query("SELECT 1")).size(), 1u) << "the session lives on";
  });
}

TEST_P(SqlServer, AWrongPasswordIsTheServersError) {
  sql::Target wrong = target();
  wrong.password = "wrong";
  const auto error = testing::error_of([&] { return connect_and_leave(wrong); });
  EXPECT_EQ(error.number(), 1045);
}

TEST_P(SqlServer, AcceptsThePinnedCertificateAndRefusesAnother) {
  testing::run([]() -> asio::awaitable<void> {
    sql::Target pinned = target();
    const std::string seen = (co_await sql::Session::connect(pinned))->certificate();
    EXPECT_EQ(seen.size(), 64u);
    pinned.certificate = seen;
    EXPECT_EQ((co_await sql::Session::connect(pinned))->certificate(), seen);
  });
  sql::Target other = target();
  other.certificate = std::string(64, '0');
  const auto error = testing::error_of([&] { return connect_and_leave(other); });
  EXPECT_EQ(error.number(), 0);
  EXPECT_THAT(error.what(), HasSubstr("another TLS certificate"));
}

TEST_P(SqlServer, AStatementEndsWithItsDeadline) {
  sql::Target hasty = target();
  hasty.deadline = std::chrono::milliseconds(1500);
  const auto error = testing::error_of([&] { return ask_for_a_long_sleep(hasty); });
  EXPECT_EQ(error.number(), 0);
  EXPECT_THAT(error.what(), HasSubstr("no answer within 1500 ms"));
}

// The words get into the error log by an event that fails with them.
TEST_P(SqlServer, SaysThatItsDiskIsFullForAsLongAsThatIsNewsOrSomebodyWaits) {
  testing::run([]() -> asio::awaitable<void> {
    auto session = co_await sql::Session::connect(target());
    const std::string version = (co_await session->query("SELECT VERSION()")).at(0).at(0).value();
    EXPECT_EQ(co_await provisioner::ask_room(*session, version), "");
    if (version.find("MariaDB") != std::string::npos) co_return;
    EXPECT_TRUE((co_await session->query(provisioner::room_question)).empty());

    co_await session->execute("CREATE DATABASE IF NOT EXISTS t");
    co_await session->execute(
        "CREATE EVENT t.full_disk ON SCHEDULE AT CURRENT_TIMESTAMP DO "
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'No space left on device'");
    std::string said;
    for (int i = 0; i < 100 && said.empty(); ++i) {
      co_await session->query("SELECT SLEEP(0.1)");
      said = co_await provisioner::ask_room(*session, version);
    }
    EXPECT_THAT(said, HasSubstr("No space left on device"));
    co_await session->execute("SET timestamp = UNIX_TIMESTAMP() + 31");
    EXPECT_EQ(co_await provisioner::ask_room(*session, version), "") << "nobody waits";
  });
}

INSTANTIATE_TEST_SUITE_P(Images, SqlServer,
                         ::testing::Values("mariadb-bookworm", "mariadb-trixie", "mysql-sid"),
                         [](const auto& info) {
                           std::string name = info.param;
                           name[name.find('-')] = '_';
                           return name;
                         });

}  // namespace
}  // namespace ratchet::k8s
