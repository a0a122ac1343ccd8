// What is proved: a dry run on the embedded API server comes to the same plan, to the byte, and to
// the same refusals as the request would; and it writes nothing, whatever handlers try.
#include "k8s/operator/dry_run.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <exception>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/inspect/history.h"
#include "k8s/adapters/sql.h"
#include "k8s/operator/read_only_client.h"
#include "tests/k8s/operator/cluster_world.h"
#include "tests/k8s/operator/ops_world.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/manifests.h"
#include "workflows/mysql/plan.h"

namespace ratchet::k8s::testing {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

// The result of the last of these steps; nothing if none was completed.
template <class Out>
std::optional<Out> last_result(const DryRun& tried, const std::string& activity) {
  std::optional<Out> found;
  std::map<engine::CommandId, std::string> steps;
  const auto run = engine::find_run(*tried.log, tried.run_id);
  for (const engine::HistoryTurn& record : engine::read_history(*tried.log, run->run)) {
    for (const engine::Event& event : record.turn.events) {
      if (const auto* step = std::get_if<engine::StepScheduled>(&event)) {
        steps[step->command] = step->activity;
      }
      const auto* done = std::get_if<engine::StepCompleted>(&event);
      if (done == nullptr || steps[done->command] != activity) continue;
      found.emplace().ParseFromString(done->result);
    }
  }
  return found;
}

class DryRuns : public ::testing::Test {
 protected:
  DryRun tried(const OpsRequest& request, const Sql& sql, std::chrono::milliseconds within = 20s) {
    asio::io_context io;
    embedded::InProcessClient client(ops.world.server, "dry-run");
    const std::uint64_t before = ops.world.server.store().version();
    DryRun found = dry_run(io, client, sql, request, within);
    EXPECT_EQ(ops.world.server.store().version(), before) << "something was written";
    return found;
  }
  DryRun tried(const std::string& target, const std::string& window = "") {
    return tried(request_for("demo", "my-standalone", target, window), servers());
  }
  Sql servers() { return sql_to(standalone_database().answers, ops.planted); }

  OpsWorld ops;
};

std::string hash_of(const DryRun& tried) {
  const auto plan = last_result<mysql::Plan>(tried, "make_plan");
  return plan ? mysql::plan_hash(*plan) : "no plan";
}

TEST_F(DryRuns, ComeToThePlanThatTheRequestThenAsksAbout) {
  const DryRun found = tried("11.8.6");
  EXPECT_EQ(found.failure, std::nullopt);
  EXPECT_EQ(found.stopped_before, "start_image_check");
  EXPECT_EQ(found.waits, "");
  ops.request("my-upgrade", "11.8.6", "", "ratchet.dev/approval: required");
  ops.run_until([&] { return ops.phase_of("my-upgrade") == "WaitingForApproval"; });
  EXPECT_THAT(ops.message_of("my-upgrade", "WaitingForApproval"), HasSubstr(hash_of(found)));
}

TEST_F(DryRuns, KeepWhatIsPartOfNoPlanToo) {
  ops.planted["trx_started < NOW() - INTERVAL 60 SECOND"] = {{"7", "90", "3"}};
  const DryRun found = tried("11.8.6");
  const auto sight = last_result<mysql::Sight>(found, "look_at_database");
  ASSERT_TRUE(sight);
  EXPECT_EQ(sight->members(0).server_version(), "10.11.18-MariaDB") << "of the live server";
  const auto long_one = std::ranges::find(sight->findings(), std::string("long-transaction"),
                                          [](const mysql::Finding& one) { return one.check(); });
  ASSERT_NE(long_one, sight->findings().end());
  EXPECT_TRUE(long_one->passing());
}

// Red if a check that the server refuses is in the look only, and in no plan.
TEST_F(DryRuns, PlanWithTheChecksThatTheServerRefused) {
  const Answers honest = standalone_database().answers;
  const Answers denying = [&](const std::string& pod, const std::string& statement) {
    if (statement.find("INNODB_METRICS") != std::string::npos) {
      throw sql::Error(1227,
                       "Access denied; you need (at least one of) the PROCESS privilege(s) for "
                       "this operation");
    }
    return statement == "SELECT CURRENT_USER()" ? SqlRows{{"root@%"}} : honest(pod, statement);
  };
  const auto request = request_for("demo", "my-standalone", "11.8.6", "");
  const auto plan =
      last_result<mysql::Plan>(tried(request, sql_to(denying, ops.planted)), "make_plan");
  ASSERT_TRUE(plan);
  EXPECT_THAT(mysql::shown_text(*plan),
              HasSubstr("warning history (my-standalone-0): this check was not made: the account "
                        "that asks lacks the privilege PROCESS (error 1227). Fix: GRANT PROCESS ON "
                        "*.* TO 'root'@'%', or make it by hand: SELECT COUNT FROM"));
  const auto without = last_result<mysql::Plan>(tried("11.8.6"), "make_plan");
  ASSERT_TRUE(without);
  EXPECT_EQ(mysql::shown_text(*without).find("warning history"), std::string::npos);
}

TEST(DryRunOfAGroup, PlansForEveryMember) {
  ClusterWorld<FakeGroup> cluster(group, "my-group");
  cluster.servers.write();
  asio::io_context io;
  embedded::InProcessClient client(cluster.ops.world.server, "dry-run");
  const auto before = cluster.ops.world.server.store().version();
  const auto ask = [&](const std::string& pod, const std::string& statement) {
    return cluster.servers.ask(pod, statement);
  };
  const DryRun found = dry_run(io, client, sql_to(ask, cluster.ops.planted),
                               request_for("demo", "my-group", "9.7.5"), 20s);
  EXPECT_EQ(found.failure.value_or(engine::Failure{}).message, "");
  const auto plan = last_result<mysql::Plan>(found, "make_plan");
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->members_size(), 3);
  EXPECT_EQ(found.stopped_before, "start_image_check");
  EXPECT_EQ(cluster.ops.world.server.store().version(), before);
}

