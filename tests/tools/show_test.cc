// What is proved: show and explain say where a run stands and why, to the letter; runs are found by
// what is known of them.
#include <cstdlib>
#include <ctime>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/inspect/compare.h"
#include "engine/inspect/explain.h"
#include "engine/inspect/waiting.h"
#include "tests/engine/process.h"
#include "tests/engine/recording.h"
#include "tests/engine/travel.h"
#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/run_view.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {
namespace {

using engine::testing::lisbon;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

engine::Explanation explained(const store::LogReader& log, const std::string& run_id) {
  const engine::RunInfo run = *engine::find_run(log, run_id);
  const auto events = engine::EventReader(run.run).next(log);
  return engine::explain(run, events, engine::timeline(events));
}

// Porto waits for its approval, in a process that is alive.
class Waiting : public ::testing::Test {
 protected:
  Waiting() : process(engine::testing::wait_for_approval(outside, ledger, "porto")) {}

  engine::Explanation porto() {
    process->host.settle();
    return explained(process->log, "porto");
  }

  engine::testing::Outside outside;
  engine::testing::Ledger ledger;
  std::unique_ptr<engine::testing::Process> process;
  const engine::By ann{"ann", "not before Monday"};
};

TEST_F(Waiting, ForASignal) {
  EXPECT_EQ(porto().state, "The run goes on.");
  EXPECT_THAT(porto().because, ElementsAre("it waits for the signal approval"));
  EXPECT_THAT(porto().next, ElementsAre("send the signal approval: `signal porto approval`"));
}

TEST_F(Waiting, Paused) {
  process->engine->pause("porto", ann);
  EXPECT_THAT(porto().state, HasSubstr("paused"));
  EXPECT_THAT(porto().because, ElementsAre("it was paused by ann (not before Monday)",
                                           "it waits for the signal approval"));
}

TEST_F(Waiting, NoLongerAfterItsTermination) {
  process->engine->terminate("porto", ann);
  EXPECT_THAT(porto().because, ElementsAre("it was terminated by ann (not before Monday)"));
}

TEST_F(Waiting, NoLongerAfterItsCancellation) {
  process->engine->cancel("porto", ann);
  EXPECT_THAT(porto().state, HasSubstr("cancelled"));
  EXPECT_THAT(porto().because, ElementsAre("it was cancelled by ann (not before Monday)"));
}

TEST(Explained, ADoubtSaysWhatAPersonCanDo) {
  engine::TimelineEntry step;
  step.command.event = engine::StepScheduled{4, "delete_pod", "", 0};
  step.command.command = 4;
  step.command.name = "delete_pod";
  step.doubt = "the pod is unknown";
  engine::RunInfo run;
  run.run_id = "porto";
  const engine::Explanation told = engine::explain(run, {}, {step});
  EXPECT_THAT(
      told.because,
      ElementsAre("it waits for step 4 delete_pod",
                  "nobody can tell whether step 4 delete_pod was done: the pod is unknown"));
  EXPECT_THAT(told.next,
              ElementsAre("look, then have step 4 delete_pod tried again, `retry porto 4`, or give "
                          "it its outcome, `skip porto 4` or `fail porto 4`"));
}

TEST(Explained, AQuarantineSaysWhereRecordAndBuildPartAndTheFix) {
  engine::RunInfo run;
  run.run_id = "porto";
  run.state = engine::RunState::quarantined;
  engine::RecordedEvent older, newer;
  older.event = engine::Diverged{2, "an older build began something else"};
  newer.event = engine::Diverged{5, "book was recorded, this build begins announce"};
  const engine::Explanation told = engine::explain(run, {older, newer}, {});
  EXPECT_THAT(told.state, HasSubstr("nothing is performed for it, what comes is kept"));
  EXPECT_THAT(told.because, ElementsAre("at turn 5 book was recorded, this build begins announce"));
  EXPECT_THAT(told.next,
              ElementsAre("`replay porto` shows where this build and the record part",
                          "run a build that decides as was recorded: it lifts the quarantine by "
                          "itself"));
}

TEST(Explained, ARunThatDecidedTooMuchSaysWhatCanGoOn) {
  engine::RunInfo run;
  run.run_id = "porto";
  run.state = engine::RunState::failed;
  run.failure = engine::Failure{engine::too_large_code, "a turn does not fit"};
  engine::RecordedEvent end;
  end.event = engine::RunFailed{*run.failure, true};
  engine::TimelineEntry step;
  step.command.event = engine::StepScheduled{1, "book", {}};
  step.end.emplace().event = engine::StepFailed{1, {"full", "no room"}, 1};
  const engine::Explanation told = engine::explain(run, {end}, {step});
  EXPECT_THAT(told.because, ElementsAre("turn_too_large: a turn does not fit"))
      << "no step is to blame";
  EXPECT_THAT(told.next, ElementsAre("run a build whose workflow decides less at once, and have "
                                     "the turns before go on, `reset porto --keep TURNS`, or "
                                     "start a new run"));
  end.event = engine::RunFailed{*run.failure};
  EXPECT_EQ(engine::explain(run, {end}, {step}).because.size(), 2U);
}

TEST(Explained, ATimerSaysUntilWhen) {
  engine::TimelineEntry timer;
  timer.command.event = engine::TimerStarted{1, engine::testing::Outside().now};
  EXPECT_THAT(engine::explain({}, {}, {timer}).because,
              ElementsAre("it waits for a timer, until 2001-09-09T01:46:40Z"));
}

TEST(Shown, ProgramsFindUntilWhenAtTheTimerToo) {
  RunView view;
  engine::TimelineEntry timer;
  timer.command.event = engine::TimerStarted{1, engine::testing::Outside().now};
  view.entries = {timer};
  EXPECT_EQ(document_of(view)["steps"][0]["due"], "2001-09-09T01:46:40.000000Z");
}

using engine::testing::Text;

inline constexpr engine::Activity<Text, Text> knock{
    "knock", engine::Effect::idempotent,
    engine::Policy{}
        .each(std::chrono::seconds(10))
        .overall(std::chrono::seconds(60))
        .backoff(std::chrono::seconds(4), std::chrono::seconds(30))
        .spread(0)};

engine::Task<Text> knock_at(engine::Workflow wf, Text what) {
  co_return co_await wf.step(knock, what);
}

// Nobody answers the door, from 01:46:40 on; attempts follow after 4, 8, 16 and 30 seconds.
class Knocking : public ::testing::Test {
 protected:
  Knocking() {
    process.registry.add("knock_at", 1, knock_at);
    process.handlers.handle<Text, Text>(
        knock, [](const engine::AttemptInfo&, const Text&, const engine::Answer<Text>& answer) {
          answer.fail({"nobody", "nobody is there"});
        });
    process.open();
    process.engine->start("door", "knock_at", engine::testing::text("door").SerializeAsString(),
                          "ann");
    process.host.settle();
  }

