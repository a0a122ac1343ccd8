// What is proved: a run that decides more than a record holds fails there, with why; nothing of
// that is recorded or performed, replay comes to the same end, its children and its parent hear.
#include <string>

#include <gtest/gtest.h>

#include "tests/engine/by_hand.h"

namespace ratchet::engine::testing {
namespace {

constexpr ChildWorkflow<Text, Text> modest{"modest"};
constexpr ChildWorkflow<Text, Text> immodest{"immodest"};
constexpr Activity<Text, Text> book_once{"book_once", Effect::conditional};

Text three_megabytes() { return text(std::string(3'000'000, 'x')); }

Task<Text> overreach(Workflow wf, Text) { co_return co_await wf.step(ask, three_megabytes()); }

Task<Text> overreaches_when_told(Workflow wf, Text in) {
  co_await wf.receive(approval);
  co_return co_await overreach(wf, in);
}
Task<Text> asks_when_told(Workflow wf, Text in) {
  co_await wf.receive(approval);
  co_return co_await wf.step(ask, in);
}
Task<Text> returns_too_much(Workflow wf, Text) {
  co_await wf.receive(approval);
  co_return three_megabytes();
}
// A few bytes each, and no payload that could move out.
Task<Text> decides_too_often(Workflow wf, Text in) {
  for (int i = 0; i < 8000; ++i) wf.patched("patch-" + std::to_string(i));
  co_return in;
}

Task<Text> help_modestly(Workflow wf, Text what) { co_return co_await wf.step(ask, what); }

Task<Text> overreaches_beside_its_child(Workflow wf, Text in) {
  co_await race(wf.child(modest, text("a")), overreaches_when_told(wf, in));
  co_return text("never");
}
Task<Text> overreaches_after_its_child(Workflow wf, Text in) {
  co_await race(wf.child(modest, text("a")), wf.receive(approval));
  co_return co_await overreach(wf, in);
}
Task<Text> parent_of_an_immodest_child(Workflow wf, Text in) {
  const auto done = co_await attempt(wf.child(immodest, in));
  co_return done.ok() ? *done.value : text(done.failed->code);
}

// Was sent what fits into the next run's start, but not beside what that run decides there.
Task<Text> relays_much(Workflow wf, Text in) {
  if (in.value() == "in") {
    co_await wf.step(ask, text("ready?"));
    co_return co_await wf.continue_as_new<Text>(text("next"));
  }
  for (int i = 0; i < 1300; ++i) wf.patched("patch-" + std::to_string(i));
  int heard = 0;
  for (; heard < 1000; ++heard) co_await wf.receive(approval);
  co_return text(std::to_string(heard));
}

// Its first turn has some 62 600 bytes.
Task<Text> nearly_too_much(Workflow wf, Text in) {
  for (int i = 0; i < 3741; ++i) wf.patched("patch-" + std::to_string(i));
  co_return co_await wf.step(ask, in);
}

Task<Text> books_once(Workflow wf, Text in) {
  const auto done = co_await attempt(wf.step(book_once, in));
  co_return text(done.ok() ? "booked" : done.failed->code);
}

class LargeTurns : public HandTest {
 protected:
  std::unique_ptr<Process> begun(Code code) {
    auto p = process(code);
    p->registry.add("modest", 1, help_modestly);
    p->registry.add("immodest", 1, overreach);
    p->open();
    p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
    p->host.settle();
    return p;
  }
  void expect_the_child_is_cancelled(Code code) {
    auto p = begun(code);
    ASSERT_EQ(p->engine->state("r/1"), RunState::running);
    signal(*p, "go");
    EXPECT_EQ(result(*p), too_large_code) << p->history("r");
    EXPECT_TRUE(find_run(p->log, "r/1")->cancel_requested);
    expect_whole(*p);
  }
  static std::string why(Process& p) { return find_run(p.log, "r")->failure->message; }
};

TEST_P(LargeTurns, ATurnThatDoesNotFitIsNotAppendedAndItsRunFails) {
  {
    auto p = begun(overreaches_when_told);
    p->engine->start("s", "flow", {}, "ann");
    signal(*p, "go");
    EXPECT_EQ(p->engine->state("r"), RunState::failed);
    EXPECT_EQ(p->engine->state("s"), RunState::running) << "others go on";
    EXPECT_EQ(p->history("r"),
              "0 RunStarted\n0 wait 1 for signal approval\n1 SignalReceived approval from bob\n1 "
              "run failed: turn_too_large\n");
    expect_whole(*p);
  }
  auto p = opened(overreaches_when_told);
  EXPECT_EQ(p->engine->state("r"), RunState::failed);
  EXPECT_FALSE(p->engine->signal("r", approval.name(), {}, "bob")) << "it has ended";
  EXPECT_TRUE(hand.asked.empty());
  expect_whole(*p);
}

TEST_P(LargeTurns, WhyItDidNotFitIsTold) {
  auto p = begun(overreaches_when_told);
  signal(*p, "go");
  for (const char* told :
       {"of its 2 events 30000", "65535 at most may", "a payload has 1048576 at most",
        "the largest is step 2 ask, 30000", "passes references", "reset it to the turns before"}) {
    EXPECT_NE(why(*p).find(told), std::string::npos) << told << "\n" << why(*p);
  }
}

// The end that is recorded is not decided anew; the turns before it can go on.
TEST_P(LargeTurns, CodeThatDecidesLessGoesOnFromTheTurnsBefore) {
  signal(*begun(overreaches_when_told), "go");
  auto p = process(asks_when_told);
  p->open("build-2");
  EXPECT_EQ(p->engine->state("r"), RunState::failed);
  const WasReset again = p->engine->reset("r", 1, {"ann", "this build asks for little"});
  ASSERT_EQ(again.refused, std::nullopt);
  p->host.settle();
  hand.answer(*p, "in");
  EXPECT_EQ(result(*p, again.run_id), "in!");
  expect_whole(*p);
}

TEST_P(LargeTurns, AFirstTurnThatDoesNotFitIsARunThatFailed) {
  for (const Code code : {Code{overreach}, Code{decides_too_often}}) {
    const std::string id = code == overreach ? "much" : "often";
    auto p = process(code);
    p->open();
    EXPECT_TRUE(p->engine->start(id, "flow", text("in").SerializeAsString(), "ann"));
    p->host.settle();
    EXPECT_EQ(p->history(id), "0 RunStarted\n0 run failed: turn_too_large\n");
    EXPECT_TRUE(find_run(p->log, id)->failure->message.ends_with("at once, start it anew"));
    EXPECT_FALSE(p->engine->start(id, "flow", {}, "ann")) << "a run id is started once";
    expect_whole(*p);
  }
  EXPECT_TRUE(hand.asked.empty());
}

TEST_P(LargeTurns, AResultThatDoesNotFitFailsItsRun) {
  auto p = begun(returns_too_much);
  signal(*p, "go");
  EXPECT_EQ(result(*p), too_large_code);
  EXPECT_NE(why(*p).find("the largest is run completed"), std::string::npos) << why(*p);
  expect_whole(*p);
}

TEST_P(LargeTurns, TheChildOfARunThatDecidesTooMuchIsCancelled) {
  expect_the_child_is_cancelled(overreaches_beside_its_child);
}

TEST_P(LargeTurns, TheChildThatTheTurnWasToCancelIsCancelledToo) {
  expect_the_child_is_cancelled(overreaches_after_its_child);
}

TEST_P(LargeTurns, AChildThatDecidesTooMuchIsAFailureOfItsAwait) {
  auto p = begun(parent_of_an_immodest_child);
  EXPECT_EQ(result(*p), too_large_code);
  EXPECT_EQ(p->engine->state("r/1"), RunState::failed);
  expect_whole(*p);
}

TEST_P(LargeTurns, SignalsThatDoNotFitIntoAStartComeOneByOne) {
  auto p = begun(relays_much);
  for (int i = 0; i < 1000; ++i) {
    p->engine->signal("r", approval.name(), text(std::string(30, 'x')).SerializeAsString(), "bob");
    if (i % 100 == 99) p->host.settle();
  }
  hand.answer(*p, "ready?");
  EXPECT_EQ(result(*p, "r~2"), "1000");
  expect_whole(*p);
}

// The copy of its first turn says who had it made, and why.
TEST_P(LargeTurns, ATurnWhoseCopyDoesNotFitIsNotStartedOverFrom) {
  auto p = begun(nearly_too_much);
  hand.answer(*p, "in");
  const auto records = p->log.head().size;
  const WasReset at_length = p->engine->reset("r", 1, {"ann", std::string(4096, 'y')});
  ASSERT_TRUE(at_length.refused);
  EXPECT_NE(at_length.refused->find("does not fit into a record"), std::string::npos);
  p->host.settle();
  EXPECT_EQ(p->log.head().size, records);
  EXPECT_EQ(p->engine->reset("r", 1, {"ann", "in short"}).refused, std::nullopt);
  p->host.settle();
  hand.answer(*p, "in");
  EXPECT_EQ(result(*p, "r.reset-2"), "in!");
  expect_whole(*p);
}

// What a probe tells goes on the record as what an attempt tells does, and has its limits.
TEST_P(LargeTurns, AProbeThatTellsTooMuchFailsItsStepAlone) {
  auto p = process(books_once);
  p->handlers.handle<Text, Text>(book_once, [](const AttemptInfo&, const Text&, const auto& sink) {
    sink.fail({"connection", "reset after the write"});
  });
  p->handlers.probe<Text, Text>(book_once, [](const AttemptInfo&, const Text&, const auto& sink) {
    sink.done(three_megabytes());
  });
  p->open();
  p->engine->start("r", "flow", {}, "ann");
  p->host.run_until([&] { return p->engine->state("r") == RunState::completed; });
  EXPECT_EQ(result(*p), "result_too_large");
  expect_whole(*p);
}

INSTANTIATE_TEST_SUITE_P(On, LargeTurns, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