// A month that is not now.
std::string window_in_half_a_year() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  return "0 2 1 " + std::to_string((parts.tm_mon + 6) % 12 + 1) + " * 1h UTC";
}

TEST_F(DryRuns, ShowTheWindowThatARunWouldWaitFor) {
  const std::string window = window_in_half_a_year();
  const DryRun found = tried("11.8.6", window);
  EXPECT_EQ(found.failure, std::nullopt);
  EXPECT_EQ(found.stopped_before, "start_image_check") << "long before";
  const auto plan = last_result<mysql::Plan>(found, "make_plan");
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->window(), window);
}

constexpr const char* more_versions = R"(
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: "9.7.4-of-another-lineage"}
spec:
  version: "9.7.4"
  db: {image: "docker.io/library/mysql:9.7.4"}
---
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: "10.11.17"}
spec:
  version: "10.11.17"
  db: {image: "docker.io/library/mariadb:10.11.17"}
)";

TEST_F(DryRuns, RefuseInTheWordsOfTheRequest) {
  ops.world.apply(more_versions);
  for (const char* target : {"no-such-version", "9.7.4-of-another-lineage", "10.11.17"}) {
    const DryRun found = tried(target);
    ASSERT_TRUE(found.failure) << target;
    const std::string request = "to-" + std::string(target);
    ops.request(request, target);
    ops.finish(request);
    EXPECT_EQ(found.failure->message, ops.message_of(request, "Failed")) << target;
  }
}

TEST_F(DryRuns, SayWhatBlocksAsTheRequestDoes) {
  ops.planted["XA RECOVER"] = {{"1", "4", "0", "left"}};
  const DryRun found = tried("11.8.6");
  ASSERT_TRUE(found.failure);
  EXPECT_THAT(found.failure->message, HasSubstr("blocking xa-prepared (my-standalone-0)"));
  EXPECT_FALSE(last_result<mysql::Plan>(found, "make_plan"));
  ops.request("my-upgrade", "11.8.6");
  ops.finish("my-upgrade");
  EXPECT_EQ(found.failure->message, ops.message_of("my-upgrade", "Failed"));
}

TEST_F(DryRuns, SayWhatIsWrongWithTheWordsBeforeTheyLook) {
  const DryRun no_name = tried(request_for("demo", "", "11.8.6"), servers());
  ASSERT_TRUE(no_name.failure);
  EXPECT_THAT(no_name.failure->message, HasSubstr("name the MySQL"));
  EXPECT_EQ(no_name.log, nullptr) << "there was no run";
  const DryRun bad_window = tried("11.8.6", "0 2 * * SAT");
  ASSERT_TRUE(bad_window.failure);
  EXPECT_THAT(bad_window.failure->message, HasSubstr("is no \"<cron> <duration> <time zone>\""));
  const DryRun nowhere = tried(request_for("demo", "nowhere", "11.8.6"), servers());
  ASSERT_TRUE(nowhere.failure);
  EXPECT_THAT(nowhere.failure->message, HasSubstr("spec.databaseRef demo/nowhere, is invalid"));
}

