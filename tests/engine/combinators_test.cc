// What is proved: all and race: numbering in list order, outcomes by the order of history, losers
// cancelled by a command, late answers as hints, and the same after a crash anywhere.
#include <gtest/gtest.h>

#include "tests/engine/by_hand.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;

Task<Text> both(Workflow wf, Text) {
  auto second = wf.step(ask, text("b"));
  auto first = wf.step(ask, text("a"));
  const auto [a, b] = co_await all(std::move(first), std::move(second));
  co_return text(a.value() + b.value());
}

Task<Text> both_swapped(Workflow wf, Text) {
  const auto [b, a] = co_await all(wf.step(ask, text("b")), wf.step(ask, text("a")));
  co_return text(a.value() + b.value());
}

Task<Text> in_time(Workflow wf, Text) {
  const auto first = co_await race(wf.step(ask, text("a")), wf.sleep(60s));
  co_return text(first.index() == 0 ? std::get<0>(first).value() : "too late");
}

Task<Text> pair_of(Workflow wf, std::string a, std::string b) {
  const auto [x, y] = co_await all(wf.step(ask, text(a)), wf.step(ask, text(b)));
  co_return text(x.value() + y.value());
}

Task<Text> nested(Workflow wf, Text) {
  std::vector<Task<Text>> pairs;
  pairs.push_back(pair_of(wf, "a", "b"));
  pairs.push_back(pair_of(wf, "c", "d"));
  const auto winner = co_await race(std::move(pairs));
  const Text last = co_await wf.step(ask, text("e"));
  co_return text(std::to_string(winner.place) + winner.value.value() + last.value());
}

Task<Text> approved_or_asked(Workflow wf, Text) {
  co_await wf.step(ask, text("first"));
  const auto first = co_await race(wf.receive(approval), wf.step(ask, text("a")));
  co_return text(std::to_string(first.index()));
}

Task<Text> in_spite_of_failure(Workflow wf, Text) {
  const auto [a, b] =
      co_await all(attempt(wf.step(ask, text("a"))), attempt(wf.step(ask, text("b"))));
  co_return text((a.ok() ? "ok" : a.failed->code) + " " + (b.ok() ? "ok" : b.failed->code));
}

Task<Text> of_nothing(Workflow, Text) {
  co_await all(std::vector<Task<Text>>());
  co_await race(std::vector<Task<Text>>());
  co_return text("");
}

class Combinators : public HandTest {};

TEST_P(Combinators, AllNumbersInListOrderAndKeepsItWhicheverEndsFirst) {
  auto p = started(both);
  hand.answer(*p, "b");
  hand.answer(*p, "a");
  EXPECT_EQ(p->history("r"),
            "0 RunStarted\n0 step 1 ask\n0 step 2 ask\n1 StepCompleted 2 after 1\n2 StepCompleted "
            "1 after 1\n2 run completed\n");
  EXPECT_EQ(hand.asked, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(result(*p), "a!b!");
  expect_whole(*p);
}

TEST_P(Combinators, AListInAnotherOrderIsADivergence) {
  started(both);
  auto p = opened(both_swapped);
  EXPECT_EQ(p->engine->state("r"), RunState::quarantined);
}

TEST_P(Combinators, TheFirstFailureOfAllCancelsTheRestAndALateAnswerIsAHint) {
  auto p = started(both);
  hand.refuse(*p, "b");
  EXPECT_EQ(p->history("r"),
            "0 RunStarted\n0 step 1 ask\n0 step 2 ask\n1 StepFailed 2 after 1: refused\n1 cancel "
            "1\n1 run failed: refused\n");
  expect_whole(*p);
}

TEST_P(Combinators, AnAttemptKeepsAllGoingInSpiteOfAFailure) {
  auto p = started(in_spite_of_failure);
  hand.refuse(*p, "a");
  hand.answer(*p, "b");
  EXPECT_EQ(result(*p), "refused ok");
  expect_whole(*p);
}

TEST_P(Combinators, ARaceIsWonByTheFirstRecordedAndItsLoserIsCancelled) {
  auto p = started(in_time);
  hand.answer(*p, "a");
  EXPECT_EQ(p->history("r"),
            "0 RunStarted\n0 step 1 ask\n0 timer 2 due 1000000060000000 us\n1 StepCompleted 1 "
            "after 1\n1 cancel 2\n1 run completed\n");
  EXPECT_EQ(result(*p), "a!");
  expect_whole(*p);
}

TEST_P(Combinators, ALateAnswerOfALoserIsAHintAndChangesNothing) {
  auto p = started(nested);
  hand.answer(*p, "c");
  hand.answer(*p, "a");
  hand.answer(*p, "d");
  hand.answer(*p, "b");
  hand.refuse(*p, "e");
  const std::string history = p->history("r");
  EXPECT_NE(history.find("3 StepCompleted 4 after 1\n3 cancel 2\n3 step 5 ask\n4 LateFact "
                         "StepCompleted 2 after 1\n5 StepFailed 5"),
            std::string::npos)
      << history;
  expect_whole(*p);
}

TEST_P(Combinators, ACancelledTimerLeavesNoTraceWhenItIsDue) {
  auto p = started([](Workflow wf, Text) -> Task<Text> {
    co_await race(wf.step(ask, text("a")), wf.sleep(60s));
    co_return co_await wf.step(ask, text("b"));
  });
  hand.answer(*p, "a");
  const auto records = p->log.head().size;
  pass(*p, 120s);
  EXPECT_EQ(p->log.head().size, records);
  hand.answer(*p, "b");
  EXPECT_EQ(result(*p), "b!");
}

TEST_P(Combinators, ARaceThatIsDecidedAtItsBeginningBeginsNothingElse) {
  auto p = started(approved_or_asked);
  signal(*p, "early");
  hand.answer(*p, "first");
  EXPECT_EQ(result(*p), "0");
  EXPECT_EQ(p->history("r").find("step 3"), std::string::npos) << p->history("r");
  expect_whole(*p);
}

TEST_P(Combinators, ALoserThatWaitedForASignalTakesNoValue) {
  auto p = started([](Workflow wf, Text) -> Task<Text> {
    co_await race(wf.receive(approval), wf.step(ask, text("a")));
    co_await wf.step(ask, text("b"));
    co_return co_await wf.receive(approval);
  });
  hand.answer(*p, "a");
  signal(*p, "for the second wait");
  hand.answer(*p, "b");
  EXPECT_EQ(result(*p), "for the second wait");
  expect_whole(*p);
}

TEST_P(Combinators, TheOrderOfHistoryDecidesAfterARestartToo) {
  {
    auto p = started(nested);
    hand.answer(*p, "d");
    hand.answer(*p, "a");
    hand.answer(*p, "c");
  }
  auto p = opened(nested);
  hand.answer(*p, "e");
  EXPECT_EQ(result(*p), "1c!d!e!");
  expect_whole(*p);
}

TEST_P(Combinators, AllOfNothingIsDoneAndARaceOfNothingIsRefused) {
  auto p = started(of_nothing);
  EXPECT_EQ(p->engine->state("r"), RunState::failed);
  EXPECT_EQ(result(*p), "workflow_error");
}

INSTANTIATE_TEST_SUITE_P(On, Combinators, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
