// The restart of each topology by the real handlers, on the embedded API server with the
// provisioner at work, the servers of clusters a model.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/operator/admission.h"
#include "tests/crash/share.h"
#include "tests/k8s/operator/cluster_world.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/fake_semi_sync.h"
#include "tests/k8s/provisioner/manifests.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* name = "restart";

// A warning whose reason is its message, as KubeDB's are.
std::string told(const std::string& what) {
  const std::string text = what + "; ConditionStatus:True";
  return text + ": " + text;
}

std::vector<std::string> of_one_pod(const std::string& pod, bool joins) {
  const std::string waiting = "is pod ready; ConditionStatus:False";
  std::vector<std::string> events{"Starting: Restarting Pod: " + pod + "/demo", told("evict pod"),
                                  waiting + ": " + waiting, told("is pod ready")};
  if (joins) events.push_back(told("is join in cluster"));
  return events;
}

std::vector<std::string> condition_types(OpsWorld& ops) {
  std::vector<std::string> types;
  const Json request = ops.world.get(kinds::mysql_ops_request, name);
  for (const Json& condition : request.at("/status/conditions"_json_pointer)) {
    types.push_back(condition.at("type"));
  }
  return types;
}

void restart(OpsWorld& ops, std::optional<std::size_t> kill_after = std::nullopt) {
  ops.request_of("Restart", name);
  ops.finish(name, kill_after);
}

// Events of a restart, with those of the pods in the middle.
std::vector<std::string> framed(const std::string& mysql, const std::vector<std::string>& middle) {
  std::vector<std::string> events{
      "Starting: Start processing for MySQLOpsRequest: demo/restart",
      "Starting: Pausing MySQL databse: " + mysql,
      "Successful: Successfully paused MySQL database: " + mysql + " for MySQLOpsRequest: restart"};
  events.insert(events.end(), middle.begin(), middle.end());
  for (const std::string& last :
       {std::string(
            "Successful: Successfully started MySQL pods for MySQLOpsRequest: demo/restart"),
        "Starting: Resuming MySQL database: " + mysql,
        "Successful: Successfully resumed MySQL database: " + mysql,
        "Successful: Controller has Successfully restarted the MySQL: " + mysql}) {
    events.push_back(last);
  }
  return events;
}

TEST(RestartStandalone, HasAnotherPodWithTheSameImage) {
  OpsWorld world;
  const std::string pod = world.pod_uid();
  const std::string image = world.image();
  restart(world);
  EXPECT_EQ(world.phase_of(name), "Successful") << world.message_of(name, "Failed");
  EXPECT_NE(world.pod_uid(), pod);
  EXPECT_EQ(world.image(), image);
  EXPECT_EQ(world.world.get(kinds::mysql, "my-standalone")["spec"]["version"], "10.11.18");
  EXPECT_EQ(world.world.phase(), "Ready");
  EXPECT_TRUE(world.world.condition("Paused").is_null());
  EXPECT_THAT(condition_types(world),
              ElementsAre("Running", "EvictPod", "IsPodReady", "Restart", "Successful"));
  EXPECT_EQ(world.events_of(name),
            framed("demo/my-standalone", of_one_pod("my-standalone-0", false)));
  EXPECT_EQ(world.writes().size(), 5U) << ::testing::PrintToString(world.writes());
}

TEST(RestartStandalone, MakesTheSameWritesWhereverTheOpsManagerIsKilled) {
  OpsWorld calm;
  restart(calm);
  const std::vector<std::string> expected = calm.writes();
  ASSERT_GT(calm.records(), 12U);
  for (std::size_t kill_after = 1; kill_after <= calm.records(); ++kill_after) {
    OpsWorld world;
    restart(world, kill_after);
    EXPECT_EQ(world.phase_of(name), "Successful") << "killed after " << kill_after;
    EXPECT_EQ(world.writes(), expected) << "killed after " << kill_after;
    EXPECT_EQ(world.events_of(name).size(), 11U) << "killed after " << kill_after;
  }
}

TEST(RestartStandalone, StartsAServerAgainThatDidNotEndCleanly) {
  OpsWorld world;
  const std::string pod = world.pod_uid();
  world.exit_code = 137;
  restart(world);
  EXPECT_EQ(world.phase_of(name), "Failed");
  EXPECT_THAT(world.message_of(name, "Failed"), HasSubstr("did not shut down cleanly"));
  EXPECT_THAT(world.message_of(name, "Restart"), HasSubstr("my-standalone-0 is ready"));
  EXPECT_NE(world.pod_uid(), pod);
  EXPECT_TRUE(world.world.condition("Paused").is_null());
  world.run_until([&] { return world.world.phase() == "Ready"; });
}