TEST_F(DryRuns, TellWhatARequestWouldWaitForAndLookAllTheSame) {
  std::string manifest = standalone;
  manifest.replace(manifest.find("my-standalone"), 13, "not-yet");
  ops.world.apply(manifest);
  const DryRun found = tried(request_for("demo", "not-yet", "11.8.6"), servers());
  EXPECT_THAT(found.waits, HasSubstr("waits until MySQL demo/not-yet is Ready"));
  ASSERT_TRUE(found.failure);
  EXPECT_EQ(found.failure->code, unavailable_code);
  EXPECT_THAT(found.failure->message, HasSubstr("has no pod that could be looked at"));
}

asio::awaitable<std::vector<SqlRows>> no_answer() {
  asio::steady_timer never(co_await asio::this_coro::executor, 24h);
  co_await never.async_wait(asio::use_awaitable);
  co_return std::vector<SqlRows>{};
}

TEST_F(DryRuns, OfServersThatDoNotAnswerComeToAnEnd) {
  const Sql refuses = [](const mysql::Server&, const Json&,
                         const std::vector<std::string>&) -> asio::awaitable<std::vector<SqlRows>> {
    throw std::runtime_error("no way there");
  };
  const DryRun refused = tried(request_for("demo", "my-standalone", "11.8.6"), refuses);
  ASSERT_TRUE(refused.failure);
  EXPECT_EQ(refused.failure->code, unavailable_code);
  EXPECT_THAT(refused.failure->message, HasSubstr("no way there"));

  const Sql hangs = [](const mysql::Server&, const Json&, const std::vector<std::string>&) {
    return no_answer();
  };
  const DryRun hung = tried(request_for("demo", "my-standalone", "11.8.6"), hangs, 300ms);
  ASSERT_TRUE(hung.failure);
  EXPECT_EQ(hung.failure->code, too_long_code);
  EXPECT_THAT(hung.failure->message, HasSubstr("look_at_database"));
}

// By the effects that are declared, so also an activity of tomorrow.
TEST_F(DryRuns, EveryActivityThatDoesNotOnlyReadIsRefusedUnperformed) {
  const Environment nothing_to_act_with{};
  int refused = 0;
  dry_run_handlers(nothing_to_act_with).for_each([&](const engine::Handlers::Entry& entry) {
    if (entry.info.effect == engine::Effect::read) return;
    std::string code;
    entry.perform({}, "", [&](const engine::Bytes&, const engine::Failure* failure, bool again) {
      if (failure != nullptr && !again) code = failure->code;
    });
    EXPECT_EQ(code, engine::dry_run_code) << entry.info.name;
    ++refused;
  });
  EXPECT_GE(refused, 15) << "pause, protect, delete, release, …";
}

// One verb of a client that reads: whether it was refused.
bool is_refused(asio::awaitable<Reply> call) {
  asio::io_context io;
  int code = 0;
  asio::co_spawn(io, std::move(call), [&](const std::exception_ptr& error, const Reply&) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const ApiError& refused) {
      code = refused.code();
    }
  });
  io.run();
  return code == 403;
}

TEST_F(DryRuns, AHandlerThatWritesAlthoughItsActivityReadsIsStoppedByTheClient) {
  embedded::InProcessClient live(ops.world.server, "dry-run");
  ReadOnlyClient client(live);
  const auto before = ops.world.server.store().version();
  const Json object = ops.world.get(kinds::mysql, "my-standalone");
  const Key key{"demo", "my-standalone"};
  EXPECT_TRUE(is_refused(client.create(kinds::mysql, object)));
  EXPECT_TRUE(is_refused(client.update(kinds::mysql, object)));
  EXPECT_TRUE(is_refused(client.update_status(kinds::mysql, object)));
  EXPECT_TRUE(is_refused(client.merge_patch(kinds::mysql, key, {{"spec", {{"version", "1"}}}})));
  EXPECT_TRUE(is_refused(client.remove(kinds::mysql, key, {}, Propagation::background)));
  EXPECT_FALSE(is_refused(client.get(kinds::mysql, key)));
  EXPECT_FALSE(is_refused(client.list(kinds::mysql, "demo", {})));
  EXPECT_EQ(ops.world.server.store().version(), before);
}

}  // namespace
}  // namespace ratchet::k8s::testing
