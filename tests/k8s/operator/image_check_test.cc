// What is proved: that every node of a member can pull the target's image is known before anything
// of the database is touched, and the pods that show it leave nothing behind.
#include <string>

#include <gtest/gtest.h>

#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

TEST(ImageCheck, AnImageThatANodeCannotPullIsFoundBeforeAnythingIsTouched) {
  OpsWorld world;
  world.world.missing_images.insert("docker.io/library/mariadb:11.8.6");
  const std::string pod = world.pod_uid();
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Failed");
  const std::string why = world.message_of("my-upgrade", "Failed");
  EXPECT_NE(why.find("blocking image-pull (my-standalone-0): node node cannot pull "
                     "docker.io/library/mariadb:11.8.6: ImagePullBackOff"),
            std::string::npos)
      << why;
  EXPECT_EQ(world.writes().size(), 2u) << "a pod that was made and removed";
  EXPECT_EQ(world.pod_uid(), pod);
  world.run_until([&] { return world.world.names(kinds::pod).size() == 1; });
}

TEST(ImageCheck, ThePodThatPullsTheImageIsTheRequestsAndNoMember) {
  OpsWorld world;
  Json seen;
  world.request("my-upgrade", "11.8.6");
  world.run_until([&] {
    for (const std::string& name : world.world.names(kinds::pod)) {
      if (name != "my-standalone-0") seen = world.world.get(kinds::pod, name);
    }
    return world.world.condition("Paused")["status"] == "True";
  });
  ASSERT_TRUE(seen.is_object());
  const Json request = world.world.get(kinds::mysql_ops_request, "my-upgrade");
  EXPECT_EQ(seen["metadata"]["ownerReferences"][0]["uid"], request["metadata"]["uid"]);
  EXPECT_FALSE(seen["metadata"]["labels"].contains("app.kubernetes.io/instance"));
  EXPECT_EQ(seen["spec"]["nodeName"], "node");
  EXPECT_EQ(seen["spec"]["containers"][0]["image"], "docker.io/library/mariadb:11.8.6");
  EXPECT_EQ(world.world.names(kinds::pod).size(), 1U) << "it is gone before the pause";
}

// The target is in a registry that asks who pulls; what runs is not.
OpsDatabase with_pull_secret() {
  OpsDatabase database = standalone_database();
  database.manifest += "  podTemplate: {spec: {imagePullSecrets: [{name: registry-key}]}}\n";
  return database;
}

TEST(ImageCheck, APrivateImageIsPulledWithTheSecretsOfTheMember) {
  OpsWorld world(with_pull_secret());
  world.world.private_images["docker.io/library/mariadb:11.8.6"] = "registry-key";
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  const Json member = world.world.get(kinds::pod, "my-standalone-0");
  EXPECT_EQ(member.value("/spec/imagePullSecrets/0/name"_json_pointer, ""), "registry-key");
  EXPECT_EQ(world.image(), "docker.io/library/mariadb:11.8.6");
}

TEST(ImageCheck, AMemberWithoutTheSecretOfAPrivateImageIsNotTouched) {
  OpsWorld world;
  world.world.private_images["docker.io/library/mariadb:11.8.6"] = "registry-key";
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Failed");
  EXPECT_NE(world.message_of("my-upgrade", "Failed").find("blocking image-pull"),
            std::string::npos);
  EXPECT_TRUE(world.touches().empty());
}

// Also when every answer to a write is lost once: the pod is made once, and removed.
TEST(ImageCheck, LooksBeforeItMakesThePodAgain) {
  OpsWorld world;
  int lost = 0;
  world.world.faults.on_write = [&](const embedded::Call& call) {
    const bool first = call.user == "ops-manager" && call.plural == "pods" &&
                       call.verb == embedded::Verb::create && lost++ == 0;
    return first ? embedded::Fault::lost_after : embedded::Fault::none;
  };
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_EQ(lost, 1) << "it was made twice";
}

