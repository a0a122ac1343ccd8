// What a server is given back that was prepared for its end and goes on.
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/runtime/handlers.h"
#include "k8s/adapters/adapters.h"
#include "k8s/adapters/objects.h"
#include "tests/k8s/operator/ops_world.h"
#include "workflows/mysql/ports.h"

namespace ratchet::k8s::testing {
namespace {

namespace asio = boost::asio;

// Two steps on the server of an OpsWorld, without an engine.
struct PreparedServer : ::testing::Test {
  PreparedServer() {
    environment.executor = io.get_executor();
    environment.client = &client;
    environment.sql = [this](const mysql::Server&, const Json&, std::vector<std::string> words) {
      return answers(std::move(words));
    };
    add_server_handlers(handlers, environment);
    server.mutable_database()->set_space("demo");
    server.mutable_database()->set_name("my-standalone");
    server.set_pod("my-standalone-0");
    server.set_pod_uid(ops.pod_uid());
  }

  asio::awaitable<std::vector<SqlRows>> answers(std::vector<std::string> words) {
    std::vector<SqlRows> rows;
    for (const std::string& statement : words) {
      told.push_back(statement);
      rows.emplace_back();
      if (statement == "SELECT VERSION()") rows.back() = SqlRows{{"9.7.4"}};
      const bool asks = statement.starts_with("SELECT @@GLOBAL.innodb_fast_shutdown");
      if (asks) rows.back() = SqlRows{{"1", "90", "0", "10"}};
    }
    co_return rows;
  }

  engine::Bytes perform(const char* activity, const engine::Bytes& input) {
    engine::Bytes answer;
    const auto* entry = handlers.find(activity);
    entry->perform({}, input, [&](engine::Bytes result, const engine::Failure* failure, bool) {
      EXPECT_EQ(failure, nullptr) << (failure != nullptr ? failure->message : "");
      answer = std::move(result);
    });
    io.restart();
    io.run();
    return answer;
  }

  OpsWorld ops;
  asio::io_context io;
  embedded::InProcessClient client{ops.world.server, "ops-manager"};
  Environment environment;
  engine::Handlers handlers;
  mysql::Server server;
  std::vector<std::string> told;
};

// To have no dirty pages a server lowers the mark at which it begins to write them too, and leaves
// it there. Red if the server of an upgrade that was undone keeps that.
TEST_F(PreparedServer, HasItsFormerMarksOfDirtyPagesAgain) {
  mysql::RestoreSettings in;
  *in.mutable_server() = server;
  in.mutable_former()->ParseFromString(perform("inspect_server", server.SerializeAsString()));
  told.clear();
  perform("restore_settings", in.SerializeAsString());
  EXPECT_THAT(told, ::testing::ElementsAre("SET GLOBAL innodb_fast_shutdown = 1",
                                           "SET GLOBAL innodb_max_dirty_pages_pct = 90",
                                           "SET GLOBAL innodb_max_dirty_pages_pct_lwm = 10"));
}

// One that was looked at by an earlier build, which did not ask.
TEST_F(PreparedServer, IsToldNothingOfAMarkThatNobodyHasRead) {
  mysql::RestoreSettings in;
  *in.mutable_server() = server;
  in.mutable_former()->set_fast_shutdown(1);
  in.mutable_former()->set_max_dirty_pages_pct("90");
  perform("restore_settings", in.SerializeAsString());
  EXPECT_EQ(told.size(), 2U);
}

// Red if a run waits for a server that does not answer any more, since it ends.
TEST_F(PreparedServer, IsToldNothingOnceItEnds) {
  ops.world.patch(kinds::pod, server.pod(),
                  {{"metadata", {{"finalizers", Json::array({shutdown_finalizer})}}}});
  ops.world.remove(kinds::pod, server.pod());
  mysql::RestoreSettings in;
  *in.mutable_server() = server;
  in.mutable_former()->set_max_dirty_pages_pct("90");
  perform("restore_settings", in.SerializeAsString());
  EXPECT_TRUE(told.empty());
}

}  // namespace
}  // namespace ratchet::k8s::testing
