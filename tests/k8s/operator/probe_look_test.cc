// What is said of probes that may end a server in the middle of its first start as another version.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// `probe`: of the server's container, as a user of KubeDB writes it.
OpsDatabase probed_database(const std::string& probe) {
  OpsDatabase database = standalone_database();
  database.manifest += "  podTemplate: {spec: {" + probe + "}}\n";
  return database;
}

constexpr const char* impatient =
    "livenessProbe: {exec: {command: [mysqladmin, ping]}, initialDelaySeconds: 60, "
    "failureThreshold: 6}";

std::string planned_with(const std::string& probe) {
  OpsWorld world(probed_database(probe));
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  return world.message_of("my-upgrade", "Planned");
}

// Red if nobody looks at what new pods are made with.
TEST(StartupBudget, ThatMayEndAServerTooSoonIsToldWithTheWayOut) {
  EXPECT_THAT(planned_with(impatient),
              AllOf(HasSubstr("warning startup-budget: the kubelet ends a server whose "
                              "livenessProbe has not succeeded 120 s after its start"),
                    HasSubstr("a startupProbe of an hour")));
}

TEST(StartupBudget, OfAnHourOrWithoutProbesIsNoFinding) {
  for (const char* probe :
       {"livenessProbe: {exec: {command: [mysqladmin, ping]}, initialDelaySeconds: 3600}",
        "readinessProbe: {exec: {command: [mysqladmin, ping]}}"}) {
    EXPECT_THAT(planned_with(probe), AllOf(HasSubstr("plan "), Not(HasSubstr("startup-budget"))))
        << probe;
  }
}

// A server of MySQL converts its dictionary, and has no way back from the middle of it.
TEST(StartupBudget, OfAServerThatConvertsItsDictionaryBlocks) {
  OpsWorld world(probed_database(impatient));
  world.planted["SELECT VERSION(), @@GLOBAL.version_comment"] = {{"9.7.4", "MySQL"}};
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Failed");
  EXPECT_THAT(world.message_of("my-upgrade", "Failed"), HasSubstr("blocking startup-budget: "));
  EXPECT_TRUE(world.writes().empty()) << "not even paused";
}

}  // namespace
}  // namespace ratchet::k8s::testing
