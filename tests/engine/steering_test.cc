// What is proved: what people do to a run: cancel, terminate, pause and resume, retry and skip a
// stuck step; each with who and why, and across the death of processes.
#include <stdexcept>

#include <gtest/gtest.h>

#include "engine/core/open_run.h"
#include "tests/engine/by_hand.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;

const By ann{"ann", "not today"};

constexpr Activity<Text, Text> touchy{"touchy", Effect::manual, Policy{}.backoff(3600s, 3600s)};

Task<Text> work(Workflow wf, Text) {
  co_await wf.step(ask, text("a"));
  co_return co_await wf.step(ask, text("b"));
}

Task<Text> with_compensation(Workflow wf, Text) {
  const auto done =
      co_await attempt(all(wf.step(ask, text("a")), wf.step(ask, text("b")), wf.receive(approval)));
  co_await wf.step(ask, text("undo"));
  if (!done.ok()) throw StepFailure(*done.failed);
  co_return text("done");
}

Task<Text> past_the_point_of_no_return(Workflow wf, Text) {
  co_await wf.shielded().step(ask, text("leap"));
  co_await wf.shielded().step(ask, text("land"));
  const auto last = co_await attempt(wf.step(ask, text("look around")));
  co_return text(last.ok() ? "looked" : last.failed->code);
}

Task<Text> one_touchy(Workflow wf, Text) {
  const auto done = co_await attempt(wf.step(touchy, text("x")));
  co_return done.ok() ? *done.value : text(done.failed->code);
}

constexpr Activity<Text, Text> sealed{"sealed", Effect::conditional,
                                      Policy{}.attempts(1).each(10s)};

Task<Text> one_sealed(Workflow wf, Text) { co_return co_await wf.step(sealed, text("x")); }

Task<Text> one_signal(Workflow wf, Text) { co_return co_await wf.receive(approval); }

constexpr ChildWorkflow<Text, Text> helper{"helper"};

Task<Text> with_helper(Workflow wf, Text) { co_return co_await wf.child(helper, text("x")); }

class Steering : public HandTest {
 protected:
  // One run of one_touchy whose only attempt has failed: its next look is an hour away.
  std::unique_ptr<Process> stuck() {
    auto p = process(one_touchy);
    p->handlers.handle<Text, Text>(
        touchy, [this](const AttemptInfo&, const Text&, const Answer<Text>& answer) {
          if (++attempts == 1) return answer.fail({"jammed", "by hand only"});
          answer.complete(text("at last"));
        });
    p->open();
    p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
    p->host.settle();
    return p;
  }
  int attempts = 0;
};

TEST_P(Steering, ACancelFailsEveryOpenAwaitOnceAndTheCompensationRuns) {
  auto p = started(with_compensation);
  hand.answer(*p, "a");
  EXPECT_EQ(p->engine->cancel("r", ann), std::nullopt);
  p->host.settle();
  hand.answer(*p, "undo");
  EXPECT_EQ(p->history("r"),
            "0 RunStarted\n0 step 1 ask\n0 step 2 ask\n0 wait 3 for signal approval\n1 "
            "StepCompleted 1 after 1\n2 CancelRequested by ann\n2 cancel 2\n2 cancel 3\n2 step 4 "
            "ask\n3 StepCompleted 4 after 1\n3 run failed: cancelled\n");
  const auto run = find_run(p->log, "r");
  EXPECT_EQ(run->state, RunState::cancelled);
  EXPECT_EQ(run->cancel_requested, ann);
  EXPECT_EQ(run->failure->message, "cancelled by ann: not today");
  expect_whole(*p);
}

TEST_P(Steering, AShieldedAwaitIsNotCancelledButTheNextOneIs) {
  auto p = started(past_the_point_of_no_return);
  p->engine->cancel("r", ann);
  hand.answer(*p, "leap");
  hand.answer(*p, "land");
  EXPECT_EQ(result(*p), "cancelled");
  EXPECT_EQ(p->history("r").find("step 3"), std::string::npos) << p->history("r");
  expect_whole(*p);
}

TEST_P(Steering, ACancelIsStillToComeAfterARestart) {
  {
    auto p = started(past_the_point_of_no_return);
    p->engine->cancel("r", ann);
    hand.answer(*p, "leap");
  }
  auto p = opened(past_the_point_of_no_return);
  EXPECT_NE(p->engine->cancel("r", ann), std::nullopt) << "it is being cancelled already";
  hand.answer(*p, "land");
  EXPECT_EQ(result(*p), "cancelled");
}