// Two types do not skip each other: they wait for each other.
TEST(RestartStandalone, WaitsForAnUpgradeAndRestartsWhatThatLeft) {
  OpsWorld world;
  world.request("my-upgrade", "11.8.6");
  world.run_until([&] { return world.phase_of("my-upgrade") == "Progressing"; });
  world.request_of("Restart", name);
  world.run_until([&] { return world.phase_of(name) == "Pending"; });
  EXPECT_THAT(world.message_of(name, "Pending"), HasSubstr("demo/my-upgrade"));
  world.run_until([&] { return world.phase_of("my-upgrade") == "Successful"; });
  const std::string pod = world.pod_uid();
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Successful") << world.message_of(name, "Failed");
  EXPECT_NE(world.pod_uid(), pod);
  EXPECT_EQ(world.image(), "docker.io/library/mariadb:11.8.6");
}

TEST(RestartStandalone, AnUpgradeWaitsForIt) {
  OpsWorld world;
  world.request_of("Restart", name);
  world.run_until([&] { return world.world.condition("Paused")["status"] == "True"; });
  world.request("my-upgrade", "11.8.6");
  world.run_until([&] { return world.phase_of("my-upgrade") == "Pending"; });
  EXPECT_THAT(world.message_of("my-upgrade", "Pending"), HasSubstr("demo/restart"));
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of(name), "Successful") << world.message_of(name, "Failed");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful");
}

TEST(RestartStandalone, IsRefusedWithAnApprovalThatNobodyWouldWaitFor) {
  OpsWorld world;
  const std::string pod = world.pod_uid();
  world.request_of("Restart", name, "", std::string(approval_annotation) + ": required");
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Failed");
  EXPECT_THAT(world.message_of(name, "Failed"), HasSubstr("has no plan to approve"));
  EXPECT_EQ(world.pod_uid(), pod);
}

TEST(RestartStandalone, DoesNotTakeOverSomebodyElsesPause) {
  OpsWorld world;
  const std::string pod = world.pod_uid();
  world.world.pause("my-standalone", "2026-11-23T09:00:00Z");
  restart(world);
  EXPECT_THAT(world.message_of(name, "Failed"), HasSubstr("is already paused (by a test)"));
  EXPECT_EQ(world.pod_uid(), pod);
  EXPECT_FALSE(world.world.condition("Paused").is_null()) << "it is not ours to remove";
}

TEST(RestartStandalone, OtherTopologiesAreNot) {
  OpsWorld world;
  world.world.patch(kinds::mysql, "my-standalone",
                    {{"spec", {{"topology", {{"mode", "InnoDBCluster"}}}}}});
  world.request_of("Restart", name, "  apply: Always\n");
  world.finish(name);
  EXPECT_THAT(world.message_of(name, "Failed"),
              HasSubstr("a database with spec.topology.mode InnoDBCluster cannot be restarted"));
  EXPECT_TRUE(world.writes().empty());
}

struct GroupWorld : ClusterWorld<FakeGroup> {
  GroupWorld() : ClusterWorld(group, "my-group") { servers.write(); }
};

TEST(RestartGroup, RestartsMemberByMemberAndMovesThePrimary) {
  GroupWorld world;
  std::set<std::string> old_pods;
  for (int i = 0; i < 3; ++i) old_pods.insert(world.uid(i));
  ASSERT_EQ(world.labels(), "pss");
  restart(world.ops);
  EXPECT_EQ(world.ops.phase_of(name), "Successful") << world.ops.message_of(name, "Failed");
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(old_pods.contains(world.uid(i))) << i;
  EXPECT_EQ(world.images(), std::set<std::string>{"docker.io/library/mysql:9.7.4"});
  EXPECT_EQ(world.labels(), "sps") << "the label follows the primary";
  EXPECT_EQ(world.servers.switches, 1);
  EXPECT_EQ(world.servers.groups_formed, 1) << "it was never without a majority";
  EXPECT_EQ(world.fewest(), 2);
  EXPECT_TRUE(world.ops.world.condition("Paused", "my-group").is_null());
  EXPECT_THAT(condition_types(world.ops),
              ElementsAre("Running", "EvictPod", "IsPodReady", "IsJoinInCluster", "SwitchPrimary",
                          "Restart", "Successful"));
}

