// What is proved: a run takes a fact only for the command that it answers.
#include "engine/core/run.h"

#include <gtest/gtest.h>

#include "tests/engine/travel.h"

namespace ratchet::engine::testing {
namespace {

TEST(RunMachine, ExpectsNoFactOfAnotherKindThanItsCommand) {
  Registry registry;
  registry.add("travel", 1, travel);
  engine::Run run("r", *registry.find("travel", 1));
  run.deliver(RunStarted{"r", "travel", 1, text("Rome").SerializeAsString(), "", 0, {}}, Time{});
  EXPECT_FALSE(run.expects(TimerFired{1})) << "command 1 is a step";
  run.deliver(StepCompleted{1, text("100").SerializeAsString(), 1, false}, Time{});
  EXPECT_FALSE(run.expects(StepCompleted{2, "", 1, false})) << "command 2 is a timer";
  EXPECT_FALSE(run.expects(StepFailed{2, {}, 1}));
  run.deliver(TimerFired{2}, Time{});
  EXPECT_FALSE(run.expects(StepCompleted{3, "", 1, false})) << "command 3 waits for a signal";
  EXPECT_FALSE(run.expects(TimerFired{3}));
  EXPECT_TRUE(run.expects(SignalReceived{"approval", "", ""}));
}

}  // namespace
}  // namespace ratchet::engine::testing
