// What is said of a pod that differs from what its StatefulSet makes: of options that its server
// would get with an upgrade, and was never started with, and of images that somebody else rewrites.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Somebody gives the server an option, which it gets when it is started next.
void give_option(OpsWorld& world, const std::string& option) {
  world.world.patch(kinds::mysql, "my-standalone",
                    {{"spec", {{"podTemplate", {{"spec", {{"args", Json::array({option})}}}}}}}});
  world.world.settle();
}

std::string plan_made(OpsWorld& world) {
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  return world.message_of("my-upgrade", "Planned");
}

// Red if what else is changed with the image comes as a surprise behind the point of no return.
TEST(PendingOptions, OfTheNextStartAreTold) {
  OpsWorld world;
  give_option(world, "--max-connections=7");
  EXPECT_THAT(plan_made(world), HasSubstr("warning pending-options (my-standalone-0): the server "
                                          "was started before its StatefulSet had "
                                          "--max-connections=7"));
}

TEST(PendingOptions, ThatAServerWasStartedWithAreNoFinding) {
  OpsWorld world;
  give_option(world, "--max-connections=7");
  world.request_of("Restart", "restart");
  world.finish("restart");
  EXPECT_EQ(world.phase_of("restart"), "Successful") << world.message_of("restart", "Failed");
  EXPECT_THAT(plan_made(world), AllOf(HasSubstr("plan "), Not(HasSubstr("pending-options")),
                                      Not(HasSubstr("rewritten-image"))));
}

// As a webhook does that has all pods pull from a mirror. Red if that is met by waiting for a pod
// with the target's image, behind the point of no return.
TEST(RewrittenImage, OfAPodIsFoundBeforeAnythingIsTouched) {
  OpsWorld world;
  Json containers = world.world.get(kinds::pod, "my-standalone-0").at("spec").at("containers");
  containers.at(0)["image"] = "mirror.example/library/mariadb:10.11.18";
  world.world.patch(kinds::pod, "my-standalone-0", {{"spec", {{"containers", containers}}}});
  world.world.settle();
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Failed");
  EXPECT_THAT(world.message_of("my-upgrade", "Failed"),
              HasSubstr("blocking rewritten-image (my-standalone-0): the pod has image "
                        "mirror.example/library/mariadb:10.11.18, and StatefulSet my-standalone"));
  EXPECT_TRUE(world.touches().empty()) << "not even paused";
}

}  // namespace
}  // namespace ratchet::k8s::testing
