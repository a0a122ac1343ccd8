// What comes after an upgrade by another StatefulSet: requests of other types, the provisioner's
// care, and the database's end, also where the upgrade ended half way.
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/inspect/history.h"
#include "tests/k8s/operator/cluster_world.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/manifests.h"
#include "workflows/mysql/plan.pb.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* the_db = "my-group";
constexpr const char* later_release = R"(
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: "9.7.6"}
spec:
  version: "9.7.6"
  db: {image: "docker.io/library/mysql:9.7.6"}
)";

// A group whose upgrade by another StatefulSet has begun.
struct MovingWorld : ClusterWorld<FakeGroup> {
  explicit MovingWorld(const std::string& policy = "WipeOut") : ClusterWorld(group, the_db) {
    servers.write();
    for (const char* set : {"my-group-1", "my-group-2"}) {
      for (int i = 0; i < 4; ++i) follow_too(pod_name(set, i));
    }
    cluster().apply(later_release);
    ask_for_strategy("NewStatefulSet");
    cluster().patch(kinds::mysql, the_db, {{"spec", {{"deletionPolicy", policy}}}});
    at_each_round = [this] { tell_versions(); };
    ops.request("my-upgrade", "9.7.5");
  }
  World& cluster() { return ops.world; }
  // A server is of the version that its pod's image names.
  void tell_versions() {
    for (const std::string& pod : pods()) {
      const Json found = cluster().get(kinds::pod, pod);
      const Json::json_pointer image("/spec/containers/1/image");
      if (!found.contains(image)) continue;
      const std::string name = found.at(image);
      servers.at(pod).version = name.substr(name.rfind(':') + 1);
    }
  }
  void ask_for_strategy(const Json& strategy) {
    cluster().patch(kinds::mysql, the_db,
                    {{"metadata", {{"annotations", {{"ratchet.dev/strategy", strategy}}}}}});
  }
  // What stopped the request of this type; empty: nothing did.
  std::string do_request(const std::string& type, const std::string& more) {
    ops.request_of(type, "next", more);
    return end_of("next");
  }
  std::string end_of(const std::string& name) {
    ops.finish(name);
    const bool failed = ops.phase_of(name) != "Successful";
    return failed ? ops.phase_of(name) + ": " + ops.message_of(name, "Failed") : "";
  }
  std::string upgrade_to(const std::string& version) {
    ops.request("next", version);
    return end_of("next");
  }
  void some_rounds(int count = 30) {
    ops.run_until([&] { return --count < 0; });
  }
  std::vector<std::string> pods() { return cluster().names(kinds::pod); }
  std::vector<std::string> sets() { return cluster().names(kinds::stateful_set); }
};

struct MovedWorld : MovingWorld {
  explicit MovedWorld(const std::string& policy = "WipeOut") : MovingWorld(policy) {
    EXPECT_EQ(end_of("my-upgrade"), "");
    some_rounds();
  }
};

TEST(AfterANewSet, ItsServersAreRestarted) {
  MovedWorld world;
  const std::string before = world.cluster().get(kinds::pod, "my-group-1-2")["metadata"]["uid"];
  EXPECT_EQ(world.do_request("Restart", ""), "");
  EXPECT_NE(world.cluster().get(kinds::pod, "my-group-1-2")["metadata"]["uid"], before);
  EXPECT_THAT(world.pods(), ElementsAre("my-group-1-0", "my-group-1-1", "my-group-1-2"));
}

TEST(AfterANewSet, ItIsScaledInBothDirections) {
  MovedWorld world;
  EXPECT_EQ(world.do_request("HorizontalScaling", "  horizontalScaling: {member: 4}\n"), "");
  world.some_rounds();
  EXPECT_TRUE(world.servers.serves("my-group-1-3"));
  EXPECT_EQ(world.cluster().phase(the_db), "Ready");
  world.ops.request_of("HorizontalScaling", "back", "  horizontalScaling: {member: 3}\n");
  EXPECT_EQ(world.end_of("back"), "");
  world.some_rounds();
  EXPECT_THAT(world.pods(), ElementsAre("my-group-1-0", "my-group-1-1", "my-group-1-2"));
}

TEST(AfterANewSet, ItsServersGetOtherResources) {
  MovedWorld world;
  EXPECT_EQ(world.do_request("VerticalScaling",
                             "  verticalScaling:\n"
                             "    mysql: {resources: {limits: {memory: 2Gi}}}\n"),
            "");
  world.some_rounds();
  const Json pod = world.cluster().get(kinds::pod, "my-group-1-0");
  EXPECT_EQ(pod.at("/spec/containers/1/resources/limits/memory"_json_pointer), "2Gi");
  EXPECT_THAT(world.sets(), ElementsAre("my-group-1"));
}

