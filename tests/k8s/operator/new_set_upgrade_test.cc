// The upgrade of a replication group by another StatefulSet, by the real handlers, on the embedded
// API server with the provisioner at work, its servers a model. What fills the volumes is tested by
// tests/k8s/adapters/seed_script_test.py.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/crash/share.h"
#include "tests/k8s/operator/cluster_world.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/manifests.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* db = "my-group";

struct NewSetWorld : ClusterWorld<FakeGroup> {
  NewSetWorld() : ClusterWorld(group, db) {
    servers.write();
    for (int i = 0; i < 3; ++i) follow_too(pod_name("my-group-1", i));
    ops.world.patch(
        kinds::mysql, db,
        {{"metadata", {{"annotations", {{"ratchet.dev/strategy", "NewStatefulSet"}}}}}});
  }
  // Of the server in a StatefulSet's template: the option that begins so.
  std::string option(const std::string& set, const std::string& begin) {
    const Json found = ops.world.get(kinds::stateful_set, set);
    for (const Json& word : found.at("/spec/template/spec/containers/1/args"_json_pointer)) {
      if (word.get<std::string>().starts_with(begin)) return word.get<std::string>();
    }
    return "";
  }
  // As somebody edits it; the claims that are there stay as they are.
  void set_storage(const char* size) {
    ops.world.patch(
        kinds::mysql, db,
        {{"spec", {{"storage", {{"resources", {{"requests", {{"storage", size}}}}}}}}}});
  }
  std::string note(const Resource& kind, const std::string& name, const std::string& key) {
    const Json object = ops.world.get(kind, name);
    return object["metadata"].value("annotations", Json::object()).value(key, "");
  }
};

TEST(NewSetUpgrade, LeavesTheNewSetAndTheFormerVolumes) {
  NewSetWorld world;
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  ASSERT_EQ(world.ops.phase_of("my-upgrade"), "Successful")
      << world.ops.message_of("my-upgrade", "Failed");
  World& cluster = world.ops.world;
  EXPECT_THAT(cluster.names(kinds::stateful_set), ElementsAre("my-group-1"));
  EXPECT_THAT(cluster.names(kinds::pod),
              ElementsAre("my-group-1-0", "my-group-1-1", "my-group-1-2"));
  EXPECT_EQ(cluster.get(kinds::mysql, db)["spec"]["version"], "9.7.5");
  EXPECT_EQ(world.note(kinds::mysql, db, "ratchet.dev/stateful-set"), "my-group-1");
  for (int i = 0; i < 3; ++i) {
    const std::string claim = "data-" + world.pod_name(i);
    EXPECT_NE(world.note(kinds::persistent_volume_claim, claim, "ratchet.dev/retain-until"), "");
    const std::string used = "data-my-group-1-" + std::to_string(i);
    EXPECT_EQ(world.note(kinds::persistent_volume_claim, used, "ratchet.dev/retain-until"), "");
    EXPECT_EQ(world.servers.at("my-group-1-" + std::to_string(i)).server_id,
              static_cast<unsigned>(101 + i))
        << "no other member ever had it";
  }
  EXPECT_EQ(world.servers.primary(), "my-group-1-0");
  EXPECT_EQ(world.servers.switches, 1);
  EXPECT_EQ(world.servers.groups_formed, 1) << "it was never without a majority";
  EXPECT_EQ(world.fewest(), 3) << "there was less than a whole group";
}

// CLONE copies such a table empty, and the former volumes go after a week. Red if nothing but a
// warning says so.
TEST(NewSetUpgrade, IsNotBegunWithTablesThatItWouldCopyEmpty) {
  NewSetWorld world;
  world.ops.planted["'BLACKHOLE'"] = {{"shop", "old", "MyISAM"}};
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  EXPECT_THAT(world.ops.message_of("my-upgrade", "Failed"),
              HasSubstr("blocking seeding: table `shop`.`old` is of engine MyISAM"));
  EXPECT_TRUE(world.ops.writes().empty()) << "not even paused";
}