TEST(RestartGroup, TellsWhatKubeDbsGuideShowsOfEachPod) {
  GroupWorld world;
  restart(world.ops);
  std::vector<std::string> middle;
  const auto add = [&](const std::vector<std::string>& more) {
    middle.insert(middle.end(), more.begin(), more.end());
  };
  const std::string move = "the primary of MySQL: demo/my-group to Pod: my-group-1/demo";
  add(of_one_pod("my-group-1", true));
  add(of_one_pod("my-group-2", true));
  add({"Starting: Moving " + move, "Successful: Successfully moved " + move,
       told("switch primary")});
  add(of_one_pod("my-group-0", true));
  EXPECT_EQ(world.ops.events_of(name), framed("demo/my-group", middle));
}

// Killed after each record of the log; each commit takes a share of them.
TEST(RestartGroup, MakesTheSameWritesWhereverTheOpsManagerIsKilled) {
  GroupWorld calm;
  restart(calm.ops);
  const std::vector<std::string> expected = calm.ops.writes();
  ASSERT_EQ(expected.size(), 11U) << ::testing::PrintToString(expected);
  for (std::size_t kill_after = 1; kill_after <= calm.ops.records(); ++kill_after) {
    if (!crash::takes(kill_after, 8)) continue;
    GroupWorld world;
    restart(world.ops, kill_after);
    EXPECT_EQ(world.ops.phase_of(name), "Successful") << "killed after " << kill_after;
    EXPECT_EQ(world.ops.writes(), expected) << "killed after " << kill_after;
    EXPECT_EQ(world.servers.switches, 1) << "killed after " << kill_after;
  }
}

// While another is about to be stopped: that waits until this one is back, and restarts it no more.
TEST(RestartGroup, DoesNotRestartAMemberThatSomebodyElseHasReplaced) {
  GroupWorld world;
  const std::string before = world.uid(2);
  world.ops.request_of("Restart", name);
  world.ops.run_until([&] { return world.pod(1).contains("/metadata/finalizers/0"_json_pointer); });
  world.ops.world.remove(kinds::pod, "my-group-2");
  world.ops.finish(name);
  EXPECT_EQ(world.ops.phase_of(name), "Successful") << world.ops.message_of(name, "Failed");
  EXPECT_NE(world.uid(2), before);
  EXPECT_THAT(world.ops.writes(), Each(Not(StartsWith("delete pods my-group-2"))));
  EXPECT_GE(world.fewest(), 1);
}

TEST(RestartGroup, StopsNobodyWhoseGroupHasErrantTransactions) {
  GroupWorld world;
  auto& strange = world.servers.at("my-group-2").executed;
  strange =
      strange.plus(provisioner::GtidSet::parse("bbbbbbbb-0000-4000-8000-000000000000:1-3").value());
  const std::string before = world.uid(1);
  restart(world.ops);
  EXPECT_THAT(world.ops.message_of(name, "Failed"),
              HasSubstr("member my-group-2 has transactions that the primary has not"));
  EXPECT_EQ(world.uid(1), before);
  EXPECT_TRUE(world.ops.world.condition("Paused", "my-group").is_null());
}

struct SemiSyncWorld : ClusterWorld<FakeSemiSync> {
  SemiSyncWorld() : ClusterWorld(semi_sync, "my-semi") {}
};

TEST(RestartSemiSync, RestartsReplicaByReplicaAndHandsThePrimaryOver) {
  SemiSyncWorld world;
  std::set<std::string> old_pods;
  for (int i = 0; i < 3; ++i) old_pods.insert(world.uid(i));
  ASSERT_EQ(world.labels(), "pss");
  restart(world.ops);
  EXPECT_EQ(world.ops.phase_of(name), "Successful") << world.ops.message_of(name, "Failed");
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(old_pods.contains(world.uid(i))) << i;
  EXPECT_EQ(world.labels(), "sps") << "the label follows the primary";
  EXPECT_EQ(world.fewest(), 2);
  EXPECT_TRUE(world.ops.world.condition("Paused", "my-semi").is_null());
}

TEST(RestartSemiSync, MakesTheSameWritesWhereverTheOpsManagerIsKilled) {
  SemiSyncWorld calm;
  restart(calm.ops);
  const std::vector<std::string> expected = calm.ops.writes();
  ASSERT_EQ(expected.size(), 12U) << ::testing::PrintToString(expected);
  for (std::size_t kill_after = 1; kill_after <= calm.ops.records(); ++kill_after) {
    if (!crash::takes(kill_after, 16)) continue;
    SemiSyncWorld world;
    restart(world.ops, kill_after);
    EXPECT_EQ(world.ops.phase_of(name), "Successful") << "killed after " << kill_after;
    EXPECT_EQ(world.ops.writes(), expected) << "killed after " << kill_after;
  }
}

}  // namespace
}  // namespace ratchet::k8s::testing