TEST_P(Steering, TerminateRunsNoCodeAndNothingFollows) {
  auto p = started(with_compensation);
  EXPECT_EQ(p->engine->terminate("r", ann), std::nullopt);
  EXPECT_NE(p->engine->cancel("r", ann), std::nullopt) << "it has ended";
  p->host.settle();
  EXPECT_EQ(p->history("r").substr(p->history("r").find("\n1 ")), "\n1 Terminated by ann\n");
  EXPECT_EQ(p->engine->state("r"), RunState::terminated);
  EXPECT_EQ(find_run(p->log, "r")->steered, ann);
  const auto records = p->log.head().size;
  hand.answer(*p, "a");
  EXPECT_EQ(p->log.head().size, records);
  expect_whole(*p);
  p.reset();
  p = opened(with_compensation);
  EXPECT_EQ(p->engine->state("r"), RunState::terminated);
  EXPECT_TRUE(p->engine->waiting_for("r").empty());
}

TEST_P(Steering, AQuarantinedRunCanBeTerminated) {
  started(work);
  auto p = opened(with_compensation);
  ASSERT_EQ(p->engine->state("r"), RunState::quarantined);
  EXPECT_EQ(p->engine->terminate("r", ann), std::nullopt);
  p->host.settle();
  EXPECT_EQ(p->engine->state("r"), RunState::terminated);
  EXPECT_TRUE(verify(p->log).ok());
}

TEST_P(Steering, TheChildrenOfAQuarantinedRunAreCancelledWhenItIsTerminated) {
  const auto family = [this](Code code) {
    auto p = process(code);
    p->registry.add("helper", 1, work);
    p->open();
    p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
    p->host.settle();
    return p;
  };
  family(with_helper);
  auto p = family(work);
  ASSERT_EQ(p->engine->state("r"), RunState::quarantined);
  ASSERT_EQ(p->engine->state("r/1"), RunState::running);
  EXPECT_EQ(p->engine->terminate("r", ann), std::nullopt);
  p->host.settle();
  EXPECT_EQ(p->engine->state("r/1"), RunState::cancelled) << p->history("r/1");
}

TEST_P(Steering, AQuarantinedRunThatIsBeingTerminatedTakesNoSignal) {
  started(work);
  auto p = opened(with_compensation);
  ASSERT_EQ(p->engine->state("r"), RunState::quarantined);
  EXPECT_EQ(p->engine->terminate("r", ann), std::nullopt);
  EXPECT_EQ(p->engine->signal("r", approval.name(), {}, ann), "run r has ended");
  p->host.settle();
  EXPECT_EQ(p->history("r").find("Held"), std::string::npos) << p->history("r");
}

TEST_P(Steering, APausedRunHoldsWhatComesAndDeliversItWhenItGoesOn) {
  {
    auto p = started(work);
    EXPECT_NE(p->engine->resume("r", ann), std::nullopt) << "it is not paused";
    EXPECT_EQ(p->engine->pause("r", ann), std::nullopt);
    EXPECT_NE(p->engine->pause("r", ann), std::nullopt) << "it is paused already";
    hand.answer(*p, "a");
    EXPECT_EQ(p->engine->state("r"), RunState::paused);
    EXPECT_EQ(hand.asked, std::vector<std::string>{"a"}) << "no code of a paused run is executed";
  }
  auto p = opened(work);
  EXPECT_EQ(p->engine->state("r"), RunState::paused);
  EXPECT_EQ(find_run(p->log, "r")->steered, ann);
  EXPECT_EQ(hand.asked, std::vector<std::string>{"a"}) << "its outcome is held: not asked again";
  EXPECT_EQ(p->engine->resume("r", {"bob", "tomorrow"}), std::nullopt);
  p->host.settle();
  hand.answer(*p, "b");
  EXPECT_EQ(p->history("r"),
            "0 RunStarted\n0 step 1 ask\n1 Paused by ann\n2 Held StepCompleted 1 after 1\n3 "
            "Resumed by bob\n4 StepCompleted 1 after 1\n4 step 2 ask\n5 StepCompleted 2 after "
            "1\n5 run completed\n");
  expect_whole(*p);
}

