// The upgrade of a semi-synchronous cluster by the real handlers, on the embedded API server with
// the provisioner at work, its servers a model.
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/adapters/group_look.h"
#include "k8s/api/primary_term.h"
#include "tests/crash/share.h"
#include "tests/k8s/operator/cluster_world.h"
#include "tests/k8s/provisioner/fake_member.h"
#include "tests/k8s/provisioner/fake_semi_sync.h"
#include "tests/k8s/provisioner/manifests.h"

namespace ratchet::k8s::testing {
namespace {

namespace asio = boost::asio;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* db = "my-semi";
constexpr const char* old_image = "docker.io/library/mysql:9.7.4";

// An application writes to whoever takes writes.
struct SemiSyncWorld : ClusterWorld<FakeSemiSync> {
  SemiSyncWorld() : ClusterWorld(semi_sync, db) {
    at_each_round = [this] { write(); };
  }

  void write() {
    const std::string open = servers.open_pods();
    if (open.find(' ') != std::string::npos) twice_open.push_back(open);
    if (open.empty() || ++rounds_ % 10 != 0) return;
    if (servers.write(open)) acknowledged = acknowledged.plus(servers.at(open).executed);
  }
  api::PrimaryTerm term() {
    const Json mysql = ops.world.get(kinds::mysql, db);
    const Json& annotations = mysql.at("metadata").at("annotations");
    return api::parse_term(annotations.value(api::primary_term_annotation, "")).value();
  }
  std::string failure() { return ops.message_of("my-upgrade", "Failed"); }
  void upgrade(std::optional<std::size_t> kill_after = std::nullopt) {
    ops.request("my-upgrade", "9.7.5");
    ops.finish("my-upgrade", kill_after);
  }
  void expect_untouched() {
    EXPECT_EQ(images(), std::set<std::string>{old_image});
    EXPECT_EQ(labels(), "pss");
    EXPECT_TRUE(ops.world.condition("Paused", db).is_null());
  }

  provisioner::GtidSet acknowledged;
  std::vector<std::string> twice_open;

