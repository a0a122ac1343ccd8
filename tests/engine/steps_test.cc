// What is proved: how the engine performs steps: retries, time-outs, what is in doubt after a
// crash or a lost answer, and that none of it changes what the workflow sees on replay.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "engine/inspect/verify.h"
#include "tests/engine/process.h"
#include "tests/engine/travel.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;

constexpr Activity<Text, Text> flaky{"flaky", Effect::idempotent, Policy{}.attempts(5).each(10s)};
constexpr Activity<Text, Text> patient{"patient", Effect::read,
                                       Policy{}.each(10s).overall(120s).backoff(1s, 4s)};
constexpr Activity<Text, Text> once{"once", Effect::conditional, Policy{}.attempts(3).each(10s)};
constexpr Activity<Text, Text> touchy{"touchy", Effect::manual};
constexpr Activity<Text, Text> doubtful{"doubtful", Effect::manual, Policy{}.decide_within(1h)};
constexpr Activity<Text, Text> exact{"exact", Effect::idempotent,
                                     Policy{}.backoff(1s, 8s).spread(0).never_retry("broken")};
constexpr Activity<Text, Text> beating{"beating", Effect::idempotent,
                                       Policy{}.each(60s).attempts(2).heartbeat(2s)};

template <const Activity<Text, Text>& activity>
Task<Text> one_step(Workflow wf, Text in) {
  const auto done = co_await attempt(
      [](Workflow w, Text i) -> Task<Text> { co_return co_await w.step(activity, i); }(wf, in));
  co_return text(done.ok() ? done.value->value() : "failed: " + done.failed->message);
}

class Steps : public ::testing::TestWithParam<DiskKind> {
 protected:
  std::unique_ptr<Process> process() {
    auto p = std::make_unique<Process>(outside);
    p->registry.add("flaky", 1, one_step<flaky>);
    p->registry.add("patient", 1, one_step<patient>);
    p->registry.add("once", 1, one_step<once>);
    p->registry.add("touchy", 1, one_step<touchy>);
    p->registry.add("doubtful", 1, one_step<doubtful>);
    p->registry.add("exact", 1, one_step<exact>);
    p->registry.add("beating", 1, one_step<beating>);
    return p;
  }
  static void run(Process& p, const std::string& workflow) {
    p.open();
    p.engine->start("r", workflow, text("in").SerializeAsString(), "test");
    p.host.run_until([&] {
      const auto state = p.engine->state("r");
      return state && *state != RunState::running;
    });
  }
  Outside outside{GetParam().make()};
};

TEST_P(Steps, ARetryFollowsAFailedAttemptAndBothAreRecorded) {
  auto p = process();
  p->handlers.handle<Text, Text>(flaky,
                                 [](const AttemptInfo& info, const Text&, const auto& answer) {
                                   if (info.attempt < 3) return answer.fail({"busy", "try later"});
                                   answer.complete(text("ok"));
                                 });
  run(*p, "flaky");
  EXPECT_EQ(p->history("r"),
            "0 RunStarted\n0 step 1 flaky\n1 AttemptFailed 1 #1: busy\n2 AttemptFailed 1 #2: "
            "busy\n3 StepCompleted 1 after 3\n3 run completed\n");
}

TEST_P(Steps, TheLastAttemptFailsTheStepAsAValue) {
  auto p = process();
  p->handlers.handle<Text, Text>(flaky, [](const AttemptInfo&, const Text&, const auto& answer) {
    answer.fail({"busy", "try later"});
  });
  run(*p, "flaky");
  EXPECT_EQ(p->engine->state("r"), RunState::completed);
  EXPECT_NE(p->history("r").find("StepFailed 1 after 5: busy"), std::string::npos)
      << p->history("r");
}

TEST_P(Steps, AFailureForGoodIsNotRetried) {
  auto p = process();
  p->handlers.handle<Text, Text>(flaky, [](const AttemptInfo&, const Text&, const auto& answer) {
    answer.fail_for_good({"refused", "never"});
  });
  run(*p, "flaky");
  EXPECT_NE(p->history("r").find("1 StepFailed 1 after 1: refused"), std::string::npos);
}

TEST_P(Steps, ACodeThatThePolicyCallsFatalIsNotRetried) {
  auto p = process();
  p->handlers.handle<Text, Text>(exact,
                                 [](const AttemptInfo& info, const Text&, const auto& answer) {
                                   answer.fail({info.attempt < 3 ? "busy" : "broken", "as it is"});
                                 });
  run(*p, "exact");
  EXPECT_NE(p->history("r").find("3 StepFailed 1 after 3: broken"), std::string::npos)
      << p->history("r");
}

