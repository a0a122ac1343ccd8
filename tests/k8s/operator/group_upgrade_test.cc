// The upgrade of a replication group by the real handlers, on the embedded API server with the
// provisioner at work, its servers a model.
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/crash/share.h"
#include "tests/k8s/operator/cluster_world.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/fake_member.h"
#include "tests/k8s/provisioner/manifests.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* db = "my-group";

struct GroupWorld : ClusterWorld<FakeGroup> {
  GroupWorld() : ClusterWorld(group, db) { servers.write(); }
};

std::string pod_name(int i) { return GroupWorld::pod_name(db, i); }

TEST(GroupUpgrade, ReplacesMemberByMemberAndMovesThePrimary) {
  GroupWorld world;
  const std::string set = world.ops.world.get(kinds::stateful_set, db)["metadata"]["uid"];
  std::set<std::string> old_pods;
  for (int i = 0; i < 3; ++i) old_pods.insert(world.uid(i));
  ASSERT_EQ(world.labels(), "pss");
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");

  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful")
      << world.ops.message_of("my-upgrade", "Failed");
  EXPECT_EQ(world.ops.world.get(kinds::mysql, db)["spec"]["version"], "9.7.5");
  EXPECT_EQ(world.images(), std::set<std::string>{next_image}) << "the companion's too";
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(old_pods.contains(world.uid(i))) << i;
    const std::string claim = "data-" + pod_name(i);
    EXPECT_EQ(world.ops.world.get(kinds::persistent_volume_claim, claim)
                  .value("/metadata/annotations/ratchet.dev~1server-version"_json_pointer, ""),
              "9.7.5");
  }
  EXPECT_EQ(world.ops.world.get(kinds::stateful_set, db)["metadata"]["uid"], set);
  EXPECT_EQ(world.labels(), "sps") << "the label follows the primary";
  EXPECT_EQ(world.servers.switches, 1);
  EXPECT_EQ(world.servers.groups_formed, 1) << "it was never without a majority";
  EXPECT_EQ(world.fewest(), 2);
  EXPECT_EQ(world.ops.world.phase(db), "Ready");
  EXPECT_TRUE(world.ops.world.condition("Paused", db).is_null());
}

TEST(GroupUpgrade, TellsWhatKubeDbsGuideShows) {
  GroupWorld world;
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  const std::string mysql = "demo/my-group";
  const std::string request = "MySQLOpsRequest: my-upgrade";
  const std::string move = mysql + " to Pod: my-group-1/demo";
  EXPECT_EQ(
      world.ops.events_of("my-upgrade"),
      (std::vector<std::string>{
          "Starting: Start processing for MySQLOpsRequest: demo/my-upgrade",
          "Planned: Planned the upgrade of MySQL demo/my-group: " +
              world.ops.planned_in_short("my-upgrade"),
          "Starting: Pausing MySQL databse: demo/my-group",
          "Successful: Successfully paused MySQL database: demo/my-group for " + request,
          "Starting: Upgrading MySQL images: demo/my-group for " + request,
          "Starting: Restarting Pod: my-group-1/demo", "Starting: Restarting Pod: my-group-2/demo",
          "Starting: Moving the primary of MySQL: " + move,
          "Successful: Successfully moved the primary of MySQL: " + move,
          "Starting: Restarting Pod: my-group-0/demo",
          "Successful: Image successfully updated in MySQL: demo/my-group for " + request,
          "Starting: Resuming MySQL database: demo/my-group",
          "Successful: Successfully resumed MySQL database: demo/my-group",
          "Successful: Controller has Successfully upgraded the version of MySQL : " + mysql}));
}

// Killed after each record of the log; each commit takes a share of them.
TEST(GroupUpgrade, MakesTheSameWritesWhereverItIsKilled) {
  GroupWorld calm;
  calm.ops.request("my-upgrade", "9.7.5");
  calm.ops.finish("my-upgrade");
  const std::vector<std::string> expected = calm.ops.writes();
  ASSERT_EQ(expected.size(), 18U) << ::testing::PrintToString(expected);
  ASSERT_GT(calm.ops.records(), 40U);
  for (std::size_t kill_after = 1; kill_after <= calm.ops.records(); ++kill_after) {
    if (!crash::takes(kill_after, 8)) continue;
    GroupWorld world;
    world.ops.request("my-upgrade", "9.7.5");
    world.ops.finish("my-upgrade", kill_after);
    EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful") << "killed after " << kill_after;
    EXPECT_EQ(world.ops.writes(), expected) << "killed after " << kill_after;
    EXPECT_EQ(world.servers.switches, 1) << "killed after " << kill_after;
  }
}

