// What is proved: a run, open or ended, goes on from an earlier turn as another run: what was done
// later is done anew, what came later comes again, and nothing that lands once is done twice.
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/run.h"
#include "tests/engine/by_hand.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;

const By ann{"ann", "the second answer was wrong"};

constexpr Activity<Text, Text> leap =
    Activity<Text, Text>("leap", Effect::idempotent).irreversible();
constexpr Activity<Text, Text> touchy{"touchy", Effect::manual};
constexpr Activity<Text, Text> pressing{"pressing", Effect::read, Policy{}.overall(60s)};
constexpr Activity<Text, Text> deed{"deed", Effect::conditional, Policy{}.each(1h)};
constexpr ChildWorkflow<Text, Text> helper{"helper"};

Task<Text> work(Workflow wf, Text) {
  co_await wf.step(ask, text("a"));
  const Text b = co_await wf.step(ask, text("b"));
  co_return co_await wf.step(ask, text("after " + b.value()));
}

Task<Text> other_work(Workflow wf, Text) {
  co_await wf.step(ask, text("x"));
  co_return co_await wf.step(ask, text("b"));
}

template <const Activity<Text, Text>& Once>
Task<Text> with(Workflow wf, Text) {
  co_await wf.step(ask, text("a"));
  co_await wf.step(Once, text("b"));
  co_await wf.step(ask, text("c"));
  co_return co_await wf.step(ask, text("d"));
}

Task<Text> with_child(Workflow wf, Text) {
  co_await wf.step(ask, text("a"));
  co_await wf.child(helper, text("b"));
  co_return co_await wf.step(ask, text("c"));
}

Task<Text> two_words(Workflow wf, Text) {
  co_await wf.step(ask, text("a"));
  const Text one = co_await wf.receive(approval);
  co_await wf.step(ask, text("b"));
  const Text two = co_await wf.receive(approval);
  co_return text(one.value() + " " + two.value());
}

// Two runs, of which the second has fewer turns at first than the first was given as copies.
Task<Text> two_runs(Workflow wf, Text in) {
  if (in.value() == "next") {
    co_await wf.step(ask, text("x"));
    co_return co_await wf.step(ask, text("y"));
  }
  co_await wf.step(ask, text("a"));
  co_await wf.step(ask, text("b"));
  co_await wf.step(ask, text("c"));
  co_return co_await wf.continue_as_new<Text>(text("next"));
}

class Resetting : public HandTest {
 protected:
  std::unique_ptr<Process> started_with(const Activity<Text, Text>& once, Code code) {
    auto p = process(code);
    p->handlers.handle<Text, Text>(
        once, [](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
          answer.complete(text(what.value() + "!"));
        });
    p->open();
    p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
    p->host.settle();
    return p;
  }
  static std::string refused(Process& p, std::uint32_t kept, const std::string& run = "r") {
    const auto records = p.log.head().size;
    const WasReset done = p.engine->reset(run, kept, ann);
    p.host.settle();
    EXPECT_EQ(p.log.head().size, records) << "a refusal records nothing";
    return done.refused.value_or("it was not refused");
  }
  static std::string notes_of(const Process& p, const std::string& run) {
    std::string notes;
    for (const HistoryTurn& found : read_history(p.log, find_run(p.log, run)->run)) {
      for (const Event& event : found.turn.events) {
        const auto* note = std::get_if<Note>(&event);
        if (note != nullptr) notes += note->principal + ": " + note->text + "\n";
      }
    }
    return notes;
  }
  static std::string reset(Process& p, std::uint32_t kept, const std::string& run = "r") {
    const WasReset done = p.engine->reset(run, kept, ann);
    EXPECT_EQ(done.refused, std::nullopt);
    p.host.settle();
    return done.run_id;
  }
};

