// What is proved: child runs and runs that continue as new: links, outcomes, cancellation, and what
// is owed to a parent after the death of a process.
#include <gtest/gtest.h>

#include "engine/core/run.h"
#include "tests/engine/by_hand.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;

const By ann{"ann", "not today"};

constexpr ChildWorkflow<Text, Text> helper{"helper"};
constexpr ChildWorkflow<Text, Text> unknown{"unknown"};
constexpr ChildWorkflow<Text, Text> rocket{"countdown"};

Task<Text> help(Workflow wf, Text what) {
  const auto done = co_await attempt(wf.step(ask, what));
  if (done.ok()) co_return *done.value;
  co_await wf.step(ask, text("undo"));
  throw StepFailure(*done.failed);
}

Task<Text> parent(Workflow wf, Text) {
  const auto done = co_await attempt(wf.child(helper, text("a")));
  co_await wf.step(ask, text("after"));
  co_return done.ok() ? *done.value : text(done.failed->code);
}

Task<Text> impatient(Workflow wf, Text) {
  const auto first = co_await race(wf.child(helper, text("a")), wf.sleep(60s));
  co_await wf.step(ask, text("after"));
  co_return text(std::to_string(first.index()));
}

Task<Text> lost(Workflow wf, Text) {
  const auto done = co_await attempt(wf.child(unknown, text("a")));
  co_return text(done.failed->code + ": " + done.failed->message);
}

// Counts down from its input, one run a number.
Task<Text> countdown(Workflow wf, Text from) {
  co_await wf.step(ask, from);
  if (from.value() == "1") co_return text("lift off");
  co_return co_await wf.continue_as_new<Text>(text(std::to_string(std::stoi(from.value()) - 1)));
}

Task<Text> launch(Workflow wf, Text) { co_return co_await wf.child(rocket, text("2")); }

Task<Text> continuing_within_a_race(Workflow wf, Text in) {
  if (in.value() == "next") co_return in;
  auto next = [](Workflow w) -> Task<Text> {
    co_await w.step(ask, text("a"));
    co_return co_await w.continue_as_new<Text>(text("next"));
  };
  co_await race(wf.step(ask, text("b")), next(wf));
  co_return text("never");
}

class Children : public HandTest {
 protected:
  std::unique_ptr<Process> family(Code code) {
    auto p = process(code);
    p->registry.add("helper", 1, help);
    p->registry.add("countdown", 1, countdown);
    p->open();
    p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
    p->host.settle();
    return p;
  }
};

TEST_P(Children, AChildRunsUnderItsParentAndItsResultIsAwaited) {
  auto p = family(parent);
  const auto child = find_run(p->log, "r/1");
  ASSERT_TRUE(child);
  EXPECT_EQ(child->origin->parent, "r");
  EXPECT_EQ(child->workflow, "helper");
  hand.answer(*p, "a");
  hand.answer(*p, "after");
  EXPECT_EQ(p->history("r"),
            "0 RunStarted\n0 child 1 helper\n1 ChildEnded 1 r/1\n1 step 2 ask\n2 StepCompleted 2 "
            "after 1\n2 run completed\n");
  EXPECT_EQ(result(*p), "a!");
  expect_whole(*p);
}

TEST_P(Children, AChildsFailureIsAFailureOfItsAwait) {
  auto p = family(parent);
  hand.refuse(*p, "a");
  hand.answer(*p, "undo");
  hand.answer(*p, "after");
  EXPECT_EQ(result(*p), "refused");
  expect_whole(*p);
}

TEST_P(Children, ACancelReachesTheChild) {
  auto p = family(parent);
  EXPECT_EQ(p->engine->cancel("r", ann), std::nullopt);
  p->host.settle();
  EXPECT_TRUE(find_run(p->log, "r/1")->cancel_requested);
  hand.answer(*p, "undo");
  EXPECT_EQ(p->engine->state("r/1"), RunState::cancelled);
  hand.answer(*p, "after");
  EXPECT_EQ(result(*p), "cancelled");
  EXPECT_NE(p->history("r").find("LateFact ChildEnded"), std::string::npos) << p->history("r");
  expect_whole(*p);
}