TEST(AfterANewSet, ItIsUpgradedInPlace) {
  MovedWorld world;
  world.ask_for_strategy(nullptr);
  EXPECT_EQ(world.upgrade_to("9.7.6"), "");
  world.some_rounds();
  EXPECT_THAT(world.sets(), ElementsAre("my-group-1"));
  EXPECT_THAT(world.pods(), ElementsAre("my-group-1-0", "my-group-1-1", "my-group-1-2"));
}

TEST(AfterANewSet, AnotherOneFollows) {
  MovedWorld world;
  EXPECT_EQ(world.upgrade_to("9.7.6"), "");
  world.some_rounds();
  EXPECT_THAT(world.sets(), ElementsAre("my-group-2"));
  EXPECT_THAT(world.pods(), ElementsAre("my-group-2-0", "my-group-2-1", "my-group-2-2"));
  EXPECT_THAT(world.cluster().names(kinds::pod_disruption_budget), ElementsAre("my-group-2"));
}

TEST(AfterANewSet, AnEditOfTheSpecReachesIt) {
  MovedWorld world;
  world.cluster().patch(kinds::mysql, the_db, {{"spec", {{"replicas", 4}}}});
  world.some_rounds();
  EXPECT_TRUE(world.servers.serves("my-group-1-3"));
  EXPECT_THAT(world.sets(), ElementsAre("my-group-1"));
}

TEST(AfterANewSet, ItIsHaltedAndComesBackAsItWas) {
  MovedWorld world;
  world.cluster().patch(kinds::mysql, the_db, {{"spec", {{"halted", true}}}});
  world.ops.run_until([&] { return world.cluster().phase(the_db) == "Halted"; });
  EXPECT_THAT(world.pods(), IsEmpty());
  world.cluster().patch(kinds::mysql, the_db, {{"spec", {{"halted", false}}}});
  world.ops.run_until([&] { return world.cluster().phase(the_db) == "Ready"; });
  EXPECT_THAT(world.sets(), ElementsAre("my-group-1"));
}

TEST(AfterANewSet, WipeOutTakesTheFormerVolumesToo) {
  MovedWorld world;
  world.cluster().remove(kinds::mysql, the_db);
  world.some_rounds();
  EXPECT_THAT(world.pods(), IsEmpty());
  EXPECT_THAT(world.cluster().names(kinds::persistent_volume_claim), IsEmpty());
}

// An upgrade that ended half way, its database resumed.
struct HalfMadeWorld : MovingWorld {
  enum class At { two_sets, left_pods };
  explicit HalfMadeWorld(At at) {
    ops.run_until([&] { return at == At::two_sets ? has_two_sets() : has_retired_one(); });
    const Json request = cluster().get(kinds::mysql_ops_request, "my-upgrade");
    const std::string run = request["metadata"]["uid"];
    ops.engine().terminate(run, {"ann", "a test"});
    ops.run_until([&] { return ops.engine().state(run) == engine::RunState::terminated; });
    cluster().remove(kinds::mysql_ops_request, "my-upgrade");
    cluster().resume(the_db);
    some_rounds();
  }
  bool has_two_sets() { return sets().size() == 2 && servers.serves("my-group-1-0"); }
  bool has_retired_one() { return sets().size() == 1 && pods().size() == 5; }
};

constexpr HalfMadeWorld::At half_ways[] = {HalfMadeWorld::At::two_sets,
                                           HalfMadeWorld::At::left_pods};

// Of the run's plan, by name.
std::set<std::string> planned_members(OpsWorld& ops, const std::string& request) {
  std::set<std::string> pods;
  const Json found = ops.world.get(kinds::mysql_ops_request, request);
  std::map<engine::CommandId, std::string> steps;
  const auto run = engine::find_run(ops.log(), found["metadata"]["uid"]);
  for (const engine::HistoryTurn& record : engine::read_history(ops.log(), run->run)) {
    for (const engine::Event& event : record.turn.events) {
      if (const auto* step = std::get_if<engine::StepScheduled>(&event)) {
        steps[step->command] = step->activity;
      }
      const auto* done = std::get_if<engine::StepCompleted>(&event);
      if (done == nullptr || steps[done->command] != "make_plan") continue;
      mysql::Plan plan;
      plan.ParseFromString(done->result);
      for (const mysql::PlannedMember& member : plan.members()) pods.insert(member.pod());
    }
  }
  return pods;
}