TEST_P(Resetting, AnOpenRunEndsAndAnotherGoesOnFromTheKeptTurns) {
  auto p = started(work);
  hand.answer(*p, "a");
  hand.answer(*p, "b");
  EXPECT_EQ(reset(*p, 2), "r.reset-2");
  const std::string history = p->history("r");
  EXPECT_EQ(history.substr(history.find("\n3 ")), "\n3 Reset by ann\n") << history;
  EXPECT_EQ(p->engine->state("r"), RunState::continued);
  EXPECT_EQ(find_run(p->log, "r")->successor, "r.reset-2");
  EXPECT_EQ(find_run(p->log, "r.reset-2")->origin->previous, "r");
  EXPECT_EQ(hand.asked, (std::vector<std::string>{"a", "b", "after b!", "b"}));
  EXPECT_EQ(p->history("r.reset-2"),
            "0 RunStarted\n0 step 1 ask\n1 StepCompleted 1 after 1\n1 step 2 ask\n");
  hand.answer(*p, "b");
  hand.answer(*p, "after b!");
  EXPECT_EQ(result(*p, "r.reset-2"), "after b!!");
  expect_whole(*p);
}

TEST_P(Resetting, AnEndedRunStaysAsItEndedAndCanBeResetAgain) {
  auto p = started(work);
  for (const char* what : {"a", "b"}) hand.answer(*p, what);
  hand.refuse(*p, "after b!");
  ASSERT_EQ(p->engine->state("r"), RunState::failed);
  EXPECT_EQ(reset(*p, 2), "r.reset-2");
  EXPECT_EQ(reset(*p, 1), "r.reset-3");
  EXPECT_EQ(p->engine->state("r"), RunState::failed);
  EXPECT_NE(notes_of(*p, "r.reset-3").find("ann: run r was reset to its first 1 turns: the second"),
            std::string::npos);
  EXPECT_EQ(reset(*p, 1, "r.reset-2"), "r.reset-4");
  EXPECT_EQ(p->engine->state("r.reset-2"), RunState::continued);
  p.reset();
  p = opened(work);
  hand.answer(*p, "a");  // of the one asked last
  hand.answer(*p, "b");
  hand.answer(*p, "after b!");
  EXPECT_EQ(find_run(p->log, "r.reset-4")->origin->previous, "r.reset-2");
  expect_whole(*p);
}

TEST_P(Resetting, WhatLandsOnceIsNotDoneTwice) {
  auto p = started_with(leap, with<leap>);
  hand.answer(*p, "a");
  hand.answer(*p, "c");
  EXPECT_NE(refused(*p, 2).find("step 2 leap, which is irreversible, may have been done after"),
            std::string::npos)
      << refused(*p, 2);
  EXPECT_NE(refused(*p, 1).find("step 2 leap"), std::string::npos) << "it began later";
  EXPECT_EQ(reset(*p, 3), "r.reset-2") << "it was completed within these";
  EXPECT_EQ(hand.asked, (std::vector<std::string>{"a", "c", "d", "c"}));
}

TEST_P(Resetting, WhatAPersonMustDecideIsNotDoneTwiceEither) {
  auto p = started_with(touchy, with<touchy>);
  hand.answer(*p, "a");
  EXPECT_NE(refused(*p, 2).find("step 2 touchy may have been done after them"), std::string::npos)
      << refused(*p, 2);
}

TEST_P(Resetting, WhatCannotBeKeptIsRefused) {
  auto p = started(work);
  hand.answer(*p, "a");
  EXPECT_EQ(refused(*p, 0), "run r can be reset to its first 1 to 2 turns, not to 0");
  EXPECT_EQ(refused(*p, 3), "run r can be reset to its first 1 to 2 turns, not to 3");
  EXPECT_EQ(refused(*p, 1, "s"), "there is no run s");
  EXPECT_EQ(p->engine->reset("r", 1, {"ann", ""}).refused,
            "a reason is missing: it is recorded with the act");
  reset(*p, 1);
  EXPECT_EQ(refused(*p, 1), "run r has ended, and goes on as run r.reset-2");
}

TEST_P(Resetting, AChildThatWasOpenThenIsInTheWay) {
  auto p = process(with_child);
  p->registry.add("helper", 1, work);
  p->open();
  p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
  p->host.settle();
  hand.answer(*p, "a");  // of the parent
  EXPECT_NE(refused(*p, 2).find("the child r/2 was open then"), std::string::npos);
  EXPECT_EQ(reset(*p, 1), "r.reset-2");
  EXPECT_EQ(p->engine->state("r/2"), RunState::cancelled) << "nobody waits for it any more";
}