// Cancelled after the API server has made the pod, and before anybody has heard of that. Red if it
// is left behind, where it refuses the next request.
TEST(ImageCheck, OfARunThatIsCancelledLeavesNothingBehind) {
  OpsWorld world;
  bool lost = false;
  world.world.faults.on_write = [&](const embedded::Call& call) {
    const bool first = call.user == "ops-manager" && call.plural == "pods" &&
                       call.verb == embedded::Verb::create && !lost;
    lost = lost || first;
    return first ? embedded::Fault::lost_after : embedded::Fault::none;
  };
  world.request("my-upgrade", "11.8.6");
  world.run_until([&] { return lost; });
  const std::string run =
      world.world.get(kinds::mysql_ops_request, "my-upgrade")["metadata"]["uid"];
  world.engine().cancel(run, {"ann", "not today"});
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Failed");
  world.run_until([&] { return world.world.names(kinds::pod).size() == 1; });
  world.request("again", "11.8.6");
  world.finish("again");
  EXPECT_EQ(world.phase_of("again"), "Successful") << world.message_of("again", "Failed");
}

constexpr const char* target = "docker.io/library/mariadb:11.8.6";
constexpr const char* manifest_a = "docker.io/library/mariadb@sha256:aa";
constexpr const char* manifest_b = "docker.io/library/mariadb@sha256:bb";

// The name stands for manifest_a when the plan is made, and for `other` once the MySQL is paused.
void upgrade_while_the_tag_moves(OpsWorld& world, const std::string& image, const char* other) {
  world.world.image_ids[image] = manifest_a;
  world.request("my-upgrade", "11.8.6");
  world.run_until([&] { return world.world.condition("Paused")["status"] == "True"; });
  world.world.image_ids[image] = other;
  world.finish("my-upgrade");
}

// Red if the digest that the node has does not come into what `kubectl describe` shows.
TEST(PinnedImage, IsToldInThePlan) {
  OpsWorld world;
  world.world.image_ids[target] = manifest_a;
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_NE(world.message_of("my-upgrade", "Planned").find(". Image: sha256:aa"), std::string::npos)
      << world.message_of("my-upgrade", "Planned");
}

// The tag is moved while the old server is being stopped. Red if nobody compares what was started.
TEST(PinnedImage, OfATagThatIsMovedAfterThePlanFailsTheRun) {
  OpsWorld world;
  upgrade_while_the_tag_moves(world, target, manifest_b);
  EXPECT_EQ(world.phase_of("my-upgrade"), "Failed");
  const std::string why = world.message_of("my-upgrade", "Failed");
  for (const char* part :
       {"the container mysql of pod demo/my-standalone-0 was started from "
        "sha256:bb, and the plan pins sha256:aa",
        "name that one in the MySQLVersion by its digest", "the only way is forward. Next: "}) {
    EXPECT_NE(why.find(part), std::string::npos) << part << " in " << why;
  }
  EXPECT_EQ(world.world.get(kinds::mysql, "my-standalone")["spec"]["version"], "10.11.18");
  EXPECT_TRUE(world.world.condition("Paused").is_null());
}

// What it says to do: who wants what the tag stands for now asks once more.
TEST(PinnedImage, IsThatOfTheNextRequest) {
  OpsWorld world;
  upgrade_while_the_tag_moves(world, target, manifest_b);
  world.request("again", "11.8.6", "  apply: Always\n");
  world.finish("again");
  EXPECT_EQ(world.phase_of("again"), "Successful") << world.message_of("again", "Failed");
}

// Red if the digest of an imported image is held against that of a pulled one.
TEST(PinnedImage, IsNotComparedWithADigestOfAnotherKind) {
  OpsWorld world;
  upgrade_while_the_tag_moves(world, target, "sha256:cc");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
}

// A digest in the catalogue is one image everywhere, whatever else a node calls it.
TEST(PinnedImage, OfTheCatalogueIsNobodyElses) {
  OpsWorld world;
  const std::string named = std::string(target) + "@sha256:0f";
  world.world.patch(kinds::mysql_version, "11.8.6", {{"spec", {{"db", {{"image", named}}}}}});
  upgrade_while_the_tag_moves(world, named, manifest_b);
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_NE(world.message_of("my-upgrade", "Planned").find(". Image: sha256:0f"),
            std::string::npos);
}

}  // namespace
}  // namespace ratchet::k8s::testing
