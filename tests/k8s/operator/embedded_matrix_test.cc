// The crash matrix of the upgrade with nothing faked between workflow and API server: adapters,
// provisioner and ops manager work on the embedded cluster. The ops manager is stopped after every
// append and before and after every activity of a run without faults, and started again: the end is
// the same, and so is the multiset of writes. Red if a step that has landed is made again without a
// look, or if what a record says is told only by the process that wrote it.
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/inspect/verify.h"
#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

using Stops = std::vector<std::pair<std::string, StopPlan>>;

// Every point at which a life can be stopped that has done as much as `seen`.
Stops stops_of(const StopPlan& seen) {
  Stops stops;
  for (std::size_t i = 0; i < seen.appends; ++i) {
    stops.push_back({"stopped after append " + std::to_string(i), {.after_append = i}});
  }
  for (std::size_t i = 0; i < seen.activities; ++i) {
    stops.push_back({"stopped before activity " + std::to_string(i), {.before_activity = i}});
    stops.push_back({"stopped after activity " + std::to_string(i), {.after_activity = i}});
  }
  return stops;
}

void upgrade(OpsWorld& world, StopPlan& plan) {
  world.stops = &plan;
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  world.stops = nullptr;
}

void expect_same_end(OpsWorld& world, OpsWorld& calm, const std::string& where) {
  int rounds = 0;
  world.run_until([&rounds] { return ++rounds > 1; });  // somebody lives who can be asked
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful")
      << where << ": " << world.message_of("my-upgrade", "Failed");
  EXPECT_EQ(world.writes(), calm.writes()) << where;
  EXPECT_EQ(world.image(), calm.image()) << where;
  EXPECT_EQ(world.events_of("my-upgrade").size(), calm.events_of("my-upgrade").size()) << where;
  EXPECT_TRUE(world.world.condition("Paused").is_null()) << where;
  EXPECT_EQ(engine::verify(world.log()).problems, std::vector<std::string>{}) << where;
}

TEST(EmbeddedMatrix, AnUpgradeEndsTheSameWhereverTheOpsManagerIsStopped) {
  OpsWorld calm;
  StopPlan counted;
  upgrade(calm, counted);
  std::size_t points = 0;
  for (auto& [where, plan] : stops_of(counted)) {
    OpsWorld world;
    const std::string old_pod = world.pod_uid();
    upgrade(world, plan);
    EXPECT_TRUE(plan.stopped) << where << ": it was not";
    points += plan.stopped ? 1U : 0U;
    EXPECT_NE(world.pod_uid(), old_pod) << where;
    expect_same_end(world, calm, where);
  }
  std::cout << "crash matrix of update_version on the embedded cluster: " << points << " points ("
            << counted.appends << " appends + 2 x " << counted.activities << " activities)\n";
  EXPECT_EQ(points, counted.appends + 2 * counted.activities);
  EXPECT_GT(counted.appends, counted.activities);
  EXPECT_GE(counted.activities, 15U);
}

}  // namespace
}  // namespace ratchet::k8s::testing