TEST_P(Steering, APausedRunThatIsQuarantinedIsStillPausedAfterwards) {
  {
    auto p = started(work);
    p->engine->pause("r", ann);
    p->host.settle();
  }
  {
    auto p = opened(with_compensation);
    EXPECT_EQ(p->engine->state("r"), RunState::quarantined);
  }
  auto p = opened(work);
  EXPECT_EQ(p->engine->state("r"), RunState::paused);
  EXPECT_TRUE(verify(p->log).ok());
}

TEST_P(Steering, ARetryEndsTheWaitOfAStuckStep) {
  auto p = stuck();
  EXPECT_NE(p->engine->retry("r", 2, ann), std::nullopt) << "there is no step 2";
  EXPECT_EQ(p->engine->retry("r", 1, ann), std::nullopt);
  p->host.settle();
  ASSERT_EQ(p->engine->waiting_for("r").size(), 1U) << "a manual step in doubt asks first";
  EXPECT_EQ(p->engine->retry("r", 1, {"bob", "it did not take place"}), std::nullopt);
  p->host.settle();
  EXPECT_EQ(p->history("r"),
            "0 RunStarted\n0 step 1 touchy\n1 AttemptFailed 1 #1: jammed\n2 StepRetried 1 by "
            "ann\n3 Probed 1: unknown\n4 StepRetried 1 by bob\n5 StepCompleted 1 after 2\n5 run "
            "completed\n");
  expect_whole(*p);
}

// The engine would have failed it if the last attempt was not done; a person wants it tried again.
TEST_P(Steering, ARetryIsAnotherAttemptAlsoWhereTheLastOneCannotBeLookedFor) {
  auto p = process(one_sealed);
  p->handlers.handle<Text, Text>(
      sealed, [this](const AttemptInfo&, const Text&, const Answer<Text>& answer) {
        if (++attempts == 1) return answer.fail({"jammed", "no answer came"});
        answer.complete(text("at last"));
      });
  int looked = 0;
  bool can_look = false;
  p->handlers.probe<Text, Text>(sealed, [&looked, &can_look](const AttemptInfo&, const Text&,
                                                             const ProbeAnswer<Text>& answer) {
    ++looked;
    if (!can_look) throw std::runtime_error("the network is away");
    answer.not_done();
  });
  p->open();
  p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
  ASSERT_TRUE(p->host.run_until([&looked] { return looked > 0; }));
  EXPECT_EQ(p->engine->retry("r", 1, ann), std::nullopt);
  ASSERT_TRUE(p->host.run_until(
      [&p] { return std::holds_alternative<StepRetried>(p->seen.back().turn.events.front()); }));
  can_look = true;
  ASSERT_TRUE(p->host.run_until([&p] { return p->engine->state("r") != RunState::running; }));
  EXPECT_EQ(result(*p), "at last") << p->history("r");
  EXPECT_EQ(attempts, 2);
}

TEST_P(Steering, AnInterruptedManualStepIsRetriedByAPerson) {
  stuck();
  auto p = stuck();
  EXPECT_NE(p->engine->waiting_for("r").at(0).find("waits for a person"), std::string::npos);
  EXPECT_EQ(attempts, 1);
  EXPECT_EQ(p->engine->retry("r", 1, ann), std::nullopt);
  p->host.settle();
  EXPECT_EQ(result(*p), "at last");
}

TEST_P(Steering, ASkipGivesAStuckStepItsOutcome) {
  auto p = stuck();
  EXPECT_NE(p->engine->skip("r", 1, "\xff no such message", ann), std::nullopt);
  EXPECT_EQ(p->engine->skip("r", 1, text("by hand").SerializeAsString(), ann), std::nullopt);
  EXPECT_NE(p->engine->skip("r", 1, {}, ann), std::nullopt) << "it is not open any more";
  pass(*p, 2h);
  EXPECT_EQ(p->history("r"),
            "0 RunStarted\n0 step 1 touchy\n1 AttemptFailed 1 #1: jammed\n2 StepSkipped 1 by "
            "ann\n2 run completed\n");
  EXPECT_EQ(result(*p), "by hand");
  EXPECT_EQ(attempts, 1);
  expect_whole(*p);
}

TEST_P(Steering, AStepCanBeFailedByAPersonAlsoWhileItsRunIsPaused) {
  auto p = stuck();
  p->engine->pause("r", ann);
  EXPECT_EQ(p->engine->fail_step("r", 1, {"given_up", "it is broken"}, ann), std::nullopt);
  EXPECT_NE(p->engine->fail_step("r", 1, {"given_up", "again"}, ann), std::nullopt);
  p->engine->resume("r", ann);
  p->host.settle();
  EXPECT_EQ(result(*p), "given_up");
  expect_whole(*p);
}

