// How long a server that a request stops has to end by itself: a slow shutdown takes as long as
// there is to purge, and one that is killed in it was stopped for nothing.
#include <cstdint>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

// Of the deletion of the server's pod, in seconds; nothing: what the pod's spec says.
std::optional<std::int64_t> grace_given(const OpsWorld& world) {
  for (const Written& write : world.written()) {
    const bool deletes = write.plural == "pods" && write.name == "my-standalone-0" &&
                         write.body.contains("propagationPolicy");
    if (!deletes) continue;
    if (!write.body.contains("gracePeriodSeconds")) return std::nullopt;
    return write.body.at("gracePeriodSeconds").get<std::int64_t>();
  }
  ADD_FAILURE() << "the pod was not deleted";
  return std::nullopt;
}

// Red if the kubelet kills the server after the 30 s that a pod has by default.
TEST(TimeToEnd, IsThatOfAStep) {
  OpsWorld world;
  world.request("my-upgrade", "11.8.6", "  timeout: 45m\n");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_EQ(grace_given(world), std::optional<std::int64_t>(45 * 60));
}

TEST(TimeToEnd, IsThatOfAStepInARestartToo) {
  OpsWorld world;
  world.request_of("Restart", "restart");
  world.finish("restart");
  EXPECT_EQ(world.phase_of("restart"), "Successful") << world.message_of("restart", "Failed");
  EXPECT_EQ(grace_given(world), std::optional<std::int64_t>(20 * 60)) << "by default";
}

// Red if a container of the user's that waits until it is killed, as a shell in a loop does, holds
// up the next server for as long: the kubelet waits for all of a pod's.
TEST(TimeToEnd, IsThePodsOwnBesideContainersOfOthers) {
  OpsDatabase database = standalone_database();
  database.manifest +=
      "  podTemplate: {spec: {containers: [{name: shell, image: shell, command: [sh]}]}}\n";
  OpsWorld world(database);
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_EQ(grace_given(world), std::nullopt);
}

// Red if a user's own time is cut short.
TEST(TimeToEnd, IsNeverLessThanThePodsOwn) {
  OpsDatabase database = standalone_database();
  database.manifest += "  podTemplate: {spec: {terminationGracePeriodSeconds: 7200}}\n";
  OpsWorld world(database);
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_EQ(grace_given(world), std::nullopt);
}

}  // namespace
}  // namespace ratchet::k8s::testing
