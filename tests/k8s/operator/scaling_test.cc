// Both scalings by the real handlers, on the embedded API server with the provisioner at work, the
// servers of clusters a model.
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

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* scale = "scale";
constexpr const char* bigger =
    "  verticalScaling:\n"
    "    mysql: {resources: {requests: {cpu: \"0.7\", memory: 2Gi}, limits: {memory: 2Gi}}}\n";

std::string members(int count) {
  return "  horizontalScaling: {member: " + std::to_string(count) + "}\n";
}

std::string group_of_four() {
  std::string manifest = group;
  const std::string three = "replicas: 3";
  manifest.replace(manifest.find(three), three.size(), "replicas: 4");
  return manifest;
}

struct GrowingWorld : ClusterWorld<FakeGroup> {
  explicit GrowingWorld(const std::string& manifest = group)
      : ClusterWorld(manifest.c_str(), "my-group") {
    servers.write();
  }
  void scale_to(int count, std::optional<std::size_t> kill_after = std::nullopt) {
    ops.request_of("HorizontalScaling", scale, members(count));
    ops.finish(scale, kill_after);
  }
  int spec_replicas() { return replicas_of(kinds::mysql); }
  int set_replicas() { return replicas_of(kinds::stateful_set); }

 private:
  int replicas_of(const Resource& kind) {
    return ops.world.get(kind, "my-group").at("/spec/replicas"_json_pointer).get<int>();
  }
};

void some_rounds(OpsWorld& ops) {
  int rounds = 0;
  ops.run_until([&] { return ++rounds > 20; });
}

std::vector<std::string> told_conditions(OpsWorld& ops) {
  std::vector<std::string> types;
  const Json request = ops.world.get(kinds::mysql_ops_request, scale);
  for (const Json& condition : request.at("/status/conditions"_json_pointer)) {
    types.push_back(condition.at("type"));
  }
  return types;
}

// Of the server, in a pod or in a StatefulSet's template.
Json server_in(const Json& pod_spec) {
  for (const Json& container : pod_spec.at("containers")) {
    if (container.at("name") == "mysql") return container;
  }
  return {};
}

TEST(HorizontalScaling, TakesANewMemberIn) {
  GrowingWorld world;
  world.scale_to(4);
  EXPECT_EQ(world.ops.phase_of(scale), "Successful") << world.ops.message_of(scale, "Failed");
  EXPECT_TRUE(world.servers.serves("my-group-3"));
  EXPECT_THAT(world.servers.told, Contains("my-group-3: join"));
  EXPECT_EQ(world.servers.groups_formed, 1);
  EXPECT_EQ(world.spec_replicas(), 4);
  EXPECT_THAT(told_conditions(world.ops),
              ElementsAre("Progressing", "Scaling", "ScalingUp", "Successful"));
  EXPECT_EQ(world.ops.writes().size(), 4U) << ::testing::PrintToString(world.ops.writes());

  some_rounds(world.ops);
  EXPECT_EQ(world.set_replicas(), 4) << "the provisioner took it back";
  EXPECT_EQ(world.ops.world.phase("my-group"), "Ready");
  EXPECT_EQ(world.pod(3).at("/metadata/labels/kubedb.com~1role"_json_pointer), "standby");
}

TEST(HorizontalScaling, TellsWhatKubeDbsGuideShows) {
  GrowingWorld world;
  world.scale_to(4);
  const std::string of = " MySQL: demo/my-group for MySQLOpsRequest: scale";
  EXPECT_THAT(world.ops.events_of(scale),
              ElementsAre("Starting: Start processing for MySQLOpsRequest: demo/scale",
                          "Starting: Pausing MySQL databse: demo/my-group",
                          "Successful: Successfully paused MySQL database: demo/my-group for "
                          "MySQLOpsRequest: scale",
                          "Starting: Horizontal scaling started in" + of,
                          "Starting: Scaling MySQL: demo/my-group to 4 members",
                          "Successful: Horizontal scaling Up performed successfully in" + of,
                          "Starting: Resuming MySQL database: demo/my-group",
                          "Successful: Successfully resumed MySQL database: demo/my-group",
                          "Successful: Controller has Successfully scaled the MySQL database: "
                          "demo/my-group"));
}

TEST(HorizontalScaling, MovesThePrimaryAndLetsTheLastMemberGo) {
  GrowingWorld world(group_of_four());
  world.servers.ask("my-group-3", "SELECT group_replication_set_as_primary('" +
                                      id_of_pod("my-group-3") + "', 5)");
  world.scale_to(3);
  EXPECT_EQ(world.ops.phase_of(scale), "Successful") << world.ops.message_of(scale, "Failed");
  EXPECT_THAT(told_conditions(world.ops),
              ElementsAre("Progressing", "Scaling", "ScalingDown", "Successful"));
  EXPECT_TRUE(world.pod(3).is_null());
  EXPECT_FALSE(world.ops.world.get(kinds::persistent_volume_claim, "data-my-group-3").is_null())
      << "its data are gone";
  EXPECT_EQ(world.servers.primary(), "my-group-0");
  EXPECT_EQ(world.servers.switches, 2) << "ours, and that of the test";
  EXPECT_EQ(world.fewest(), 3);

  some_rounds(world.ops);
  EXPECT_EQ(world.spec_replicas(), 3);
  EXPECT_TRUE(world.pod(3).is_null()) << "the provisioner made it again";
  EXPECT_EQ(world.ops.world.phase("my-group"), "Ready");
}