TEST_P(Resetting, WhatLandsOnceIsNotDoneTwiceByAChildEither) {
  auto p = process(with_child);
  p->registry.add("helper", 1, with<leap>);
  p->handlers.handle<Text, Text>(leap, [](const AttemptInfo&, const Text& what,
                                          const Answer<Text>& answer) { answer.complete(what); });
  p->open();
  p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
  p->host.settle();
  hand.answer(*p, "a");  // of the parent
  hand.answer(*p, "a");  // of the child, which leaps
  ASSERT_EQ(hand.asked.back(), "c");
  const std::string why = "step 2 leap of its child r/2, which is irreversible, may have been done";
  EXPECT_NE(refused(*p, 1).find(why), std::string::npos) << refused(*p, 1);
  hand.answer(*p, "c");
  hand.answer(*p, "d");
  ASSERT_EQ(p->engine->state("r/2"), RunState::completed);
  EXPECT_NE(refused(*p, 1).find(why), std::string::npos) << refused(*p, 1);
  EXPECT_EQ(reset(*p, 3), "r.reset-2") << "the child and its leap are kept";
  EXPECT_EQ(hand.asked.back(), "c");
  expect_whole(*p);
}

TEST_P(Resetting, WhatAChildWouldBeginWhileItIsRecordedIsNotBegun) {
  auto p = process(with_child);
  p->registry.add("helper", 1, with<leap>);
  int leaps = 0;
  p->handlers.handle<Text, Text>(
      leap, [&leaps](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
        ++leaps;
        answer.complete(what);
      });
  p->open();
  p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
  p->host.settle();
  hand.answer(*p, "a");  // of the parent
  EXPECT_EQ(p->engine->reset("r", 1, ann).refused, std::nullopt);
  hand.send(*p, "a");  // of the child, which leaps next
  p->host.settle();
  EXPECT_EQ(leaps, 0) << p->history("r/2");
  hand.answer(*p, "a");
  hand.answer(*p, "a");
  EXPECT_EQ(leaps, 1) << "by the child of the run that goes on";
  expect_whole(*p);
}

// It would be cancelled, and yet do what follows the step if that lands once, too.
TEST_P(Resetting, AChildThatCannotBeCalledOffIsInTheWay) {
  auto p = process(with_child);
  p->registry.add("helper", 1, with<deed>);
  std::vector<Answer<Text>> unanswered;
  p->handlers.handle<Text, Text>(
      deed, [&unanswered](const AttemptInfo&, const Text&, const Answer<Text>& answer) {
        unanswered.push_back(answer);
      });
  p->handlers.probe<Text, Text>(deed, [](const AttemptInfo&, const Text&,
                                         const ProbeAnswer<Text>& answer) { answer.not_done(); });
  p->open();
  p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
  p->host.settle();
  hand.answer(*p, "a");  // of the parent
  hand.answer(*p, "a");  // of the child
  ASSERT_EQ(unanswered.size(), 1U);
  const std::string why = "step 2 deed of its child r/2 is under way";
  EXPECT_NE(refused(*p, 1).find(why), std::string::npos) << refused(*p, 1);
  unanswered.front().complete(text("b"));
  p->host.settle();
  EXPECT_EQ(reset(*p, 1), "r.reset-2");
}

TEST_P(Resetting, SignalsThatCameLaterComeAgainInTheirOrder) {
  auto p = started(two_words);
  hand.answer(*p, "a");
  signal(*p, "one");
  signal(*p, "two");
  hand.answer(*p, "b");
  ASSERT_EQ(result(*p), "one two");
  reset(*p, 2);
  EXPECT_NE(p->history("r.reset-2").find("Held SignalReceived"), std::string::npos);
  hand.answer(*p, "b");
  EXPECT_EQ(result(*p, "r.reset-2"), "one two");
  expect_whole(*p);
}

TEST_P(Resetting, TheKeyGoesOnWithTheRun) {
  auto p = process(work);
  p->open();
  p->engine->start({"r", "flow", {}, "ann", "the-work"});
  p->host.settle();
  hand.answer(*p, "a");
  reset(*p, 1);
  EXPECT_EQ(p->engine->start({"s", "flow", {}, "bob", "the-work"}).run_id, "r.reset-2");
  hand.answer(*p, "a");
  hand.answer(*p, "b");
  hand.answer(*p, "after b!");
  ASSERT_EQ(p->engine->state("r.reset-2"), RunState::completed);
  p->engine->start({"t", "flow", {}, "bob", "the-work"});
  p->host.settle();
  EXPECT_EQ(refused(*p, 1, "r.reset-2"), "run t has its key the-work now");
}