  void pass(engine::Duration time) {
    bool reached = false;
    process.host.wake_at(process.host.now() + time, [&] { reached = true; });
    process.host.run_until([&] { return reached; });
    process.host.settle();
  }
  RunView door(const engine::Registry* workflows) {
    return view_of(process.log, *engine::find_run(process.log, "door"), workflows);
  }

  engine::testing::Outside outside;
  engine::testing::Process process{outside};
};

TEST_F(Knocking, AStepSaysUntilWhenItIsWaitedForAndWhenItIsTriedAgain) {
  const engine::Explanation told = door(&process.registry).explanation;
  EXPECT_THAT(told.because,
              ElementsAre("it waits for step 1 knock; attempt 1 failed: nobody: nobody is there",
                          "attempt 2 of step 1 knock starts 2001-09-09T01:46:44Z and is waited for "
                          "until 2001-09-09T01:46:54Z; the step fails at 2001-09-09T01:47:40Z"));
  EXPECT_THAT(told.next, ElementsAre("mend what made the attempts fail; it is tried again by "
                                     "itself, from 2001-09-09T01:46:44Z on"));
}

TEST_F(Knocking, ProgramsFindThatAtTheStep) {
  pass(std::chrono::seconds(30));  // three more attempts have failed: at 44, 52 and 08
  EXPECT_EQ(document_of(door(nullptr))["steps"][0].count("waits"), 0U);
  const Document waits = document_of(door(&process.registry))["steps"][0]["waits"];
  EXPECT_EQ(waits["attempt"], 5);
  EXPECT_EQ(waits["or_later"], true) << "the failure of attempt 5 would not be on the record";
  EXPECT_EQ(waits["from"], "2001-09-09T01:47:38.000000Z");
  EXPECT_EQ(waits["answer_by"], "2001-09-09T01:47:40.000000Z") << "not later than the step fails";
  EXPECT_EQ(waits["last_moment"], "2001-09-09T01:47:40.000000Z");
}

TEST_F(Knocking, AStepThatAResetTookOverHasItsTimeAnew) {
  pass(std::chrono::seconds(100));  // it failed at 01:47:40
  process.engine->reset("door", 1, {"ann", "somebody has come home"});
  process.host.settle();
  const auto run = engine::find_run(process.log, "door.reset-2");
  ASSERT_TRUE(run);
  EXPECT_THAT(view_of(process.log, *run, &process.registry).explanation.because,
              ::testing::Contains(
                  "attempt 2 of step 1 knock starts 2001-09-09T01:48:24Z and is waited for until "
                  "2001-09-09T01:48:34Z; the step fails at 2001-09-09T01:49:20Z"));
}

TEST_F(Knocking, NothingIsSaidByCodeThatDoesNotKnowTheWorkflow) {
  const engine::Registry empty{};
  EXPECT_THAT(door(&empty).waits, IsEmpty());
  EXPECT_THAT(door(&empty).explanation.because,
              ElementsAre("it waits for step 1 knock; attempt 1 failed: nobody: nobody is there"));
}

TEST_F(Knocking, NothingIsSaidOfAStepThatAwaitsAPerson) {
  const RunView shown = door(nullptr);
  std::vector<engine::RecordedEvent> events = shown.events;
  engine::RecordedEvent doubted;
  doubted.command = 1;
  doubted.event = engine::Probed{1, engine::Verdict::unknown, "nobody can tell"};
  EXPECT_TRUE(engine::step_wait(knock.info(), "door", shown.entries.at(0), events));
  events.push_back(doubted);
  EXPECT_FALSE(engine::step_wait(knock.info(), "door", shown.entries.at(0), events));
}

class Recorded : public ::testing::Test {
 protected:
  Recorded() {
    record_lisbon(outside);
    log = reader_of(outside);
  }
  std::string runs(const RunsOptions& options) {
    std::ostringstream out, err;
    Streams streams{out, err, {}};
    EXPECT_EQ(print_runs(*log, options, {streams, Format::table}), Exit::well);
    return out.str() + err.str();
  }

