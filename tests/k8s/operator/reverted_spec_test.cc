// A GitOps tool that knows only the former version puts it back into the spec while a run is under
// way, past the webhook. Red if anybody follows the spec: the former server on files that the
// target has converted.
#include <string>

#include <gtest/gtest.h>

#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

TEST(ARevertedSpec, InMidRunStartsNoOlderServer) {
  OpsWorld world;
  const char* name = "my-standalone";
  world.request("my-upgrade", "11.8.6");
  world.run_until(
      [&] { return world.world.get(kinds::mysql, name)["spec"]["version"] == "11.8.6"; });
  ASSERT_EQ(world.phase_of("my-upgrade"), "Progressing");
  const std::string pod = world.pod_uid();
  world.world.patch(kinds::mysql, name, {{"spec", {{"version", "10.11.18"}}}});
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_TRUE(world.world.condition("Paused").is_null());
  world.run_until([&] { return !world.world.condition("SpecAccepted").is_null(); });
  EXPECT_EQ(world.world.condition("SpecAccepted")["reason"], "UpgradeNeedsRequest");
  EXPECT_EQ(world.image(), "docker.io/library/mariadb:11.8.6");
  EXPECT_EQ(world.pod_uid(), pod);
  EXPECT_EQ(world.world.get(kinds::stateful_set, name)
                .value("/spec/template/spec/containers/0/image"_json_pointer, ""),
            "docker.io/library/mariadb:11.8.6");
  EXPECT_EQ(world.world.phase(), "Ready");
}

// Before the run has come to its end it is put right.
TEST(ARevertedSpec, BeforeTheVersionIsRecordedIsNoObstacle) {
  OpsWorld world;
  const char* name = "my-standalone";
  world.request("my-upgrade", "11.8.6");
  world.run_until([&] { return world.world.condition("Paused")["status"] == "True"; });
  world.world.patch(kinds::mysql, name, {{"spec", {{"version", "11.8.6"}}}});
  world.world.patch(kinds::mysql, name, {{"spec", {{"version", "10.11.18"}}}});
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_EQ(world.world.get(kinds::mysql, name)["spec"]["version"], "11.8.6");
  EXPECT_EQ(world.image(), "docker.io/library/mariadb:11.8.6");
  world.run_until([&] { return world.world.phase() == "Ready"; });
  EXPECT_TRUE(world.world.condition("SpecAccepted").is_null());
}

}  // namespace
}  // namespace ratchet::k8s::testing
