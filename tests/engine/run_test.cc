// What is proved: a run takes a fact only for the command that it answers, and ends by whatever its
// code throws; a registry takes no version that stands for another.
#include "engine/core/run.h"

#include <stdexcept>
#include <variant>

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

Task<Text> throws_a_number(Workflow wf, Text where) {
  co_await wf.step(quote, where);
  throw 7;
}

TEST(RunMachine, FailsByWhateverItsCodeThrows) {
  Registry registry;
  registry.add("travel", 1, throws_a_number);
  engine::Run run("r", *registry.find("travel", 1));
  run.deliver(RunStarted{"r", "travel", 1, text("Rome").SerializeAsString(), "", 0, {}}, Time{});
  const auto decided =
      run.deliver(StepCompleted{1, text("100").SerializeAsString(), 1, false}, Time{});
  ASSERT_EQ(decided.size(), 1U);
  EXPECT_EQ(std::get<RunFailed>(decided.front().command).failure.code, "workflow_error");
  EXPECT_TRUE(run.ended());
}

Task<Text> waits_for_ever(Workflow wf, Text where) {
  co_await wf.sleep(Duration::max());
  co_return where;
}

TEST(RunMachine, ATimerForEverIsNotDue) {
  Registry registry;
  registry.add("travel", 1, waits_for_ever);
  engine::Run run("r", *registry.find("travel", 1));
  const Time now{Duration{1'000'000'000'000'000}};
  const auto decided =
      run.deliver(RunStarted{"r", "travel", 1, text("Rome").SerializeAsString(), "", 0, {}}, now);
  ASSERT_EQ(decided.size(), 1U);
  EXPECT_EQ(std::get<TimerStarted>(decided.front().command).due, Time::max());
}

TEST(RunMachine, VersionZeroStandsForTheNewestAndCannotBeRegistered) {
  Registry registry;
  EXPECT_THROW(registry.add("travel", 0, travel), std::invalid_argument);
  registry.add("travel", 1, travel);
  EXPECT_EQ(registry.find("travel", 0)->version, 1U);
}

}  // namespace
}  // namespace ratchet::engine::testing