  engine::testing::Outside outside;
  std::unique_ptr<store::LogReader> log;
};

TEST_F(Recorded, ACompletedRunNeedsNobody) {
  const engine::Explanation told = explained(*log, lisbon);
  EXPECT_EQ(told.state, "The run completed.");
  EXPECT_THAT(told.because, IsEmpty());
  EXPECT_THAT(told.next, IsEmpty());
}

TEST_F(Recorded, TheTimelineSaysHowLongAndHowOften) {
  const auto run = engine::find_run(*log, lisbon);
  const auto entries = engine::timeline(engine::EventReader(run->run).next(*log));
  std::vector<std::string> said;
  said.reserve(entries.size());
  for (const auto& entry : entries) {
    said.push_back(std::to_string(entry.command.command) + " " + entry.command.name + " " +
                   for_people(entry.took(engine::Time{})) + " " +
                   engine::name_of(entry.end->event) + " " + std::to_string(entry.failed_attempts));
  }
  EXPECT_THAT(said, ElementsAre("1 quote 575ms StepCompleted 1", "2  1m 0s TimerFired 0",
                                "3 approval 0ms SignalReceived 0", "4 book 0ms StepCompleted 0",
                                "5 book 0ms StepCompleted 0", "6 announce 0ms StepCompleted 0"));
}

// "a b-c": both took a; only the one took b, only the other c.
std::string compared(const std::string& one, const std::string& other) {
  const auto entries = [](const std::string& names) {
    std::vector<engine::TimelineEntry> made(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      made[i].command.event = engine::StepScheduled{};
      made[i].command.name = names[i];
    }
    return made;
  };
  std::string text;
  for (const auto& step : engine::compare(entries(one), entries(other))) {
    text += step.one && step.other ? "=" : (step.one ? "<" : ">");
    text += step.one ? step.one->command.name : step.other->command.name;
  }
  return text;
}

TEST(Compared, StepsOfBothStandSideBySide) {
  EXPECT_EQ(compared("abc", "abc"), "=a=b=c");
  EXPECT_EQ(compared("abc", "ac"), "=a<b=c");
  EXPECT_EQ(compared("ac", "axbc"), "=a>x>b=c");
  EXPECT_EQ(compared("", "a"), ">a");
  EXPECT_EQ(compared("aab", "ab"), "=a<a=b");
  EXPECT_EQ(compared("abcd", "badc").size(), 12U) << "two of the four can be side by side";
  EXPECT_THROW(compared(std::string(engine::most_compared + 1, 'a'), ""), std::length_error);
}

TEST_F(Recorded, RunsAreFoundByWhatIsKnownOfThem) {
  EXPECT_THAT(runs({}), HasSubstr(lisbon));
  EXPECT_THAT(runs({.about = "Lisbon"}), HasSubstr(lisbon));
  EXPECT_THAT(runs({.about = "Porto"}), HasSubstr("no such runs"));
  EXPECT_THAT(runs({.database = "demo/db"}), HasSubstr("no such runs")) << "it is a journey";
  EXPECT_THAT(runs({.filter = {.states = {engine::RunState::failed}}}), Not(HasSubstr(lisbon)));
  EXPECT_THAT(runs({.filter = {.workflow = "travel"}, .newest = 1}), HasSubstr(lisbon));
  EXPECT_THAT(runs({.filter = {.started_from = time_in("2001-09-09T01:46:41Z")}}),
              Not(HasSubstr(lisbon)));
  EXPECT_THAT(runs({.filter = {.started_before = time_in("2001-09-10")}}), HasSubstr(lisbon));
  EXPECT_THROW(time_in("yesterday"), WrongInput);
}

struct Printed {
  std::string out;
  std::string err;
};

// Three runs: one ended after a minute, one is open, one was ended at once.
class Pages : public ::testing::Test {
 protected:
  Pages() {
    record_lisbon(outside);
    process = engine::testing::wait_for_approval(outside, ledger, "porto");
    process->engine->start("aaa", "travel", "", "traveller");
    process->host.settle();
    process->engine->terminate("aaa", {"ann", "a mistake"});
    process->host.settle();
  }
  Printed print(const RunsOptions& options, Format format) {
    std::ostringstream out, err;
    Streams streams{out, err, {}};
    EXPECT_EQ(print_runs(process->log, options, {streams, format}), Exit::well);
    return {out.str(), err.str()};
  }
  // Their ids, in order.
  std::string ids(const RunsOptions& options) {
    std::string all;
    for (const Document& run : Document::parse(print(options, Format::json).out)) {
      all += run["run"].get<std::string>() + " ";
    }
    return all;
  }

