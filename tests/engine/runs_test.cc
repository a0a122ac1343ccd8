// What is proved: runs over the life of several processes: timers, signals, divergence and
// quarantine, large payloads, the anchor, and halting.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "engine/core/codec.h"
#include "engine/inspect/history.h"
#include "engine/inspect/replay.h"
#include "engine/inspect/verify.h"
#include "tests/engine/process.h"
#include "tests/engine/travel.h"

namespace ratchet::engine::testing {
namespace {

class Runs : public ::testing::TestWithParam<DiskKind> {
 protected:
  std::unique_ptr<Process> process(Task<Text> (*code)(Workflow, Text) = travel,
                                   std::uint32_t version = 1) {
    auto p = std::make_unique<Process>(outside);
    p->registry.add("travel", version, code);
    ledger.serve(p->handlers, p->host);
    return p;
  }
  static bool start(Process& p, const std::string& id = "r", const std::string& to = "Rome") {
    return p.engine->start(id, "travel", text(to).SerializeAsString(), "ann");
  }
  static void approve(Process& p) {
    p.engine->signal("r", approval.name(), text("bob").SerializeAsString(), "bob");
  }
  static bool finish(Process& p) {
    return p.host.run_until([&] { return p.engine->state("r") == RunState::completed; });
  }
  // Up to the two bookings, which have been made; then the process dies.
  void stop_before_the_end() {
    auto p = process();
    p->open();
    start(*p);
    approve(*p);
    p->host.run_until([&] { return p->history("r").find("step 5") != std::string::npos; });
  }