TEST(GroupUpgrade, StopsNobodyWhoseGroupHasErrantTransactions) {
  GroupWorld world;
  auto& strange = world.servers.at("my-group-2").executed;
  strange =
      strange.plus(provisioner::GtidSet::parse("bbbbbbbb-0000-4000-8000-000000000000:1-3").value());
  const std::string before = world.uid(1);
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  EXPECT_THAT(world.ops.message_of("my-upgrade", "Failed"),
              HasSubstr("blocking members (my-group-2): member my-group-2 has transactions that "
                        "the primary has not (bbbbbbbb-0000-4000-8000-000000000000:1-3). Fix: look "
                        "at them there (SHOW BINLOG EVENTS); kubectl delete -n demo "
                        "pvc/data-my-group-2 pod/my-group-2 gives the member a copy"));
  EXPECT_TRUE(world.ops.writes().empty()) << "not even paused";
  EXPECT_EQ(world.uid(1), before);
  EXPECT_EQ(world.images(), std::set<std::string>{"docker.io/library/mysql:9.7.4"});
  EXPECT_TRUE(world.ops.world.condition("Paused", db).is_null());
}

// Red if a gap is seen only when the primary has moved there, at the end.
TEST(GroupUpgrade, IsNotBegunWithAMemberThatLacksTransactions) {
  GroupWorld world;
  world.servers.write();
  auto& executed = world.servers.at("my-group-2").executed;
  const std::string all = executed.text();
  executed = provisioner::GtidSet();
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  EXPECT_THAT(
      world.ops.message_of("my-upgrade", "Failed"),
      HasSubstr("blocking members (my-group-2): member my-group-2 has not executed what the "
                "primary has (" +
                all +
                "). Fix: wait, if it is at a large one of them; kubectl delete -n demo "
                "pvc/data-my-group-2 pod/my-group-2"));
  EXPECT_TRUE(world.ops.writes().empty()) << "not even paused";
}

// Red if a secondary that is behind, as one under load is, stops an upgrade that waits for it
// anyway.
TEST(GroupUpgrade, IsBegunWithAMemberThatIsOnlyLate) {
  GroupWorld world;
  world.servers.at("my-group-2").late = 15;
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful")
      << world.ops.message_of("my-upgrade", "Failed");
}

// Red if the members are looked at only once the database is paused: a dry run would not tell.
TEST(GroupUpgrade, TellsWhichMemberDoesNotServeBeforeThePause) {
  GroupWorld world;
  world.ops.planted["SELECT MEMBER_ID, MEMBER_STATE, MEMBER_ROLE"] = {
      {id_of_pod("my-group-0"), "ONLINE", "PRIMARY"},
      {id_of_pod("my-group-1"), "RECOVERING", "SECONDARY"},
      {id_of_pod("my-group-2"), "ONLINE", "SECONDARY"}};
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  EXPECT_THAT(world.ops.message_of("my-upgrade", "Failed"),
              HasSubstr("blocking members: member my-group-1 is RECOVERING. Fix: kubectl describe "
                        "mysql -n demo my-group: its condition GroupComplete says"));
  EXPECT_TRUE(world.ops.writes().empty()) << "not even paused";
}

TEST(GroupUpgrade, PutsTheFirstMemberBackAfterAnUncleanShutdown) {
  GroupWorld world;
  world.ops.exit_code = 137;
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  EXPECT_THAT(world.ops.message_of("my-upgrade", "Failed"), HasSubstr("did not shut down cleanly"));
  EXPECT_THAT(world.ops.message_of("my-upgrade", "Failed"), HasSubstr("The upgrade was undone"));
  EXPECT_EQ(world.images(), std::set<std::string>{"docker.io/library/mysql:9.7.4"});
  world.ops.run_until([&] { return world.ops.world.phase(db) == "Ready"; });
  EXPECT_EQ(world.labels(), "pss");
}

TEST(GroupUpgrade, GoesOnWhenSomebodyElseDeletesAMemberRightAfterTheImageIsSet) {
  GroupWorld world;
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.run_until([&] {
    const Json set = world.ops.world.get(kinds::stateful_set, db);
    return set.at("/spec/template/spec/containers/1/image"_json_pointer) == next_image;
  });
  world.ops.world.remove(kinds::pod, "my-group-2");
  world.ops.finish("my-upgrade");
  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful")
      << world.ops.message_of("my-upgrade", "Failed");
  EXPECT_EQ(world.images(), std::set<std::string>{next_image});
  EXPECT_GE(world.fewest(), 2) << "two members were missing at a time";
}