 private:
  int rounds_ = 0;
};

TEST(SemiSyncUpgrade, ReplacesReplicaByReplicaAndMovesThePrimary) {
  SemiSyncWorld world;
  ASSERT_EQ(world.labels(), "pss");
  world.upgrade();
  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful") << world.failure();
  world.ops.run_until([&] { return world.ops.world.phase(db) == "Ready"; });
  EXPECT_EQ(world.ops.world.get(kinds::mysql, db)["spec"]["version"], "9.7.5");
  EXPECT_EQ(world.images(), std::set<std::string>{next_image}) << "the companion's too";
  for (int i = 0; i < 3; ++i) {
    const std::string claim = "data-" + world.pod_name(i);
    EXPECT_EQ(world.ops.world.get(kinds::persistent_volume_claim, claim)
                  .value("/metadata/annotations/ratchet.dev~1server-version"_json_pointer, ""),
              "9.7.5");
  }
  EXPECT_EQ(world.labels(), "sps") << "the label follows the primary";
  EXPECT_EQ(world.term().number, 2U) << "moved once";
  EXPECT_EQ(world.term().successor, "");
  EXPECT_EQ(world.term().voters.size(), 2U);
  EXPECT_EQ(world.fewest(), 2);
  EXPECT_TRUE(world.ops.world.condition("Paused", db).is_null());
}

TEST(SemiSyncUpgrade, LosesNoAcknowledgedTransactionAndOpensNoTwo) {
  SemiSyncWorld world;
  world.upgrade();
  ASSERT_EQ(world.ops.phase_of("my-upgrade"), "Successful") << world.failure();
  world.ops.run_until([&] { return world.ops.world.phase(db) == "Ready"; });
  EXPECT_THAT(world.twice_open, IsEmpty());
  for (const char* primary : {"my-semi-0", "my-semi-1"}) {
    EXPECT_FALSE(world.acknowledged.only_from(id_of_pod(primary))) << "the other one's are missing";
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(world.servers.at(world.pod_name(i)).executed.contains(world.acknowledged)) << i;
  }
}

TEST(SemiSyncUpgrade, TellsWhatKubeDbsGuideShows) {
  SemiSyncWorld world;
  world.upgrade();
  const std::string mysql = "demo/my-semi";
  const std::string request = "MySQLOpsRequest: my-upgrade";
  const std::string move = mysql + " to Pod: my-semi-1/demo";
  EXPECT_EQ(
      world.ops.events_of("my-upgrade"),
      (std::vector<std::string>{
          "Starting: Start processing for MySQLOpsRequest: demo/my-upgrade",
          "Planned: Planned the upgrade of MySQL demo/my-semi: " +
              world.ops.planned_in_short("my-upgrade"),
          "Starting: Pausing MySQL databse: demo/my-semi",
          "Successful: Successfully paused MySQL database: demo/my-semi for " + request,
          "Starting: Upgrading MySQL images: demo/my-semi for " + request,
          "Starting: Restarting Pod: my-semi-1/demo", "Starting: Restarting Pod: my-semi-2/demo",
          "Starting: Moving the primary of MySQL: " + move,
          "Successful: Successfully moved the primary of MySQL: " + move,
          "Starting: Restarting Pod: my-semi-0/demo",
          "Successful: Image successfully updated in MySQL: demo/my-semi for " + request,
          "Starting: Resuming MySQL database: demo/my-semi",
          "Successful: Successfully resumed MySQL database: demo/my-semi",
          "Successful: Controller has Successfully upgraded the version of MySQL : " + mysql}));
}

// Killed after each record of the log; each commit takes a share of them.
TEST(SemiSyncUpgrade, MakesTheSameWritesWhereverItIsKilled) {
  SemiSyncWorld calm;
  calm.upgrade();
  const std::vector<std::string> expected = calm.ops.writes();
  ASSERT_EQ(expected.size(), 19U) << ::testing::PrintToString(expected);
  ASSERT_GT(calm.ops.records(), 40U);
  for (std::size_t kill_after = 1; kill_after <= calm.ops.records(); ++kill_after) {
    if (!crash::takes(kill_after, 16)) continue;
    SemiSyncWorld world;
    world.upgrade(kill_after);
    EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful") << "killed after " << kill_after;
    EXPECT_EQ(world.ops.writes(), expected) << "killed after " << kill_after;
    EXPECT_EQ(world.term().number, 2U) << "killed after " << kill_after;
    EXPECT_THAT(world.twice_open, IsEmpty()) << "killed after " << kill_after;
  }
}

TEST(SemiSyncUpgrade, StopsNobodyWhileAReplicaHasErrantTransactions) {
  SemiSyncWorld world;
  auto& strange = world.servers.at("my-semi-2").executed;
  strange =
      strange.plus(provisioner::GtidSet::parse("bbbbbbbb-0000-4000-8000-000000000000:1-3").value());
  world.upgrade();
  EXPECT_THAT(world.failure(), HasSubstr("blocking members (my-semi-2): member my-semi-2 has "
                                         "transactions that the primary has not "
                                         "(bbbbbbbb-0000-4000-8000-000000000000:1-3)"));
  EXPECT_TRUE(world.ops.writes().empty()) << "not even paused";
  EXPECT_EQ(world.images(), std::set<std::string>{old_image});
}

struct Wrong {
  const char* asked;  // a part of the statement
  SqlRows answer;     // of every member
  std::string said;
};

asio::awaitable<std::vector<SqlRows>> answers(SemiSyncWorld& world, const Wrong& wrong,
                                              std::string pod,
                                              std::vector<std::string> statements) {
  std::vector<SqlRows> rows;
  for (const std::string& statement : statements) {
    const bool version = statement.starts_with("SELECT VERSION()");
    const bool planted = statement.find(wrong.asked) != std::string::npos;
    rows.push_back(planted   ? wrong.answer
                   : version ? SqlRows{{"9.7.4"}}
                             : world.servers.ask(pod, statement));
  }
  co_return rows;
}

// What one look finds wrong, in one text.
std::string look(SemiSyncWorld& world, const Wrong& wrong) {
  asio::io_context io;
  embedded::InProcessClient client(world.ops.world.server, "ops-manager");
  Environment environment;
  environment.executor = io.get_executor();
  environment.client = &client;
  environment.sql = [&](const mysql::Server& server, const Json&,
                        std::vector<std::string> statements) {
    return answers(world, wrong, server.pod(), std::move(statements));
  };
  mysql::InspectGroup in;
  in.mutable_database()->set_space("demo");
  in.mutable_database()->set_name(db);
  in.set_uid(world.ops.world.get(kinds::mysql, db)["metadata"]["uid"]);
  in.set_semi_sync(true);
  std::string lacks;
  asio::co_spawn(io, look_at_cluster(environment, in),
                 [&](const std::exception_ptr& failure, const mysql::GroupState& seen) {
                   if (failure) std::rethrow_exception(failure);
                   for (const std::string& lack : seen.lacks()) lacks += lack + "; ";
                 });
  io.run();
  return lacks;
}

// One thing that is wrong at a time.
TEST(SemiSyncUpgrade, LooksAtHowEachMemberReplicates) {
  const char* channel = "SELECT SUBSTRING_INDEX(c.HOST";
  const char* itself = "@@GLOBAL.super_read_only";
  const char* settings = "SELECT LOWER(VARIABLE_NAME)";
  const std::string id = id_of_pod("my-semi-0");
  const std::vector<Wrong> table = {
      {channel, {{"my-semi-9", "ON", "ON", ""}}, "my-semi-1 is not replicating from my-semi-0"},
      {channel, {}, "my-semi-2 is not replicating from my-semi-0"},
      {channel, {{"my-semi-0", "CONNECTING", "ON", ""}}, "my-semi-1 is not receiving from"},
      {channel, {{"my-semi-0", "ON", "OFF", ""}}, "my-semi-1 is not applying"},
      {settings,
       {{"rpl_semi_sync_source_status", "ON"}, {"rpl_semi_sync_replica_status", "OFF"}},
       "my-semi-1 is not acknowledging"},
      {settings,
       {{"rpl_semi_sync_source_status", "OFF"}, {"rpl_semi_sync_replica_status", "ON"}},
       "my-semi-0 is not waiting for acknowledgements"},
      {settings,
       {{"rpl_semi_sync_source_status", "ON"},
        {"rpl_semi_sync_replica_status", "ON"},
        {"rpl_semi_sync_source_wait_for_replica_count", "3"}},
       "2 replica(s) acknowledge, and a commit waits for 3"},
      {itself, {{id, "", "1"}}, "my-semi-0 is closed for writes, although it holds the term"},
      {itself, {{id, "", "1"}}, "my-semi-1 is not among those whose acknowledgement counts"},
      {itself, {{id, "", "0"}}, "my-semi-1 is open for writes, although my-semi-0 holds the term"},
      {itself,
       {{id_of_pod("x-9"), "", "0"}},
       "my-semi-0 is another server than the one that holds"},
      {"SELECT WAIT_FOR_EXECUTED", {{"1", id + ":7"}}, "my-semi-1 has not executed " + id + ":7"},
  };
  SemiSyncWorld world;
  EXPECT_EQ(look(world, {"what nobody asks", {}, ""}), "");
  for (const Wrong& wrong : table) EXPECT_THAT(look(world, wrong), HasSubstr(wrong.said));
}

TEST(SemiSyncUpgrade, StopsNobodyWithoutEnoughReplicas) {
  SemiSyncWorld world;
  api::PrimaryTerm term = world.term();
  term.acknowledgements = 2;
  world.ops.world.patch(
      kinds::mysql, db,
      {{"metadata", {{"annotations", {{api::primary_term_annotation, api::term_text(term)}}}}},
       {"spec", {{"topology", {{"semiSync", {{"sourceWaitForReplicaCount", 2}}}}}}}});
  world.upgrade();
  EXPECT_THAT(world.failure(), HasSubstr("has 3 member(s): while one is stopped nothing could be "
                                         "committed, which takes 2 acknowledgement(s)"));
  world.expect_untouched();
}

TEST(SemiSyncUpgrade, GoesOnWhenSomebodyElseDeletesAReplicaRightAfterTheImageIsSet) {
  SemiSyncWorld world;
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.run_until([&] {
    const Json set = world.ops.world.get(kinds::stateful_set, db);
    return set.at("/spec/template/spec/containers/1/image"_json_pointer) == next_image;
  });
  world.ops.world.remove(kinds::pod, "my-semi-2");
  world.ops.finish("my-upgrade");
  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful") << world.failure();
  EXPECT_EQ(world.images(), std::set<std::string>{next_image});
  EXPECT_GE(world.fewest(), 2) << "two members were missing at a time";
}

// The successor's pod is deleted when it has just been named: another one is, after a new look.
TEST(SemiSyncUpgrade, GoesOnWhenTheSuccessorIsLostInTheMiddleOfTheMove) {
  SemiSyncWorld world;
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.run_until([&] { return !world.term().successor.empty(); });
  world.ops.world.remove(kinds::pod, world.term().successor);
  world.ops.finish("my-upgrade");
  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful") << world.failure();
  EXPECT_EQ(world.images(), std::set<std::string>{next_image});
  EXPECT_THAT(world.twice_open, IsEmpty());
  EXPECT_EQ(world.term().number, 2U);
}

TEST(SemiSyncUpgrade, PutsTheFirstReplicaBackAfterAnUncleanShutdown) {
  SemiSyncWorld world;
  world.ops.exit_code = 137;
  world.upgrade();
  EXPECT_THAT(world.failure(), HasSubstr("did not shut down cleanly"));
  EXPECT_THAT(world.failure(), HasSubstr("The upgrade was undone"));
  world.ops.run_until([&] { return world.ops.world.phase(db) == "Ready"; });
  world.expect_untouched();
  EXPECT_EQ(world.term().number, 1U);
}

TEST(SemiSyncUpgrade, WaitsForAnApprovalOfItsPlan) {
  SemiSyncWorld world;
  world.ops.request("my-upgrade", "9.7.5", "", "ratchet.dev/approval: required");
  world.ops.run_until([&] { return world.ops.phase_of("my-upgrade") == "WaitingForApproval"; });
  const std::string planned = world.ops.message_of("my-upgrade", "Planned");
  EXPECT_THAT(planned, HasSubstr("Point of no return: release the volume of my-semi-0"));
  EXPECT_TRUE(world.ops.touches().empty());
  const std::string hash = planned.substr(std::string("plan ").size(), 64);
  world.ops.world.patch(kinds::mysql_ops_request, "my-upgrade",
                        {{"metadata", {{"annotations", {{"ratchet.dev/approved-plan", hash}}}}}});
  world.ops.finish("my-upgrade");
  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful") << world.failure();
}

}  // namespace
}  // namespace ratchet::k8s::testing