TEST_P(Resetting, AQuarantinedRunGoesOnFromWhereTheNewCodeStillAgrees) {
  {
    auto p = started(work);
    hand.answer(*p, "a");
  }
  auto p = opened(other_work);
  ASSERT_EQ(p->engine->state("r"), RunState::quarantined);
  EXPECT_NE(refused(*p, 1).find("this build decides otherwise than these turns say: turn 0"),
            std::string::npos)
      << refused(*p, 1);
}

TEST_P(Resetting, APausedRunStaysPausedIfItWasThen) {
  auto p = started(work);
  p->engine->pause("r", ann);
  p->host.settle();
  hand.answer(*p, "a");
  EXPECT_EQ(reset(*p, 2), "r.reset-2");
  EXPECT_EQ(p->engine->state("r.reset-2"), RunState::paused);
  EXPECT_EQ(p->engine->resume("r.reset-2", ann), std::nullopt);
  p->host.settle();
  hand.answer(*p, "a");
  EXPECT_EQ(hand.asked.back(), "b");
  expect_whole(*p);
}

TEST_P(Resetting, TheLimitOfOpenRunsHoldsForItToo) {
  auto p = process(work);
  EngineOptions options{"build-1", "test"};
  options.limits = {{"flow", 1}};
  p->open(options);
  for (const char* run : {"r", "s", "t"}) {
    p->engine->start(run, "flow", text("in").SerializeAsString(), "ann");
  }
  p->host.settle();
  hand.refuse(*p, "a");
  ASSERT_EQ(p->engine->state("r"), RunState::failed);
  ASSERT_EQ(p->engine->state("s"), RunState::running);
  EXPECT_EQ(refused(*p, 1),
            "as many runs of workflow flow are open as may be; when one of them has ended, ask "
            "again");
  EXPECT_EQ(reset(*p, 2, "s"), "s.reset-2") << "in its own place";
  EXPECT_EQ(p->engine->state("s.reset-2"), RunState::running);
  EXPECT_EQ(p->engine->state("t"), RunState::queued);
  for (const char* run : {"s.reset-2", "t"}) {
    EXPECT_EQ(p->engine->terminate(run, ann), std::nullopt);
    p->host.settle();
  }
  EXPECT_EQ(reset(*p, 1), "r.reset-2");
  expect_whole(*p);
}

// Else a reset to before a time-out would end in the same time-out.
TEST_P(Resetting, AStepThatWasOpenHasItsTimeAnew) {
  bool answers = false;
  std::vector<Answer<Text>> unanswered;
  auto p = process(with<pressing>);
  p->handlers.handle<Text, Text>(
      pressing, [&](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
        if (!answers) return unanswered.push_back(answer);
        answer.complete(what);
      });
  p->open();
  p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
  p->host.settle();
  hand.answer(*p, "a");
  pass(*p, 2h);
  ASSERT_EQ(p->engine->state("r"), RunState::failed);
  EXPECT_EQ(result(*p), "timeout");
  answers = true;
  EXPECT_EQ(reset(*p, 2), "r.reset-2");
  EXPECT_EQ(hand.asked, (std::vector<std::string>{"a", "c"})) << p->history("r.reset-2");
}

TEST_P(Resetting, ARunThatWasResetCanContinueAsNew) {
  {
    auto p = started(two_runs);
    for (const char* what : {"a", "b", "c"}) {
      if (what == std::string("c")) EXPECT_EQ(reset(*p, 3), "r.reset-2");
      hand.answer(*p, what);
    }
    EXPECT_EQ(find_run(p->log, "r.reset-2")->origin->copied, 3U);
    EXPECT_EQ(find_run(p->log, "r.reset-2")->successor, "r.reset-2~2");
  }
  auto p = opened(two_runs);
  EXPECT_EQ(p->history("r.reset-2~2"), "0 RunStarted\n0 step 1 ask\n") << "no copies";
  hand.answer(*p, "x");
  hand.answer(*p, "y");
  EXPECT_EQ(result(*p, "r.reset-2~2"), "y!");
  EXPECT_EQ(find_run(p->log, "r.reset-2~2")->origin->copied, 0U);
  expect_whole(*p);
}

INSTANTIATE_TEST_SUITE_P(On, Resetting, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