TEST_P(Children, TheChildOfATerminatedRunIsCancelled) {
  auto p = family(parent);
  EXPECT_EQ(p->engine->terminate("r", ann), std::nullopt);
  p->host.settle();
  EXPECT_TRUE(find_run(p->log, "r/1")->cancel_requested);
}

TEST_P(Children, AChildThatLostARaceIsCancelled) {
  auto p = family(impatient);
  pass(*p, 61s);
  EXPECT_TRUE(find_run(p->log, "r/1")->cancel_requested);
  hand.answer(*p, "after");
  EXPECT_EQ(result(*p), "1");
}

TEST_P(Children, AnOrphanIsCancelledWhenTheNextProcessOpens) {
  {
    auto p = family(parent);
    p->engine->terminate("r", ann);
    p->host.run_until([&] { return find_run(p->log, "r")->state == RunState::terminated; });
    p->host.stop();
  }
  if (auto p = family(parent); !find_run(p->log, "r/1")->cancel_requested) {
    FAIL() << p->history("r/1");
  }
}

TEST_P(Children, AnEndThatNobodyToldTheParentIsToldByTheNextProcess) {
  {
    auto p = family(parent);
    p->engine->pause("r", ann);
    hand.answer(*p, "a");
    EXPECT_NE(p->history("r").find("Held ChildEnded"), std::string::npos) << p->history("r");
  }
  auto p = family(parent);
  EXPECT_EQ(p->engine->resume("r", ann), std::nullopt);
  p->host.settle();
  hand.answer(*p, "after");
  EXPECT_EQ(result(*p), "a!");
  expect_whole(*p);
}

TEST_P(Children, AChildOfAnUnknownWorkflowFailsAtOnce) {
  auto p = family(lost);
  EXPECT_NE(result(*p).find("not_started: this build has no workflow unknown"), std::string::npos)
      << result(*p);
}

TEST_P(Children, ARunContinuesAsAnotherWithAnEmptyHistory) {
  auto p = process(countdown);
  p->open();
  p->engine->start({"r", "flow", text("3").SerializeAsString(), "ann", "the-countdown"});
  p->host.settle();
  hand.answer(*p, "3");
  EXPECT_EQ(p->history("r"),
            "0 RunStarted\n0 step 1 ask\n1 StepCompleted 1 after 1\n1 continue as r~2\n");
  hand.answer(*p, "2");
  const auto middle = find_run(p->log, "r~2");
  EXPECT_EQ(middle->state, RunState::continued);
  EXPECT_EQ(middle->origin->previous, "r");
  EXPECT_EQ(middle->successor, "r~3");
  EXPECT_EQ(p->engine->start({"s", "flow", {}, "bob", "the-countdown"}).run_id, "r~3")
      << "the key goes on with the run";
  hand.answer(*p, "1");
  EXPECT_EQ(p->engine->state("r~3"), RunState::completed);
  expect_whole(*p);
}

TEST_P(Children, AParentGetsTheResultOfTheLastOfThoseThatContinued) {
  auto p = family(launch);
  hand.answer(*p, "2");
  hand.answer(*p, "1");
  EXPECT_EQ(result(*p), "lift off");
  EXPECT_NE(p->history("r").find("ChildEnded 1 r/1~2"), std::string::npos) << p->history("r");
  expect_whole(*p);
}

TEST_P(Children, WhatElseIsAwaitedIsCancelledWhenARunContinuesAsNew) {
  auto p = started(continuing_within_a_race);
  hand.answer(*p, "a");
  EXPECT_NE(p->history("r").find("1 StepCompleted 2 after 1\n1 cancel 1\n1 continue as r~2\n"),
            std::string::npos)
      << p->history("r");
  EXPECT_EQ(p->engine->state("r~2"), RunState::completed);
  expect_whole(*p);
}