// Red if the look leaves out the members that no StatefulSet has any more.
TEST(HalfMadeNewSet, IsFinishedByAnotherRequest) {
  for (const auto at : half_ways) {
    HalfMadeWorld world(at);
    EXPECT_EQ(world.upgrade_to("9.7.5"), "");
    EXPECT_TRUE(planned_members(world.ops, "next").contains(world.pod_name(0)));
    world.some_rounds();
    EXPECT_THAT(world.pods(), ElementsAre("my-group-1-0", "my-group-1-1", "my-group-1-2"));
  }
}

TEST(HalfMadeNewSet, OtherRequestsSayWhatIsToBeDoneFirst) {
  for (const auto at : half_ways) {
    HalfMadeWorld world(at);
    const std::vector<std::string> before = world.pods();
    world.ask_for_strategy(nullptr);
    const std::string said = "was left half made";
    EXPECT_THAT(world.do_request("Restart", ""), HasSubstr(said));
    world.ops.request_of("HorizontalScaling", "more", "  horizontalScaling: {member: 4}\n");
    EXPECT_THAT(world.end_of("more"), HasSubstr(said));
    world.ops.request_of("VerticalScaling", "bigger",
                         "  verticalScaling:\n"
                         "    mysql: {resources: {limits: {memory: 2Gi}}}\n");
    EXPECT_THAT(world.end_of("bigger"), HasSubstr(said));
    world.ops.request("in-place", "9.7.5");
    EXPECT_THAT(world.end_of("in-place"), HasSubstr(said));
    EXPECT_EQ(world.pods(), before);
  }
}

// Red if pods that a deleted StatefulSet has left outlive their MySQL.
TEST(HalfMadeNewSet, GoesWithItsMySql) {
  for (const auto at : half_ways) {
    HalfMadeWorld world(at);
    world.cluster().remove(kinds::mysql, the_db);
    world.some_rounds();
    EXPECT_THAT(world.pods(), IsEmpty());
    EXPECT_THAT(world.cluster().names(kinds::persistent_volume_claim), IsEmpty());
  }
}

TEST(HalfMadeNewSet, IsNotHalted) {
  HalfMadeWorld world(HalfMadeWorld::At::left_pods);
  world.cluster().patch(kinds::mysql, the_db, {{"spec", {{"halted", true}}}});
  world.some_rounds();
  EXPECT_EQ(world.cluster().condition("SpecAccepted", the_db)["reason"], "UpgradeHalfMade");
  EXPECT_EQ(world.pods().size(), 5U);
}

TEST(HalfMadeNewSet, EndsWhenItsMySqlIsDeletedInMidRun) {
  MovingWorld world;
  world.ops.run_until([&] { return world.sets().size() == 1 && world.pods().size() == 5; });
  world.cluster().remove(kinds::mysql, the_db);
  world.ops.finish("my-upgrade");
  world.some_rounds();
  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Failed");
  EXPECT_THAT(world.pods(), IsEmpty());
  EXPECT_THAT(world.sets(), IsEmpty());
}

// Red if a MySQL that knows of no upgrade takes up the volumes that were retired.
TEST(AfterANewSet, AMySqlThatIsMadeAgainTakesUpTheNewestVolumes) {
  MovedWorld world("Halt");
  world.cluster().remove(kinds::mysql, the_db);
  world.some_rounds();
  ASSERT_THAT(world.sets(), IsEmpty());
  std::string again = group;
  again.replace(again.find("9.7.4"), 5, "9.7.5");
  world.cluster().apply(again);
  world.some_rounds();
  EXPECT_THAT(world.sets(), ElementsAre("my-group-1"));
}

TEST(AfterANewSet, WhereNothingTellsWhichVolumesAreNewestNoneIsOpened) {
  MovedWorld world("Halt");
  for (int i = 0; i < 3; ++i) {
    world.cluster().patch(
        kinds::persistent_volume_claim, "data-" + world.pod_name(i),
        {{"metadata", {{"annotations", {{"ratchet.dev/retain-until", nullptr}}}}}});
  }
  world.cluster().remove(kinds::mysql, the_db);
  world.some_rounds();
  world.cluster().apply(group);
  world.some_rounds();
  EXPECT_THAT(world.sets(), IsEmpty());
  const Json refused = world.cluster().condition("SpecAccepted", the_db);
  EXPECT_THAT(refused["message"].get<std::string>(),
              HasSubstr("volumes of the StatefulSets my-group, my-group-1"));
}

}  // namespace
}  // namespace ratchet::k8s::testing