  Outside outside{GetParam().make()};
  Ledger ledger;
};

TEST_P(Runs, AHistoryReadsLikeWhatHappened) {
  auto p = process();
  p->open();
  start(*p);
  EXPECT_FALSE(start(*p)) << "a run id is started once";
  approve(*p);
  ASSERT_TRUE(finish(*p));
  EXPECT_FALSE(start(*p)) << "also after its end";
  const std::string history = p->history("r");
  EXPECT_EQ(history.substr(0, history.find("timer 2")),
            "0 RunStarted\n0 step 1 quote\n1 SignalReceived approval from bob\n2 StepCompleted 1 "
            "after 1\n2 ");
  EXPECT_EQ(history.substr(history.find("3 TimerFired")),
            "3 TimerFired 2\n3 wait 3 for signal approval\n3 step 4 book\n4 StepCompleted 4 after "
            "1\n4 step 5 book\n5 StepCompleted 5 after 1\n5 step 6 announce\n6 StepCompleted 6 "
            "after 1\n6 run completed\n");
  EXPECT_TRUE(verify(p->log).ok());
}

TEST_P(Runs, ATimerIsDueAtTheSameTimeAfterACrash) {
  Time due{};
  {
    auto p = process();
    p->open();
    start(*p);
    p->host.run_until([&] { return p->history("r").find("timer 2") != std::string::npos; });
    for (const auto& turn : read_history(p->log, find_run(p->log, "r")->run)) {
      for (const Event& event : turn.turn.events) {
        if (const auto* timer = std::get_if<TimerStarted>(&event)) due = timer->due;
      }
    }
  }
  outside.now += std::chrono::seconds(20);
  auto p = process();
  p->open();
  approve(*p);
  ASSERT_TRUE(finish(*p));
  for (const auto& turn : read_history(p->log, find_run(p->log, "r")->run)) {
    if (std::holds_alternative<TimerFired>(turn.turn.events.front())) {
      EXPECT_EQ(turn.turn.wall, due);
    }
  }
}

TEST_P(Runs, ChangedCodeIsQuarantinedWithADiffAndGoesOnWithTheOldCode) {
  stop_before_the_end();
  {
    auto p = process(travel_swapped);
    p->open("build-2");
    p->host.settle();
    EXPECT_EQ(p->engine->state("r"), RunState::quarantined);
    const std::string why = find_run(p->log, "r")->failure->message;
    EXPECT_NE(why.find("recorded: step 4 book"), std::string::npos) << why;
    EXPECT_NE(why.find("travel.cc:"), std::string::npos) << why;
    EXPECT_NE(why.find("flight to Rome"), std::string::npos) << why;
    approve(*p);  // a fact that comes meanwhile is recorded, and delivered later
    p->host.settle();
    EXPECT_TRUE(verify(p->log).ok());
  }
  {
    auto p = process(travel_swapped);
    p->open("build-2");
    const auto records = p->log.head().size;
    EXPECT_EQ(p->engine->state("r"), RunState::quarantined);
    p->host.settle();
    EXPECT_EQ(p->log.head().size, records) << "an old divergence is not recorded again";
  }
  auto p = process();
  p->open("build-3");
  ASSERT_TRUE(finish(*p)) << p->history("r");
  EXPECT_NE(p->history("r").find("QuarantineLifted"), std::string::npos);
  const auto verified = verify(p->log);
  EXPECT_TRUE(verified.ok()) << verified.problems.front();
  EXPECT_FALSE(replay_all(p->log, p->registry).front().divergence);
}

// Two inputs that differ in 200 000 bytes: the difference is told as far as a record can tell it.
TEST_P(Runs, ADivergenceOfLargeInputsIsThatRunsAlone) {
  {
    auto p = process();
    p->open();
    start(*p, "r", std::string(200'000, 'x'));
    approve(*p);
    p->host.run_until([&] { return p->history("r").find("step 5") != std::string::npos; });
  }
  auto p = process(travel_swapped);
  p->open("build-2");
  p->host.settle();
  EXPECT_EQ(p->engine->state("r"), RunState::quarantined);
  const std::string why = find_run(p->log, "r")->failure->message;
  EXPECT_EQ(why.find("turn 3: recorded: step 4 book"), 0U) << why.substr(0, 200);
  EXPECT_TRUE(why.ends_with("x…"));
  EXPECT_EQ(why.size(), most_message_bytes);
  EXPECT_TRUE(start(*p, "s")) << "others go on";
  p->host.settle();
  EXPECT_EQ(p->engine->state("s"), RunState::running);
  EXPECT_TRUE(verify(p->log).ok());
}

TEST_P(Runs, AFactThatComesDuringQuarantineIsDeliveredWhenTheRunGoesOn) {
  {
    auto p = process();
    p->open();
    start(*p);
    p->host.run_until([&] { return p->history("r").find("wait 3") != std::string::npos; });
  }
  {
    auto p = process(travel_otherwise);
    p->open("build-2");
    p->host.settle();
    EXPECT_EQ(p->engine->state("r"), RunState::quarantined);
    const std::string why = find_run(p->log, "r")->failure->message;
    EXPECT_EQ(why.substr(0, why.find(" (")),
              "turn 0: recorded: step 1 quote | attempted: step 1 announce");
    approve(*p);
    p->host.settle();
    EXPECT_NE(p->history("r").find("Held"), std::string::npos);
  }
  {
    auto p = process();
    p->open("build-3");
    p->host.run_until([&] { return p->history("r").find("step 4") != std::string::npos; });
  }
  auto p = process();
  p->open("build-3");
  ASSERT_TRUE(finish(*p)) << "nobody approved again:\n" << p->history("r");
  const std::string history = p->history("r");
  const auto held = history.find("Held SignalReceived");
  const auto delivered = history.find(" SignalReceived", held + 5);
  ASSERT_NE(delivered, std::string::npos) << history;
  EXPECT_EQ(history.find("SignalReceived", delivered + 2), std::string::npos)
      << "a held fact is delivered once, however often the process starts:\n"
      << history;
  EXPECT_TRUE(verify(p->log).ok());
}

TEST_P(Runs, ABuildWithoutTheWorkflowQuarantinesTheRun) {
  stop_before_the_end();
  auto p = process(travel, 2);
  p->open();
  p->host.settle();
  EXPECT_EQ(p->engine->state("r"), RunState::quarantined);
}

TEST_P(Runs, ReplayNamesTheStepThatDiffers) {
  stop_before_the_end();
  auto p = process(travel_swapped);
  const auto reports = replay_all(p->log, p->registry);
  ASSERT_EQ(reports.size(), 1U);
  ASSERT_TRUE(reports[0].divergence);
  EXPECT_EQ(reports[0].divergence->turn, 3U);
}

// Replay lets a run go at its end; what stands behind it is judged all the same.
TEST_P(Runs, ReplayTakesRemarksBehindTheEndAndNothingElse) {
  {
    auto p = process();
    p->open();
    start(*p);
    approve(*p);
    ASSERT_TRUE(finish(*p));
  }
  auto p = process();
  p->log.listen({.durable = [](std::uint64_t) {}, .halted = [](const std::string&) {}});
  Definitions definitions;
  load_definitions(p->log, definitions);
  const std::uint64_t run = find_run(p->log, "r")->run;
  auto turns = static_cast<std::uint32_t>(read_history(p->log, run).size());
  const auto replay_with = [&](const Event& event) {
    const Turn turn{run, turns, 1, Time{}, {event}, {}};
    p->log.submit({.record = encode(turn, definitions).record,
                   .turn = store::RunTurn{run, turns++},
                   .blobs = {},
                   .projections = {},
                   .prunes = {}});
    p->host.settle();
    return replay_all(p->log, p->registry).at(0);
  };
  const ReplayReport remarked = replay_with(Note{"ann", "well done"});
  EXPECT_FALSE(remarked.divergence) << remarked.divergence->text();
  EXPECT_EQ(remarked.turns, turns);
  const ReplayReport ended_twice = replay_with(Terminated{{"ann", "once more"}});
  ASSERT_TRUE(ended_twice.divergence);
  EXPECT_EQ(ended_twice.divergence->turn, turns - 1);
  EXPECT_EQ(ended_twice.turns, turns - 1);
}

TEST_P(Runs, LargePayloadsMoveOutOfTheRecordAndComeBack) {
  const std::string large(200'000, 'x');
  {
    auto p = process();
    p->open();
    start(*p, "r", large);
    approve(*p);
    p->host.run_until([&] { return p->history("r").find("timer 2") != std::string::npos; });
  }
  auto p = process();
  p->open();
  ASSERT_TRUE(finish(*p));
  EXPECT_TRUE(verify(p->log).ok());
}

TEST_P(Runs, AnInputThatCannotFitIsRefusedAndRecordsNothing) {
  auto p = process();
  p->open();
  EXPECT_THROW(start(*p, "r", std::string(3'000'000, 'x')), std::length_error);
  EXPECT_TRUE(start(*p, "r"));
  approve(*p);
  EXPECT_TRUE(finish(*p));
}

TEST_P(Runs, ASignalThatCannotFitIsRefusedAndRecordsNothing) {
  auto p = process();
  p->open();
  start(*p);
  p->host.settle();
  const auto records = p->log.head().size;
  const auto send = [&] {
    return p->engine->signal("r", approval.name(), std::string(3'000'000, 'x'), "bob");
  };
  EXPECT_THROW(send(), std::length_error);
  EXPECT_THROW(p->engine->signal("r", std::string(300, 'n'), {}, "bob"), std::length_error);
  EXPECT_THROW(p->engine->signal("r", approval.name(), {}, std::string(70'000, 'b')),
               std::length_error);
  EXPECT_THROW(p->engine->start("s", "travel", {}, std::string(70'000, 'b')), std::length_error);
  p->host.settle();
  EXPECT_EQ(p->log.head().size, records);
  approve(*p);
  EXPECT_TRUE(finish(*p));
  EXPECT_TRUE(verify(p->log).ok());
}

Task<Text> watches_the_clock(Workflow wf, Text) {
  const Time before = wf.now();
  const Text by = co_await wf.receive(approval);
  if (wf.now() < before) throw StepFailure({"clock", "it went back"});
  co_return by;
}

TEST_P(Runs, TimeDoesNotGoBackInARun) {
  {
    auto p = process(watches_the_clock);
    p->open();
    start(*p);
    p->host.settle();
  }
  outside.now -= std::chrono::hours(1);
  auto p = process(watches_the_clock);
  p->open();
  approve(*p);
  EXPECT_TRUE(finish(*p)) << p->history("r");
  const auto turns = read_history(p->log, find_run(p->log, "r")->run);
  EXPECT_EQ(turns.front().turn.wall, turns.back().turn.wall);
}

TEST_P(Runs, TheAnchorFollowsTheLog) {
  auto p = process();
  p->open();
  start(*p);
  approve(*p);
  ASSERT_TRUE(finish(*p));
  p->host.settle();
  EXPECT_EQ(outside.anchor.read(), p->log.head());
}

TEST_P(Runs, ALogThatWasRolledBackIsNotOpened) {
  const auto old = [&] {
    stop_before_the_end();
    return outside.disk->copy();
  }();
  {
    auto p = process();
    p->open();
    ASSERT_TRUE(finish(*p));
    p->host.settle();
  }
  outside.disk = old;
  EXPECT_THROW(process()->open(), Halt);
}

TEST_P(Runs, AMissingLogOrAnchorIsNotOpened) {
  stop_before_the_end();
  const auto anchored = outside.anchor.read();
  outside.anchor.set(std::nullopt);
  EXPECT_THROW(process()->open(), Halt) << "the anchor is missing";
  outside.anchor.set(anchored);
  outside.disk = GetParam().make();
  EXPECT_THROW(process()->open(), Halt) << "the log is missing";
}

TEST_P(Runs, AFailedAppendHaltsTheEngine) {
  auto p = process();
  p->open();
  start(*p);
  approve(*p);
  p->host.run_until([&] { return p->history("r").find("timer 2") != std::string::npos; });
  outside.disk->fail_next_append();
  EXPECT_FALSE(finish(*p));
  EXPECT_FALSE(p->halted.empty());
  EXPECT_EQ(ledger.state(), "") << "nothing may be performed after a failed append";
  EXPECT_FALSE(start(*p, "other"));
}

INSTANTIATE_TEST_SUITE_P(On, Runs, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