// Its tag is moved just for that one, so no step of ours has seen it start. Red if the look at the
// whole group in the end does not ask for the image.
TEST(GroupUpgrade, EndsWithTheImageOfThePlanOnEveryMember) {
  GroupWorld world;
  World& cluster = world.ops.world;
  const auto set_image = [&] {
    return cluster.get(kinds::stateful_set, db)
        .value("/spec/template/spec/containers/1/image"_json_pointer, "");
  };
  cluster.image_ids[next_image] = "docker.io/library/mysql@sha256:aa";
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.run_until([&] { return set_image() == next_image; });
  cluster.image_ids[next_image] = "docker.io/library/mysql@sha256:bb";
  const std::string before = world.uid(2);
  cluster.remove(kinds::pod, "my-group-2");
  world.ops.run_until([&] {
    const Json other = world.pod(2);
    return !other.is_null() && other.at("metadata").at("uid").get<std::string>() != before &&
           other.contains("/status/containerStatuses/1/state/running"_json_pointer);
  });
  cluster.image_ids[next_image] = "docker.io/library/mysql@sha256:aa";
  world.ops.finish("my-upgrade");
  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Failed");
  EXPECT_THAT(
      world.ops.message_of("my-upgrade", "Failed"),
      HasSubstr("the container mysql of pod demo/my-group-2 was started from sha256:bb, and "
                "the plan pins sha256:aa"));
}

// Nothing is copied in place. Red if what only a new StatefulSet would lose stops it.
TEST(GroupUpgrade, GoesOnWithTablesThatOnlyACopyWouldLose) {
  GroupWorld world;
  world.ops.planted["'BLACKHOLE'"] = {{"shop", "old", "MyISAM"}};
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful")
      << world.ops.message_of("my-upgrade", "Failed");
}

TEST(GroupUpgrade, LooksAtEveryMemberBeforeThePause) {
  GroupWorld world;
  world.ops.planted["XA RECOVER"] = {{"1", "4", "0", "left"}};
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  const std::string why = world.ops.message_of("my-upgrade", "Failed");
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(why, HasSubstr("blocking xa-prepared (" + pod_name(i) + ")"));
  }
  EXPECT_TRUE(world.ops.writes().empty()) << "not even paused";
}

TEST(GroupUpgrade, WaitsForAnApprovalOfItsPlan) {
  GroupWorld world;
  world.ops.request("my-upgrade", "9.7.5", "", "ratchet.dev/approval: required");
  world.ops.run_until([&] { return world.ops.phase_of("my-upgrade") == "WaitingForApproval"; });
  const std::string planned = world.ops.message_of("my-upgrade", "Planned");
  EXPECT_THAT(planned, HasSubstr("Point of no return: release the volume of my-group-0"));
  EXPECT_TRUE(world.ops.touches().empty());
  const std::string hash = planned.substr(std::string("plan ").size(), 64);
  world.ops.world.patch(kinds::mysql_ops_request, "my-upgrade",
                        {{"metadata", {{"annotations", {{"ratchet.dev/approved-plan", hash}}}}}});
  world.ops.finish("my-upgrade");
  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful")
      << world.ops.message_of("my-upgrade", "Failed");
}

TEST(GroupUpgrade, ReadsTheListsForGroupsOfTheCatalogue) {
  GroupWorld world;
  world.ops.world.apply(R"(
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: "9.7.4"}
spec:
  version: "9.7.4"
  db: {image: "docker.io/library/mysql:9.7.4"}
  updateConstraints:
    allowlist: {standalone: [">= 9.7.4"], groupReplication: ["9.7.4"]}
)");
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  EXPECT_THAT(world.ops.message_of("my-upgrade", "Failed"),
              HasSubstr("MySQLVersion 9.7.4 does not list it as allowed"));
  EXPECT_TRUE(world.ops.writes().empty());
}

TEST(GroupUpgrade, IsNotWhatOtherTopologiesGet) {
  OpsWorld ops;
  ops.world.patch(kinds::mysql, "my-standalone",
                  {{"spec", {{"topology", {{"mode", "InnoDBCluster"}}}}}});
  ops.request("my-upgrade", "11.8.6", "  apply: Always\n");
  ops.finish("my-upgrade");
  EXPECT_EQ(ops.phase_of("my-upgrade"), "Failed");
  EXPECT_THAT(ops.message_of("my-upgrade", "Failed"),
              HasSubstr("a database with spec.topology.mode InnoDBCluster cannot be upgraded: "
                        "only standalone databases, replication groups and semi-synchronous "
                        "clusters can be upgraded so far"));
  EXPECT_TRUE(ops.writes().empty());
}

}  // namespace
}  // namespace ratchet::k8s::testing
