// What is proved: a run stopped after any append, or before or after any activity, or at any two of
// these, ends like one that was never stopped, each conditional effect having happened once; so
// does one that is evicted at every await, or whose activities answer in another order. And that
// the matrix would notice if it did not.
#include "engine/testing/crash_matrix.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/engine/disk.h"
#include "tests/engine/every_way.h"
#include "tests/engine/notebook.h"
#include "tests/engine/travel.h"

namespace ratchet::engine::testing {
namespace {

CrashCase travel_case(bool honest_probe) {
  return {.registry = [](Registry& registry) { registry.add("travel", 1, travel); },
          .world =
              [honest_probe] {
                auto ledger = std::make_unique<Ledger>();
                ledger->honest_probe = honest_probe;
                return ledger;
              },
          .workflow = "travel",
          .input = text("Lisbon").SerializeAsString()};
}

TEST(CrashMatrix, ARunStoppedAnywhereEndsLikeOneThatWasNot) {
  const CrashReport report = in_every_way(travel_case(true));
  EXPECT_EQ(report.failures, std::vector<std::string>{});
  EXPECT_EQ(report.points, report.appends + 2 * report.activities);
  EXPECT_EQ(report.activities, 4U);
  EXPECT_EQ(report.lost_answers, report.activities);
  EXPECT_GE(report.pairs, report.points * report.points / 2);
  EXPECT_GE(report.appends, 9U);
  EXPECT_NE(report.end.find("flight to Lisbon x1\nhotel in Lisbon x1\n"), std::string::npos)
      << report.end;
}

// Here with activities that answer within the turn that begins them.
TEST(CrashMatrix, ARunThatIsEvictedAtEveryAwaitEndsTheSame) {
  CrashCase evicted = travel_case(true);
  const CrashReport resident = run_without_faults(evicted);
  evicted.resident_runs = 0;
  const CrashReport report = run_crash_matrix(evicted);
  EXPECT_EQ(report.failures, std::vector<std::string>{});
  EXPECT_EQ(report.end, resident.end);
}

// Each stop is a folder that a process has left, and each process opens it anew.
TEST(CrashMatrix, ARunEndsTheSameOnARealLog) {
  CrashCase travels = travel_case(true);
  const CrashReport in_memory = run_crash_matrix(travels);
  travels.place = [] { return place_of(rocks_disk()); };
  const CrashReport report = run_crash_matrix(travels);
  EXPECT_EQ(report.failures, std::vector<std::string>{});
  EXPECT_EQ(report.points, in_memory.points);
  EXPECT_EQ(report.end, in_memory.end);
}

TEST(CrashMatrix, NoticesAProbeThatDoesNotLook) {
  const CrashReport report = run_crash_matrix(travel_case(false));
  EXPECT_FALSE(report.failures.empty());
}

const By ann{"ann", "a test"};

CrashReport matrix_of(Task<Text> (*code)(Workflow, Text), const Steer& at_open = {},
                      const Steer& at_note = {}) {
  return in_every_way({.registry = [code](Registry& registry) { registry.add("flow", 1, code); },
                       .world = [=] { return std::make_unique<Notebook>(at_open, at_note); },
                       .workflow = "flow",
                       .input = text("in").SerializeAsString()});
}

// Somebody who comes back: an attempt whose answer is lost takes its time-out.
void now_and_then(Host& host, const std::function<void()>& act) {
  for (const int seconds : {1, 100, 1000}) {
    host.wake_at(host.now() + std::chrono::seconds(seconds), act);
  }
}

void expect_whole(const CrashReport& report, const std::string& end) {
  EXPECT_EQ(report.failures, std::vector<std::string>{});
  EXPECT_EQ(report.points, report.appends + 2 * report.activities);
  EXPECT_EQ(report.end.substr(0, report.end.find(" result")), end) << report.end;
}

Task<Text> fan_out(Workflow wf, Text) {
  co_await all(wf.step(note, text("a")), wf.step(note, text("b")),
               wf.sleep(std::chrono::seconds(1)));
  wf.expose("phase", text("racing"));
  const auto won = co_await race(wf.step(note, text("c")), wf.sleep(std::chrono::hours(1)));
  const auto late = co_await race(wf.receive(approval), wf.sleep(std::chrono::seconds(5)));
  if (wf.patched("last")) co_await wf.step(note, text("d"));
  co_return text(std::to_string(won.index()) + std::to_string(late.index()));
}

TEST(CrashMatrix, RacesAreWonByTheSameWhereverARunIsStopped) {
  const CrashReport report = matrix_of(fan_out);
  expect_whole(report, "a b c d \nstate 2");
  EXPECT_NE(report.end.find("01"), std::string::npos);
}

Task<Text> compensating(Workflow wf, Text) {
  const auto done = co_await attempt(
      all(wf.step(note, text("steer")), wf.receive(approval), wf.sleep(std::chrono::hours(1))));
  co_await wf.step(note, text("undone"));
  if (!done.ok()) throw StepFailure(*done.failed);
  co_return text("");
}

TEST(CrashMatrix, ACancelledRunIsUndoneWhereverItIsStopped) {
  const CrashReport report = matrix_of(
      compensating, {}, [](Engine& engine, Host&) { engine.cancel("crash-matrix", ann); });
  expect_whole(report, "steer undone \nstate 5 cancelled: cancelled by ann: a test");
}

Task<Text> two_notes(Workflow wf, Text) {
  co_await wf.step(note, text("steer"));
  co_return co_await wf.step(note, text("then"));
}

Task<Text> notes_and_signals(Workflow wf, Text) {
  co_await wf.step(note, text("before"));
  co_await wf.step(note, text("steer"));
  co_await wf.receive(approval);
  co_return co_await wf.step(note, text("then"));
}

TEST(CrashMatrix, APausedRunLosesNothingWhereverItIsStopped) {
  const CrashReport report = matrix_of(
      two_notes,
      [](Engine& engine, Host& host) {
        now_and_then(host, [&engine] { engine.resume("crash-matrix", ann); });
      },
      [](Engine& engine, Host&) { engine.pause("crash-matrix", ann); });
  expect_whole(report, "steer then \nstate 2");
}

Task<Text> one_delicate(Workflow wf, Text) { co_return co_await wf.step(delicate, text("x")); }

TEST(CrashMatrix, ASkippedStepHasTheOutcomeThatItWasGivenWhereverItsRunIsStopped) {
  const CrashReport report = matrix_of(one_delicate, [](Engine& engine, Host& host) {
    now_and_then(host, [&engine] {
      engine.skip("crash-matrix", 1, text("by hand").SerializeAsString(), ann);
    });
  });
  expect_whole(report, "\nstate 2");
  EXPECT_NE(report.end.find("by hand"), std::string::npos) << report.end;
}

Task<Text> jams_once(Workflow wf, Text) { co_return co_await wf.step(delicate, text("jams once")); }

TEST(CrashMatrix, ARetriedStepSucceedsWhereverItsRunIsStopped) {
  const CrashReport report = matrix_of(jams_once, [](Engine& engine, Host& host) {
    now_and_then(host, [&engine] { engine.retry("crash-matrix", 1, ann); });
  });
  expect_whole(report, "jams once \nstate 2");
}

TEST(CrashMatrix, ATerminatedRunDoesNothingMoreWhereverItIsStopped) {
  const CrashReport report = matrix_of(
      two_notes, {}, [](Engine& engine, Host&) { engine.terminate("crash-matrix", ann); });
  expect_whole(report, "steer \nstate 6 terminated: terminated by ann: a test");
}

// What came after its second turn is done anew, once.
TEST(CrashMatrix, ARunThatIsResetGoesOnOnceWhereverItIsStopped) {
  const CrashReport report = matrix_of(notes_and_signals, {}, [](Engine& engine, Host&) {
    engine.reset("crash-matrix", 2, ann);
    engine.signal("crash-matrix", approval.name(), text("yes").SerializeAsString(), "ann");
  });
  expect_whole(report, "before steer then \nstate 2");
}

Task<Text> looks_first(Workflow wf, Text) {
  const Text seen = co_await wf.step(look, text("steer"));
  co_await wf.step(note, text("steer"));
  co_return seen;
}

// What it saw before its reset is not looked at again: it would see something else by then.
TEST(CrashMatrix, ARunThatIsResetKeepsItsTurnsWhereverItIsStopped) {
  const CrashReport report = matrix_of(looks_first, {}, [](Engine& engine, Host&) {
    // Its third turn is the look's answer where the first was lost.
    if (engine.reset("crash-matrix", 3, ann).refused) engine.reset("crash-matrix", 2, ann);
  });
  expect_whole(report, "steer \nstate 2");
  EXPECT_NE(report.end.find("early"), std::string::npos) << report.end;
}

Task<Text> noted_twice(Workflow wf, Text in) {
  if (in.value() == "anew") co_return co_await wf.step(note, in);
  co_await wf.step(note, text("before"));
  co_await wf.step(note, text("steer"));
  co_return co_await wf.continue_as_new<Text>(text("anew"));
}

// The run that comes last begins with no copies.
TEST(CrashMatrix, ARunThatIsResetContinuesAsNewWhereverItIsStopped) {
  const CrashReport report = matrix_of(
      noted_twice, {}, [](Engine& engine, Host&) { engine.reset("crash-matrix", 2, ann); });
  expect_whole(report, "anew before steer \nstate 2");
}

constexpr ChildWorkflow<Text, Text> helper{"helper"};
constexpr Gate<Text> go{"go"};

// Continues as new once, and notes what it was given.
Task<Text> help(Workflow wf, Text what) {
  co_await wf.step(note, what);
  if (what.value() == "again") co_return co_await wf.continue_as_new<Text>(text("anew"));
  co_return text(what.value() + " by " + wf.run_id());
}

Task<Text> family(Workflow wf, Text) {
  const auto [one, two] =
      co_await all(wf.child(helper, text("one")), wf.child(helper, text("again")));
  const auto won = co_await race(wf.child(helper, text("three")), wf.sleep(std::chrono::hours(1)));
  co_return text(one.value() + ", " + two.value() + ", " + std::to_string(won.index()));
}

TEST(CrashMatrix, ChildrenRunOnceWhereverTheFamilyIsStopped) {
  const CrashReport report = in_every_way({.registry =
                                               [](Registry& registry) {
                                                 registry.add("flow", 1, family);
                                                 registry.add("helper", 1, help);
                                               },
                                           .world = [] { return std::make_unique<Notebook>(); },
                                           .workflow = "flow",
                                           .input = {}});
  expect_whole(report, "again anew one three \nstate 2");
  EXPECT_NE(report.end.find("one by crash-matrix/1, anew by crash-matrix/2~2, 0"),
            std::string::npos)
      << report.end;
}

TEST(CrashMatrix, ARunThatContinuesAsNewLosesNothingWhereverItIsStopped) {
  const CrashReport report =
      in_every_way({.registry = [](Registry& registry) { registry.add("flow", 1, help); },
                    .world = [] { return std::make_unique<Notebook>(); },
                    .workflow = "flow",
                    .input = text("again").SerializeAsString()});
  expect_whole(report, "again anew \nstate 2");
  EXPECT_NE(report.end.find("anew by crash-matrix~2"), std::string::npos) << report.end;
}

// Both words come while the first run lives, which awaits one of them. Who sends them and dies
// begins anew: a word may come twice.
Task<Text> two_words(Workflow wf, Text heard) {
  const bool first = heard.value() == "in";
  if (first) co_await wf.step(note, text("steer"));
  Text word = co_await wf.receive(approval);
  while (word.value() == heard.value()) word = co_await wf.receive(approval);
  if (first) co_return co_await wf.continue_as_new<Text>(word);
  co_return text(heard.value() + " " + word.value());
}

TEST(CrashMatrix, ASignalNotAwaitedReachesTheNextRunWhereverTheOneIsStopped) {
  const CrashReport report = matrix_of(two_words, {}, [](Engine& engine, Host&) {
    for (const char* word : {"one", "two"}) {
      engine.signal("crash-matrix", approval.name(), text(word).SerializeAsString(), "ann");
    }
  });
  expect_whole(report, "steer \nstate 2");
  EXPECT_NE(report.end.find("one two"), std::string::npos) << report.end;
}

Task<Text> gated(Workflow wf, Text) {
  const GateAnswer answer = co_await wf.gate(go, text("the plan"));
  if (answer.approved) co_await wf.step(note, text("went"));
  co_return text(answer.by.principal);
}

TEST(CrashMatrix, AnApprovalCountsOnceWhereverItsRunIsStopped) {
  const CrashReport report = matrix_of(gated, [](Engine& engine, Host& host) {
    host.wake_at(host.now() + std::chrono::seconds(1), [&engine] {
      const GateOpened asked{1, go.info().name, text("the plan").SerializeAsString(), 0};
      engine.decide("crash-matrix", go.info().name, true, hash_of(asked), ann);
    });
  });
  expect_whole(report, "went \nstate 2");
}

}  // namespace
}  // namespace ratchet::engine::testing