TEST_P(Steps, BackoffGrowsAndItsJitterIsTheSameInEveryRunOfATest) {
  const auto waits = [this](const std::string& workflow, const auto& activity) {
    outside.disk = GetParam().make();
    outside.anchor.set(std::nullopt);
    auto p = process();
    std::vector<Time> at;
    p->handlers.template handle<Text, Text>(
        activity, [&](const AttemptInfo& info, const Text&, const Answer<Text>& answer) {
          at.push_back(p->host.now());
          if (info.attempt < 5) return answer.fail({"busy", ""});
          answer.complete(text("ok"));
        });
    run(*p, workflow);
    std::vector<Duration> between;
    for (std::size_t i = 1; i < at.size(); ++i) between.push_back(at[i] - at[i - 1]);
    return between;
  };
  EXPECT_EQ(waits("exact", exact), (std::vector<Duration>{1s, 2s, 4s, 8s}));
  const auto spread = waits("patient", patient);
  EXPECT_EQ(spread, waits("patient", patient));
  EXPECT_NE(spread.at(0), Duration{1s});
  for (const Duration wait : spread) EXPECT_LE(wait, 4s * 1.2);
}

TEST_P(Steps, AnAttemptWithoutAHeartbeatFailsAndOneWithGoesOn) {
  auto p = process();
  std::vector<Answer<Text>> kept;
  std::vector<AttemptInfo> attempts;
  std::function<void()> beat = [&] {
    if (attempts.empty() || attempts.back().attempt != 2) return;
    if (p->host.now() > attempts.back().deadline - 40s) {
      kept.back().complete(text("slow but alive"));
    } else if (attempts.back().heartbeat()) {
      p->host.wake_at(p->host.now() + 1s, beat);
    }
  };
  p->handlers.handle<Text, Text>(
      beating, [&](const AttemptInfo& info, const Text&, const Answer<Text>& answer) {
        attempts.push_back(info);
        kept.push_back(answer);
        p->host.wake_at(p->host.now() + 1s, beat);
      });
  run(*p, "beating");
  EXPECT_EQ(p->history("r"),
            "0 RunStarted\n0 step 1 beating\n1 AttemptFailed 1 #1: heartbeat_timeout\n2 "
            "StepCompleted 1 after 2\n2 run completed\n");
  EXPECT_FALSE(attempts.front().heartbeat()) << "nobody waits for that attempt any more";
}

