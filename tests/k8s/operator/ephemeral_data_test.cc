// What is proved: nothing that a request may ask for deletes the only copy of the data.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::HasSubstr;

// A standalone server whose data directory is in its pod.
OpsDatabase without_a_claim() {
  OpsDatabase database = standalone_database();
  const std::string durable = "storageType: Durable";
  database.manifest.replace(database.manifest.find(durable), durable.size(),
                            "storageType: Ephemeral");
  return database;
}

// Red if the upgrade deletes the pod: the new server would start empty, and be called upgraded.
TEST(EphemeralData, OfASingleServerIsNotUpgraded) {
  OpsWorld world(without_a_claim());
  const std::string pod = world.pod_uid();
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Failed");
  EXPECT_THAT(world.message_of("my-upgrade", "Failed"),
              HasSubstr("blocking ephemeral-data (my-standalone-0): the data is on ephemeral"));
  EXPECT_TRUE(world.touches().empty()) << "not even paused";
  EXPECT_EQ(world.pod_uid(), pod);
}

TEST(EphemeralData, OfASingleServerIsNotRestarted) {
  OpsWorld world(without_a_claim());
  const std::string pod = world.pod_uid();
  world.request_of("Restart", "restart");
  world.finish("restart");
  EXPECT_EQ(world.phase_of("restart"), "Failed");
  EXPECT_THAT(world.message_of("restart", "Failed"), HasSubstr("is on ephemeral storage"));
  EXPECT_EQ(world.pod_uid(), pod);
  EXPECT_TRUE(world.world.condition("Paused").is_null());
}

}  // namespace
}  // namespace ratchet::k8s::testing