TEST_P(Steering, AStepThatIsBeingPerformedIsNotStuck) {
  auto p = started(work);
  const auto why = p->engine->skip("r", 1, {}, ann);
  ASSERT_TRUE(why);
  EXPECT_NE(why->find("attempt 1 running"), std::string::npos) << *why;
}

TEST_P(Steering, AnActNeedsARunANameAndAReason) {
  auto p = started(work);
  const auto records = p->log.head().size;
  EXPECT_NE(p->engine->cancel("other", ann), std::nullopt);
  EXPECT_NE(p->engine->cancel("r", {"ann", ""}), std::nullopt);
  EXPECT_NE(p->engine->cancel("r", {"", "why"}), std::nullopt);
  EXPECT_NE(p->engine->cancel("r", {"ann", std::string(5000, 'x')}), std::nullopt);
  p->host.settle();
  EXPECT_EQ(p->log.head().size, records);
}

std::vector<Event> events_of(Process& p) {
  std::vector<Event> events;
  for (const auto& record : read_history(p.log, find_run(p.log, "r")->run)) {
    events.insert(events.end(), record.turn.events.begin(), record.turn.events.end());
  }
  return events;
}

TEST_P(Steering, APersonsSignalIsRecordedWithWhoAndWhyAndArrives) {
  auto p = started(one_signal);
  EXPECT_NE(p->engine->signal("r", "approval", {}, By{"ann", ""}), std::nullopt);
  EXPECT_NE(p->engine->signal("r", "", {}, ann), std::nullopt);
  EXPECT_NE(p->engine->signal("r", std::string(257, 'n'), {}, ann), std::nullopt);
  EXPECT_NE(p->engine->signal("r", "approval", std::string(store::max_blob_bytes + 1, 'v'), ann),
            std::nullopt);
  EXPECT_EQ(p->engine->signal("r", "approval", text("yes").SerializeAsString(), ann), std::nullopt);
  p->host.settle();
  EXPECT_EQ(result(*p), "yes");
  const auto events = events_of(*p);
  const auto* signal = std::get_if<SignalReceived>(&events.at(2));
  ASSERT_NE(signal, nullptr) << p->history("r");
  EXPECT_EQ(signal->principal, "ann");
  EXPECT_EQ(signal->reason, "not today");
  expect_whole(*p);
}

TEST_P(Steering, ANoteIsOnTheRecordAndChangesNothing) {
  auto p = started(work);
  EXPECT_EQ(p->engine->note("r", ann), std::nullopt);
  p->host.settle();
  p.reset();
  p = opened(work);
  const auto events = events_of(*p);
  const auto* note = std::get_if<Note>(&events.back());
  ASSERT_NE(note, nullptr) << p->history("r");
  EXPECT_EQ(note->principal, "ann");
  EXPECT_EQ(note->text, "not today");
  hand.answer(*p, "a");
  hand.answer(*p, "b");
  expect_whole(*p);
}

TEST_P(Steering, ANoteOnAnEndedRunIsOnItsRecordToo) {
  auto p = started(work);
  hand.answer(*p, "a");
  hand.answer(*p, "b");
  ASSERT_EQ(p->engine->state("r"), RunState::completed);
  const auto before = events_of(*p);
  EXPECT_EQ(p->engine->note("r", ann), std::nullopt);
  EXPECT_EQ(p->engine->note("r", {"bob", "nor tomorrow"}), std::nullopt)
      << "the first is not durable";
  p->host.settle();
  EXPECT_EQ(p->engine->note("r", ann), std::nullopt);
  EXPECT_NE(p->engine->note("r2", ann), std::nullopt);
  p->host.settle();
  p.reset();
  p = opened(work);
  const auto events = events_of(*p);
  ASSERT_EQ(events.size(), before.size() + 3);
  EXPECT_EQ(std::get<Note>(events[before.size()]).principal, "ann");
  EXPECT_EQ(std::get<Note>(events[before.size() + 1]).text, "nor tomorrow");
  EXPECT_EQ(p->engine->state("r"), RunState::completed);
  int open = 0;
  p->log.scan_projections(open_run_prefix,
                          [&](std::string_view, std::string_view) { return ++open > 0; });
  EXPECT_EQ(open, 0);
  expect_whole(*p);
}

INSTANTIATE_TEST_SUITE_P(On, Steering, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