// Hears one word as the first run and one as the next.
Task<Text> listen(Workflow wf, Text heard) {
  if (heard.value() == "in") {
    co_await wf.step(ask, text("ready?"));
    const Text word = co_await wf.receive(approval);
    co_return co_await wf.continue_as_new<Text>(word);
  }
  const Text next = co_await wf.receive(approval);
  co_return text(heard.value() + " " + next.value());
}

TEST_P(Children, WhatWasReceivedAndNotAwaitedIsTheNextRuns) {
  auto p = started(listen);
  signal(*p, "one");
  p->engine->signal("r", approval.name(), text("two").SerializeAsString(), "eve");
  p->engine->signal("r", "other", {}, "eve");
  p->host.settle();
  hand.answer(*p, "ready?");
  EXPECT_EQ(p->engine->state("r~2"), RunState::completed);
  EXPECT_EQ(result(*p, "r~2"), "one two");
  const auto next = find_run(p->log, "r~2");
  const Turn first = read_history(p->log, next->run).front().turn;
  const auto& carried = std::get<RunStarted>(first.events.front()).signals;
  ASSERT_EQ(carried.size(), 2u);
  EXPECT_EQ(carried[0].principal, "eve");
  EXPECT_EQ(carried[1].signal, "other");
  expect_whole(*p);
}

TEST_P(Children, ARunContinuesUnderAnIdThatIsFree) {
  auto p = started(listen);
  p->engine->start("r~2", "flow", text("theirs").SerializeAsString(), "eve");
  signal(*p, "one");
  hand.answer(*p, "ready?");
  EXPECT_EQ(find_run(p->log, "r")->successor, "r~3");
  EXPECT_EQ(p->engine->state("r~3"), RunState::running);
  EXPECT_EQ(p->engine->state("r~2"), RunState::running) << "it still waits for its own signal";
  expect_whole(*p);
}

TEST_P(Children, ASignalToAnEarlierRunOfTheChainReachesTheLast) {
  auto p = started(listen);
  signal(*p, "one");
  hand.answer(*p, "ready?");
  EXPECT_EQ(p->engine->state("r~2"), RunState::running);
  EXPECT_EQ(p->engine->signal("r", approval.name(), text("two").SerializeAsString(), ann),
            std::nullopt);
  p->host.settle();
  EXPECT_EQ(result(*p, "r~2"), "one two");
  EXPECT_FALSE(p->engine->signal("r", approval.name(), {}, "bob")) << "all of them have ended";
  expect_whole(*p);
}

// Held while the run was paused, behind the answer that let it go on.
TEST_P(Children, WhatWasHeldWhenARunContinuedIsTheNextRunsToo) {
  auto p = started(listen);
  signal(*p, "one");
  p->engine->pause("r", {"ann", "wait"});
  p->host.settle();
  hand.answer(*p, "ready?");
  signal(*p, "two");
  p->engine->resume("r", {"ann", "go on"});
  p->host.settle();
  EXPECT_EQ(result(*p, "r~2"), "one two");
  expect_whole(*p);
}

TEST_P(Children, WhatWasNotAwaitedIsPassedOnByTheNextProcess) {
  {
    auto p = started(listen);
    signal(*p, "one");
    signal(*p, "two");
    hand.send(*p, "ready?");
    p->host.run_until([&] { return find_run(p->log, "r")->state == RunState::continued; });
    p->host.stop();
    ASSERT_FALSE(find_run(p->log, "r~2"));
  }
  auto p = opened(listen);
  EXPECT_EQ(result(*p, "r~2"), "one two");
  expect_whole(*p);
}

TEST_P(Children, ABuildWithoutTheWorkflowLeavesWhatContinuesToOneThatHasIt) {
  {
    auto p = started(listen);
    signal(*p, "one");
    signal(*p, "two");
    hand.send(*p, "ready?");
    p->host.run_until([&] { return find_run(p->log, "r")->state == RunState::continued; });
    p->host.stop();
  }
  {
    Process p(outside);
    p.registry.add("another", 1, listen);
    p.open("build-2");
    p.host.settle();
    EXPECT_TRUE(p.ready);
    EXPECT_FALSE(find_run(p.log, "r~2"));
  }
  auto p = opened(listen);
  EXPECT_EQ(result(*p, "r~2"), "one two");
  expect_whole(*p);
}