// A text does not move out of its record as a payload does.
TEST_P(Steps, WhatIsToldAtLengthIsRecordedShortened) {
  auto p = process();
  const Failure told{std::string(1000, 'c'), std::string(16'382, 'x') + std::string(100'000, 'y')};
  p->handlers.handle<Text, Text>(
      flaky, [&](const AttemptInfo&, const Text&, const auto& answer) { answer.fail(told); });
  run(*p, "flaky");
  EXPECT_NE(p->history("r").find("StepFailed 1 after 5: cccc"), std::string::npos)
      << p->history("r");
  for (const Recorded& recorded : p->seen) {
    const auto* failed = std::get_if<StepFailed>(&recorded.turn.events.front());
    if (failed == nullptr) continue;
    EXPECT_EQ(failed->failure.code, std::string(253, 'c') + "…");
    EXPECT_EQ(failed->failure.message, std::string(16'381, 'x') + "…");
  }
  p->engine->start("s", "touchy", text("in").SerializeAsString(), "test");
  p->host.settle();
  EXPECT_TRUE(verify(p->log).ok());
}

TEST_P(Steps, ManyFailuresLeaveFewRecords) {
  auto p = process();
  p->handlers.handle<Text, Text>(patient, [](const AttemptInfo&, const Text&, const auto& answer) {
    answer.fail({"busy", "try later"});
  });
  run(*p, "patient");
  const std::string history = p->history("r");
  for (const char* recorded : {"#1: busy\n", "#2: busy\n", "#3: busy\n", "#4: busy\n",
                               "#8: busy (+3)\n", "#16: busy (+7)\n"}) {
    EXPECT_NE(history.find(recorded), std::string::npos) << recorded << history;
  }
  EXPECT_EQ(history.find("#5: "), std::string::npos);
  EXPECT_NE(history.find("StepFailed"), std::string::npos) << history;
}

// Whether its step then fails, as that of "r", or succeeds.
TEST_P(Steps, TheLastFailedAttemptSpeaksOfThoseThatWereNotRecorded) {
  auto p = process();
  p->handlers.handle<Text, Text>(
      exact, [](const AttemptInfo& info, const Text& in, const auto& answer) {
        if (info.attempt == 8) return answer.complete(in);
        answer.fail({info.attempt == 7 && info.run_id == "r" ? "broken" : "busy", "as it is"});
      });
  run(*p, "exact");
  p->engine->start("s", "exact", {}, "test");
  p->host.run_until([&] { return p->engine->state("s") == RunState::completed; });
  const auto last = [&](const char* id) {
    const std::string history = p->history(id);
    return history.substr(0, history.find("run completed")).substr(history.find("5 Attempt"));
  };
  EXPECT_EQ(last("r"), "5 AttemptFailed 1 #7: broken (+2)\n6 StepFailed 1 after 7: broken\n6 ");
  EXPECT_EQ(last("s"), "5 AttemptFailed 1 #7: busy (+2)\n6 StepCompleted 1 after 8\n6 ");
}

TEST_P(Steps, AHandlerThatNeverAnswersTimesOut) {
  auto p = process();
  std::vector<Answer<Text>> kept;
  p->handlers.handle<Text, Text>(
      flaky, [&](const AttemptInfo& info, const Text&, const Answer<Text>& answer) {
        if (info.attempt == 1) return kept.push_back(answer);
        answer.complete(text("ok"));
      });
  run(*p, "flaky");
  EXPECT_NE(p->history("r").find("AttemptFailed 1 #1: timeout"), std::string::npos);
  EXPECT_NE(p->history("r").find("StepCompleted 1 after 2"), std::string::npos);
  const std::string before = p->history("r");
  kept.front().complete(text("late"));
  p->host.settle();
  EXPECT_EQ(p->history("r"), before) << "a late answer must change nothing";
}

TEST_P(Steps, ALateAnswerDoesNotSpeakForTheNextAttempt) {
  auto p = process();
  std::vector<Answer<Text>> kept;
  p->handlers.handle<Text, Text>(
      flaky, [&](const AttemptInfo& info, const Text&, const Answer<Text>& answer) {
        if (info.attempt == 1) return kept.push_back(answer);
        kept.front().complete(text("late"));
        answer.complete(text("in time"));
      });
  run(*p, "flaky");
  for (const Recorded& recorded : p->seen) {
    const auto* done = std::get_if<StepCompleted>(&recorded.turn.events.front());
    if (done != nullptr) EXPECT_EQ(done->result, text("in time").SerializeAsString());
  }
  EXPECT_NE(p->history("r").find("StepCompleted 1 after 2"), std::string::npos);
}

TEST_P(Steps, ADroppedAnswerAndAnExceptionAreFailedAttempts) {
  auto p = process();
  p->handlers.handle<Text, Text>(flaky,
                                 [](const AttemptInfo& info, const Text&, const auto& answer) {
                                   if (info.attempt == 1) return;
                                   if (info.attempt == 2) throw std::runtime_error("boom");
                                   answer.complete(text("ok"));
                                 });
  run(*p, "flaky");
  EXPECT_NE(p->history("r").find("#1: dropped"), std::string::npos) << p->history("r");
  EXPECT_NE(p->history("r").find("#2: exception"), std::string::npos) << p->history("r");
}

TEST_P(Steps, AConditionalStepWhoseAnswerWasLostIsLookedForNotRepeated) {
  auto p = process();
  int performed = 0;
  p->handlers.handle<Text, Text>(once, [&](const AttemptInfo&, const Text&, const auto& answer) {
    ++performed;
    answer.fail({"connection", "reset after the write"});
  });
  p->handlers.probe<Text, Text>(once, [&](const AttemptInfo&, const Text&, const auto& answer) {
    performed > 0 ? answer.done(text("found")) : answer.not_done();
  });
  run(*p, "once");
  EXPECT_EQ(performed, 1);
  EXPECT_NE(p->history("r").find("StepCompleted 1 after 2, found done"), std::string::npos)
      << p->history("r");
}

TEST_P(Steps, ALastAttemptInDoubtIsLookedForBeforeItFails) {
  auto p = process();
  int performed = 0;
  p->handlers.handle<Text, Text>(once, [&](const AttemptInfo&, const Text&, const auto& answer) {
    ++performed;
    answer.fail({"connection", "reset"});
  });
  p->handlers.probe<Text, Text>(once, [&](const AttemptInfo&, const Text&, const auto& answer) {
    performed == 3 ? answer.done(text("third time")) : answer.not_done();
  });
  run(*p, "once");
  EXPECT_EQ(performed, 3);
  EXPECT_NE(p->history("r").find("found done"), std::string::npos) << p->history("r");
}

TEST_P(Steps, AnInterruptedManualStepWaitsForAPerson) {
  {
    auto p = process();
    std::vector<Answer<Text>> kept;
    p->handlers.handle<Text, Text>(touchy,
                                   [&](const AttemptInfo&, const Text&, const Answer<Text>& a) {
                                     kept.push_back(a);
                                     p->host.stop();
                                   });
    run(*p, "touchy");
  }
  auto p = process();
  p->handlers.handle<Text, Text>(touchy, [](const AttemptInfo&, const Text&, const auto&) {
    FAIL() << "performed a second time";
  });
  p->open();
  p->host.settle();
  EXPECT_EQ(p->engine->state("r"), RunState::running);
  ASSERT_EQ(p->engine->waiting_for("r").size(), 1U);
  EXPECT_NE(p->engine->waiting_for("r")[0].find("waits for a person"), std::string::npos);
  EXPECT_NE(p->history("r").find("Probed 1: unknown"), std::string::npos);
}

// The hour is that of the person, who was asked in the second process.
TEST_P(Steps, ADoubtThatNobodyDecidesInTimeIsAFailure) {
  std::vector<Answer<Text>> kept;
  const auto opened = [&] {
    auto p = process();
    p->handlers.handle<Text, Text>(
        doubtful, [&kept, &host = p->host](const AttemptInfo&, const Text&, const auto& answer) {
          EXPECT_TRUE(kept.empty()) << "performed a second time";
          kept.push_back(answer);
          host.stop();
        });
    return p;
  };
  run(*opened(), "doubtful");
  Time asked{};
  {
    auto p = opened();
    p->open();
    asked = p->host.now();
    bool half = false;
    p->host.wake_at(asked + 30min, [&half] { half = true; });
    p->host.run_until([&half] { return half; });
    ASSERT_EQ(p->engine->waiting_for("r").size(), 1U);
    EXPECT_NE(p->engine->waiting_for("r")[0].find("waits for a person"), std::string::npos);
  }
  auto p = opened();
  p->open();
  EXPECT_TRUE(p->host.run_until([&] { return p->engine->state("r") == RunState::completed; }));
  EXPECT_EQ(p->host.now(), asked + 1h);
  EXPECT_NE(p->history("r").find("StepFailed 1 after 0: in_doubt"), std::string::npos)
      << p->history("r");
}

TEST_P(Steps, AttemptsGoOnCountingAfterACrash) {
  {
    auto p = process();
    p->handlers.handle<Text, Text>(flaky,
                                   [&](const AttemptInfo& info, const Text&, const auto& answer) {
                                     if (info.attempt == 3) return p->host.stop();
                                     answer.fail({"busy", "try later"});
                                   });
    run(*p, "flaky");
  }
  auto p = process();
  p->handlers.handle<Text, Text>(flaky,
                                 [](const AttemptInfo& info, const Text&, const auto& answer) {
                                   EXPECT_EQ(info.attempt, 3U);
                                   answer.complete(text("ok"));
                                 });
  p->open();
  p->host.run_until([&] { return p->engine->state("r") == RunState::completed; });
  EXPECT_NE(p->history("r").find("StepCompleted 1 after 3"), std::string::npos) << p->history("r");
}

TEST_P(Steps, AConditionalActivityWithoutAProbeIsRefused) {
  auto p = process();
  p->handlers.handle<Text, Text>(once, [](const AttemptInfo&, const Text&, const auto&) {});
  EXPECT_THROW(p->open(), std::invalid_argument);
}

TEST_P(Steps, InADryRunOnlyWhatReadsIsPerformed) {
  auto p = process();
  std::vector<CommandId> performed;
  const auto perform = [&](const AttemptInfo& info, const Text&, const Answer<Text>& answer) {
    performed.push_back(info.command);
    answer.complete(text("done"));
  };
  Handlers all;
  for (const auto* activity : {&patient, &flaky, &once, &touchy}) {
    all.handle<Text, Text>(*activity, perform);
  }
  all.probe<Text, Text>(
      once, [](const AttemptInfo&, const Text&, const auto& answer) { answer.not_done(); });
  p->handlers = reads_only(all);
  p->open();
  for (const char* workflow : {"patient", "flaky", "once", "touchy"}) {
    p->engine->start(workflow, workflow, text("in").SerializeAsString(), "test");
    p->host.run_until([&] { return p->engine->state(workflow) == RunState::completed; });
    const bool reads = workflow == std::string("patient");
    EXPECT_NE(p->history(workflow).find(reads ? "StepCompleted 1 after 1"
                                              : "StepFailed 1 after 1: dry_run"),
              std::string::npos)
        << p->history(workflow);
  }
  EXPECT_EQ(performed.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(On, Steps, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