  engine::testing::Outside outside;
  engine::testing::Ledger ledger;
  std::unique_ptr<engine::testing::Process> process;
};

TEST_F(Pages, AreInTheOrderThatWasAskedFor) {
  EXPECT_EQ(ids({}), "a1b2c3d4-lisbon porto aaa ");
  EXPECT_EQ(ids({.order = RunOrder::ended}), "a1b2c3d4-lisbon aaa porto ");
  EXPECT_EQ(ids({.order = RunOrder::duration}), "aaa a1b2c3d4-lisbon porto ");
  EXPECT_EQ(ids({.order = RunOrder::state}), "a1b2c3d4-lisbon porto aaa ");
  EXPECT_EQ(ids({.order = RunOrder::id}), "a1b2c3d4-lisbon aaa porto ");
  EXPECT_EQ(ids({.order = RunOrder::workflow}), "a1b2c3d4-lisbon porto aaa ");
  EXPECT_EQ(ids({.order = RunOrder::duration, .reverse = true}), "porto a1b2c3d4-lisbon aaa ");
  EXPECT_EQ(ids({.newest = 2, .order = RunOrder::id}), "aaa porto ");
}

TEST_F(Pages, TogetherAreAllRuns) {
  EXPECT_EQ(ids({.limit = 2}), "a1b2c3d4-lisbon porto ");
  EXPECT_EQ(ids({.skip = 2, .limit = 2}), "aaa ");
  EXPECT_EQ(ids({.reverse = true, .skip = 1, .limit = 1}), "porto ");
  EXPECT_EQ(ids({.skip = 3}), "");
}

TEST_F(Pages, SayWhereTheyAre) {
  EXPECT_EQ(print({}, Format::table).err, "");
  EXPECT_EQ(print({.skip = 1, .limit = 1}, Format::table).err, "runs 2 to 2 of 3\n");
  EXPECT_EQ(print({.skip = 7}, Format::table).err,
            "the log has 3 such runs: --skip 7 leaves none\n");
  EXPECT_EQ(print({.about = "nowhere", .skip = 7}, Format::table).err,
            "the log has no such runs\n");
}

}  // namespace
}  // namespace ratchet::ratchetctl