// Nobody takes it in the time that the next process needs to find the run that continues.
TEST_P(Children, AKeyGoesOnWithItsRunOverADeath) {
  {
    auto p = process(countdown);
    p->open();
    for (int other = 0; other < 40; ++other) {
      p->engine->start("other-" + std::to_string(other), "flow", text("9").SerializeAsString(),
                       "ann");
    }
    p->engine->start({"r", "flow", text("2").SerializeAsString(), "ann", "the-key"});
    p->host.settle();
    hand.send(*p, "2");
    p->host.run_until([&] { return find_run(p->log, "r")->state == RunState::continued; });
    p->host.stop();
    ASSERT_FALSE(find_run(p->log, "r~2"));
  }
  auto p = process(countdown);
  p->open();
  const Started again = p->engine->start({"s", "flow", {}, "bob", "the-key"});
  EXPECT_FALSE(again.fresh);
  EXPECT_EQ(again.run_id, "r~2");
  p->host.settle();
  hand.answer(*p, "1");
  EXPECT_EQ(result(*p, "r~2"), "lift off");
  expect_whole(*p);
}

TEST_P(Children, ARunWithTheLongestIdContinuesToo) {
  const std::string id(256, 'r');
  {
    auto p = process(countdown);
    p->open();
    p->engine->start(id, "flow", text("2").SerializeAsString(), "ann");
    p->host.settle();
    EXPECT_THROW(p->engine->start(id + "r", "flow", {}, "ann"), std::invalid_argument);
    hand.answer(*p, "2");
  }
  auto p = opened(countdown);
  hand.answer(*p, "1");
  EXPECT_EQ(result(*p, id + "~2"), "lift off");
  expect_whole(*p);
}

TEST(LongHistories, SayThatTheyShouldContinueAsNew) {
  Registry registry;
  registry.add<Text, Text>(
      "flow", 1, +[](Workflow wf, Text) -> Task<Text> {
        while (!wf.should_continue_as_new()) co_await wf.receive(approval);
        co_return text("long");
      });
  engine::Run run("r", *registry.find("flow", 0));
  run.deliver(RunStarted{"r", "flow", 1, {}, "ann", 0, {}}, Time{});
  std::uint32_t facts = 1;
  for (; !run.ended() && facts < 2 * long_history; ++facts) {
    run.deliver(SignalReceived{approval.name(), {}, "bob"}, Time{});
  }
  EXPECT_EQ(facts, long_history);
}

Task<Text> until_long(Workflow wf, Text in) {
  if (in.value() != "in") co_return in;
  int heard = 0;
  for (; !wf.should_continue_as_new(); ++heard) co_await wf.receive(approval);
  co_return co_await wf.continue_as_new<Text>(text(std::to_string(heard)));
}

// Whichever process counts the last of its facts.
TEST_P(Children, ALongHistoryIsContinuedAsNew) {
  const auto hear = [](Process& p, std::uint32_t signals) {
    for (std::uint32_t i = 0; i < signals; ++i) {
      p.engine->signal("r", approval.name(), {}, "bob");
      if (i % 500 == 499) p.host.settle();
    }
    p.host.settle();
  };
  {
    auto p = started(until_long);
    hear(*p, 6000);
  }
  auto p = opened(until_long);
  hear(*p, long_history - 6002);
  EXPECT_EQ(p->engine->state("r"), RunState::running);
  hear(*p, 1);
  EXPECT_EQ(p->engine->state("r"), RunState::continued);
  EXPECT_EQ(result(*p, "r~2"), "9999");
  expect_whole(*p);
}

INSTANTIATE_TEST_SUITE_P(On, Children, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