// Killed after each record of the log; each commit takes a share of them.
TEST(HorizontalScaling, MakesTheSameWritesWhereverTheOpsManagerIsKilled) {
  for (const int to : {4, 3}) {
    const std::string manifest = to == 4 ? group : group_of_four();
    GrowingWorld calm(manifest);
    calm.scale_to(to);
    const std::vector<std::string> expected = calm.ops.writes();
    ASSERT_EQ(expected.size(), to == 4 ? 4U : 6U) << ::testing::PrintToString(expected);
    for (std::size_t kill_after = 1; kill_after <= calm.ops.records(); ++kill_after) {
      if (!crash::takes(kill_after, 4)) continue;
      GrowingWorld world(manifest);
      world.scale_to(to, kill_after);
      EXPECT_EQ(world.ops.phase_of(scale), "Successful") << "killed after " << kill_after;
      EXPECT_EQ(world.ops.writes(), expected) << "killed after " << kill_after;
    }
  }
}

TEST(HorizontalScaling, OfAStandaloneServerIsRefused) {
  OpsWorld world;
  world.request_of("HorizontalScaling", scale, members(3));
  world.finish(scale);
  EXPECT_EQ(world.phase_of(scale), "Failed");
  EXPECT_THAT(world.message_of(scale, "HorizontalScaling"),
              HasSubstr("applicable only for group Replication: it is a standalone server"));
  EXPECT_THAT(world.writes(), IsEmpty());
}

TEST(VerticalScaling, OfAStandaloneServerEndsInPodSetAndSpec) {
  OpsWorld world;
  const std::string pod = world.pod_uid();
  world.request_of("VerticalScaling", scale, bigger);
  world.finish(scale);
  EXPECT_EQ(world.phase_of(scale), "Successful") << world.message_of(scale, "Failed");
  EXPECT_NE(world.pod_uid(), pod);
  EXPECT_THAT(told_conditions(world),
              ElementsAre("Progressing", "Scaling", "VerticalScaling", "Successful"));
  EXPECT_THAT(world.events_of(scale), Contains("Starting: Restarting Pod: my-standalone-0/demo"));
  EXPECT_EQ(world.writes().size(), 7U) << ::testing::PrintToString(world.writes());

  some_rounds(world);
  const Json resources = {{"requests", {{"cpu", "700m"}, {"memory", "2Gi"}}},
                          {"limits", {{"memory", "2Gi"}}}};
  const Json set = world.world.get(kinds::stateful_set, "my-standalone");
  EXPECT_EQ(server_in(set.at("/spec/template/spec"_json_pointer)).at("resources"), resources);
  const Json now = world.world.get(kinds::pod, "my-standalone-0");
  EXPECT_EQ(server_in(now.at("spec")).at("resources"), resources);
  const Json mysql = world.world.get(kinds::mysql, "my-standalone");
  EXPECT_EQ(mysql.at("/spec/podTemplate/spec/containers/0/resources/requests/cpu"_json_pointer),
            "0.7");
  EXPECT_EQ(world.world.phase(), "Ready");
}

TEST(VerticalScaling, MakesTheSameWritesWhereverTheOpsManagerIsKilled) {
  OpsWorld calm;
  calm.request_of("VerticalScaling", scale, bigger);
  calm.finish(scale);
  const std::vector<std::string> expected = calm.writes();
  for (std::size_t kill_after = 1; kill_after <= calm.records(); ++kill_after) {
    if (!crash::takes(kill_after, 4)) continue;
    OpsWorld world;
    world.request_of("VerticalScaling", scale, bigger);
    world.finish(scale, kill_after);
    EXPECT_EQ(world.phase_of(scale), "Successful") << "killed after " << kill_after;
    EXPECT_EQ(world.writes(), expected) << "killed after " << kill_after;
  }
}

// What follows from the memory limit changes with it, and no pod is left behind what the
// provisioner makes of the spec.
TEST(VerticalScaling, OfAGroupGivesEveryMemberItsBuffersToo) {
  GrowingWorld world;
  world.ops.request_of("VerticalScaling", scale, bigger);
  world.ops.finish(scale);
  EXPECT_EQ(world.ops.phase_of(scale), "Successful") << world.ops.message_of(scale, "Failed");
  EXPECT_EQ(world.labels(), "sps") << "the primary was moved, and goes last";
  EXPECT_EQ(world.fewest(), 2);
  some_rounds(world.ops);
  const Json set = world.ops.world.get(kinds::stateful_set, "my-group");
  const Json wanted = server_in(set.at("/spec/template/spec"_json_pointer));
  EXPECT_THAT(wanted.at("args").dump(), HasSubstr("--innodb-buffer-pool-size=1342177280"));
  for (int i = 0; i < 3; ++i) {
    const Json member = server_in(world.pod(i).at("spec"));
    EXPECT_EQ(member.at("resources"), wanted.at("resources")) << i;
    EXPECT_EQ(member.at("args"), wanted.at("args")) << i;
  }
}

}  // namespace
}  // namespace ratchet::k8s::testing