TEST(NewSetUpgrade, IsNotBegunWithClaimsThatAreTooSmallForACopy) {
  NewSetWorld world;
  world.set_storage("500Mi");
  world.ops.planted["SELECT COALESCE(SUM(FILE_SIZE)"] = {{"629145600", "0"}};
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  EXPECT_THAT(world.ops.message_of("my-upgrade", "Failed"),
              HasSubstr("the claims of the new StatefulSet get 500 MiB (spec.storage), and a copy "
                        "of a member needs at least 616 MiB"));
  EXPECT_TRUE(world.ops.writes().empty()) << "not even paused";
}

// For the metrics, and who is woken by them.
TEST(Fence, IsSeenUntilTheProvisionerHasLiftedIt) {
  NewSetWorld world;
  const auto fence = [&](const std::string& text) {
    world.ops.world.patch(kinds::mysql, db,
                          {{"metadata", {{"annotations", {{"ratchet.dev/fence", text}}}}}});
  };
  const auto ends = [&] { return world.ops.manager().fence_ends(); };
  bool is_up = false;
  world.ops.run_until([&] { return std::exchange(is_up, true); });
  fence("my-group-0/2099-01-01T00:00:00Z");
  world.ops.run_until([&] { return !ends().empty(); });
  EXPECT_EQ(ends(),
            std::vector{engine::Time(std::chrono::sys_days{std::chrono::year{2099} / 1 / 1})});
  fence("my-group-0");
  world.ops.run_until([&] { return ends() == std::vector{engine::Time{}}; });  // long over
  world.ops.run_until([&] { return ends().empty(); });
}

TEST(NewSetUpgrade, IsKeptByTheProvisionerAsItIs) {
  NewSetWorld world;
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  World& cluster = world.ops.world;
  world.ops.run_until([&] {
    return cluster.phase(db) == "Ready" &&
           cluster.names(kinds::pod_disruption_budget) == std::vector<std::string>{"my-group-1"};
  });
  const Json set = cluster.get(kinds::stateful_set, "my-group-1");
  EXPECT_FALSE(set.at("/spec/template/spec"_json_pointer).contains("initContainers"));
  const std::string seeds = world.option("my-group-1", "--loose-group-replication-group-seeds=");
  EXPECT_THAT(seeds, HasSubstr("my-group-1-2.my-group-pods."));
  EXPECT_THAT(seeds, Not(HasSubstr("my-group-2.my-group-pods."))) << "the former members are gone";
  EXPECT_THAT(cluster.names(kinds::stateful_set), ElementsAre("my-group-1"));
}

TEST(NewSetUpgrade, TellsWhatKubeDbToldOfAMajorUpgrade) {
  NewSetWorld world;
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  std::vector<std::string> told = world.ops.events_of("my-upgrade");
  const auto retained = std::erase_if(
      told, [](const std::string& text) { return text.starts_with("Retained: Claim demo/data-"); });
  EXPECT_EQ(retained, 3U);
  const std::string request = "MySQLOpsRequest: my-upgrade";
  const std::string move = "demo/my-group to Pod: my-group-1-0/demo";
  const std::string joined = "Successful: Joning new node with upgraded image: demo/my-group-1-";
  EXPECT_EQ(told,
            (std::vector<std::string>{
                "Starting: Start processing for MySQLOpsRequest: demo/my-upgrade",
                "Planned: Planned the upgrade of MySQL demo/my-group: " +
                    world.ops.planned_in_short("my-upgrade"),
                "Starting: Pausing MySQL databse: demo/my-group",
                "Successful: Successfully paused MySQL database: demo/my-group for " + request,
                "Starting: Upgrading MySQL images: demo/my-group for " + request, joined + "0",
                joined + "1", joined + "2", "Starting: Retiring Pod: my-group-1/demo",
                "Starting: Retiring Pod: my-group-2/demo",
                "Starting: Moving the primary of MySQL: " + move,
                "Successful: Successfully moved the primary of MySQL: " + move,
                "Starting: Retiring Pod: my-group-0/demo",
                "Successful: Image successfully updated in MySQL: demo/my-group for " + request,
                "Starting: Resuming MySQL database: demo/my-group",
                "Successful: Successfully resumed MySQL database: demo/my-group",
                ("Successful: Controller has Successfully upgraded the version of MySQL : "
                 "demo/my-group")}));
}

TEST(NewSetUpgrade, SeedsByTheFormerImageFromTheFormerMembers) {
  NewSetWorld world;
  world.set_storage("2Gi");
  world.ops.request("my-upgrade", "9.7.5");
  Json set;
  world.ops.run_until([&] {
    set = world.ops.world.get(kinds::stateful_set, "my-group-1");
    return !set.is_null();
  });
  const Json seed = set.at("/spec/template/spec/initContainers/0"_json_pointer);
  EXPECT_EQ(seed["name"], "seed");
  EXPECT_EQ(seed["image"], "docker.io/library/mysql:9.7.4");
  EXPECT_FALSE(seed.contains("ports"));
  const std::string text = seed["env"].dump();
  EXPECT_THAT(text, HasSubstr("my-group-1.my-group-pods.demo.svc my-group-2.my-group-pods.demo.svc "
                              "my-group-0.my-group-pods.demo.svc"));
  EXPECT_THAT(text, HasSubstr(R"("name":"my-group-replication")"));
  for (const Json& container : set.at("/spec/template/spec/containers"_json_pointer)) {
    EXPECT_EQ(container["image"], next_image);
  }
  EXPECT_EQ(set.at("/spec/volumeClaimTemplates/0/spec/resources/requests/storage"_json_pointer),
            "2Gi")
      << "the former claims have another size";
  EXPECT_THAT(world.option("my-group-1", "--loose-group-replication-group-seeds="),
              HasSubstr(",my-group-2.my-group-pods."))
      << "the first new member finds nobody but former ones";
}

// Killed after each record of the log; each commit takes a share of them.
TEST(NewSetUpgrade, MakesTheSameWritesWhereverItIsKilled) {
  NewSetWorld calm;
  calm.ops.request("my-upgrade", "9.7.5");
  calm.ops.finish("my-upgrade");
  const std::vector<std::string> expected = calm.ops.writes();
  ASSERT_GT(calm.ops.records(), 50U);
  for (std::size_t kill_after = 1; kill_after <= calm.ops.records(); ++kill_after) {
    if (!crash::takes(kill_after, 12)) continue;
    NewSetWorld world;
    world.ops.request("my-upgrade", "9.7.5");
    world.ops.finish("my-upgrade", kill_after);
    EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful") << "killed after " << kill_after;
    EXPECT_EQ(world.ops.writes(), expected) << "killed after " << kill_after;
    EXPECT_EQ(world.servers.switches, 1) << "killed after " << kill_after;
  }
}

TEST(NewSetUpgrade, IsRefusedBesideASetOfThatName) {
  NewSetWorld world;
  Json other = world.ops.world.get(kinds::stateful_set, db);
  other["metadata"] = {{"name", "my-group-1"}, {"namespace", "demo"}};
  other["spec"]["replicas"] = 0;
  other.erase("status");
  ASSERT_TRUE(world.ops.world.run(world.ops.world.client.create(kinds::stateful_set, other)).ok());
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  EXPECT_THAT(world.ops.message_of("my-upgrade", "Failed"),
              HasSubstr("StatefulSet demo/my-group-1 is there already, and not of this upgrade"));
  EXPECT_THAT(world.ops.message_of("my-upgrade", "Failed"), HasSubstr("The upgrade was undone"));
}

TEST(NewSetUpgrade, IsRefusedForAStrategyThatIsNone) {
  NewSetWorld world;
  world.ops.world.patch(kinds::mysql, db,
                        {{"metadata", {{"annotations", {{"ratchet.dev/strategy", "InPlace"}}}}}});
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.finish("my-upgrade");
  EXPECT_THAT(world.ops.message_of("my-upgrade", "Failed"),
              HasSubstr("the one strategy to ask for is NewStatefulSet"));
  EXPECT_TRUE(world.ops.writes().empty());
}

}  // namespace
}  // namespace ratchet::k8s::testing
