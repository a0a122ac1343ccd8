// What is proved: time-outs, a long history, code that changes, quarantine, retention and queries
// are what they are wherever a run is stopped.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/testing/crash_matrix.h"
#include "tests/engine/disk.h"
#include "tests/engine/every_way.h"
#include "tests/engine/notebook.h"
#include "tests/engine/travel.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;

constexpr Policy a_second_between = Policy{}.backoff(1s, 1s);

constexpr Activity<Text, Text> mute{"mute", Effect::idempotent,
                                    Policy(a_second_between).each(10s).attempts(2)};
constexpr Activity<Text, Text> deaf{"deaf", Effect::idempotent,
                                    Policy(a_second_between).each(10s).overall(30s)};
constexpr Activity<Text, Text> pulse{"pulse", Effect::idempotent,
                                     Policy(a_second_between).each(60s).heartbeat(2s)};
constexpr Activity<Text, Text> dubious{
    "dubious", Effect::manual, Policy(a_second_between).each(10s).attempts(2).decide_within(60s)};
constexpr Activity<Text, Text> brittle{"brittle", Effect::idempotent,
                                       Policy(a_second_between).each(10s).never_retry("broken")};
constexpr auto leap =
    Activity<Text, Text>{"leap", Effect::idempotent, Policy{}.start_within(5s)}.irreversible();
// Has the anchor outside the log refuse with this text; with none it is written again.
constexpr Activity<Text, Text> weigh{"weigh", Effect::idempotent};

// Never answers, or from the second attempt on, after signs of life.
class Silence final : public World {
 public:
  void serve(Handlers& handlers, Host& host) override {
    unanswered_.clear();
    const auto never = [this](const AttemptInfo&, const Text&, const Answer<Text>& answer) {
      unanswered_.push_back(answer);
    };
    handlers.handle<Text, Text>(mute, never);
    handlers.handle<Text, Text>(deaf, never);
    handlers.handle<Text, Text>(dubious, never);
    handlers.handle<Text, Text>(
        pulse, [this, &host](const AttemptInfo& info, const Text&, const Answer<Text>& answer) {
          unanswered_.push_back(answer);
          if (info.attempt > 1) beat(host, info, answer, 5);
        });
    handlers.handle<Text, Text>(
        brittle, [](const AttemptInfo& info, const Text&, const Answer<Text>& answer) {
          answer.fail({info.attempt < 3 ? "busy" : "broken", "as it is"});
        });
    handlers.handle<Text, Text>(
        leap, [this](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
          leapt_ = true;
          answer.complete(what);
        });
    handlers.handle<Text, Text>(
        weigh, [this](const AttemptInfo&, const Text& why, const Answer<Text>& answer) {
          anchor_->refuse(why.value());
          answer.complete(why);
        });
  }
  void meet(Engine&, MemoryAnchor& anchor) override { anchor_ = &anchor; }
  std::string state() const override { return leapt_ ? "leapt" : "silent"; }

 private:
  static void beat(Host& host, const AttemptInfo& info, const Answer<Text>& answer, int left) {
    host.wake_at(host.now() + 1s, [&host, info, answer, left] {
      if (left == 0) return answer.complete(text("alive"));
      if (info.heartbeat()) beat(host, info, answer, left - 1);
    });
  }

  std::vector<Answer<Text>> unanswered_;  // dropped, they would be failures
  MemoryAnchor* anchor_ = nullptr;
  bool leapt_ = false;
};

CrashReport matrix_of_silence(Task<Text> (*code)(Workflow, Text)) {
  return in_every_way({.registry = [code](Registry& registry) { registry.add("flow", 1, code); },
                       .world = [] { return std::make_unique<Silence>(); },
                       .workflow = "flow",
                       .input = {}});
}

std::string code_of(const Outcome<Text>& outcome) {
  return outcome.failed ? outcome.failed->code : "none";
}

void expect_end(const CrashReport& report, const std::string& state, const std::string& result) {
  EXPECT_EQ(report.failures, std::vector<std::string>{});
  EXPECT_EQ(report.end.substr(0, state.size()), state) << report.end;
  EXPECT_NE(report.end.find(result), std::string::npos) << report.end;
}

// The whole time is counted from the intent, whatever happened since.
Task<Text> kept_waiting(Workflow wf, Text in) {
  const auto attempts = co_await attempt(wf.step(mute, in));
  const Time begun = wf.now();
  const auto all_of_it = co_await attempt(wf.step(deaf, in));
  const bool in_time = wf.now() - begun <= 30s;
  co_return text(code_of(attempts) + ", " + code_of(all_of_it) + (in_time ? " in time" : " late"));
}

TEST(CrashFeatures, TimeOutsOfAttemptsAndOfTheWholeRunOnWhereverARunIsStopped) {
  expect_end(matrix_of_silence(kept_waiting), "silent\nstate 2", "timeout, timeout in time");
}

Task<Text> kept_alive(Workflow wf, Text in) {
  const Time begun = wf.now();
  const Text said = co_await wf.step(pulse, in);
  co_return text(said.value() + (wf.now() - begun < 50s ? " soon" : " late"));
}

TEST(CrashFeatures, HeartbeatsAreExpectedWhereverARunIsStopped) {
  expect_end(matrix_of_silence(kept_alive), "silent\nstate 2", "alive soon");
}

Task<Text> undecided(Workflow wf, Text in) {
  const auto done = co_await attempt(wf.step(dubious, in));
  co_return text(code_of(done));
}

TEST(CrashFeatures, ADoubtEndsWithoutAPersonWhereverItsRunIsStopped) {
  expect_end(matrix_of_silence(undecided), "silent\nstate 2", "in_doubt");
}

Task<Text> beyond_repair(Workflow wf, Text in) {
  const auto done = co_await attempt(wf.step(brittle, in));
  co_return text(code_of(done));
}

TEST(CrashFeatures, AnErrorThatIsNotRetriedEndsItsStepWhereverItsRunIsStopped) {
  expect_end(matrix_of_silence(beyond_repair), "silent\nstate 2", "broken");
}

Task<Text> unanchored(Workflow wf, Text in) {
  co_await wf.step(weigh, text("no anchor today"));
  const auto leapt = co_await attempt(wf.step(leap, in));
  co_await wf.step(weigh, text(""));
  co_return text(code_of(leapt));
}

TEST(CrashFeatures, AStepThatCannotStartInTimeFailsWhereverItsRunIsStopped) {
  expect_end(matrix_of_silence(unanchored), "silent\nstate 2", "start_timeout");
}

// Naps until its history is long, and says how often.
Task<Text> long_lived(Workflow wf, Text what) {
  if (what.value() != "in") co_return co_await wf.step(note, what);
  int naps = 0;
  for (; !wf.should_continue_as_new(); ++naps) co_await wf.sleep(1s);
  co_return co_await wf.continue_as_new<Text>(text(std::to_string(naps)));
}

// Two stops, evictions and another order would each take 10 000 turns more, for what the shorter
// runs show.
TEST(CrashFeatures, ALongHistoryIsLeftBehindAtTheSameTurnWhereverARunIsStopped) {
  const CrashReport report =
      run_crash_matrix({.registry = [](Registry& registry) { registry.add("flow", 1, long_lived); },
                        .world = [] { return std::make_unique<Notebook>(); },
                        .workflow = "flow",
                        .input = text("in").SerializeAsString(),
                        .last_appends = 6});
  expect_end(report, "9999 \nstate 2", "9999");
  EXPECT_GT(report.appends, 10'000U);
  EXPECT_EQ(report.points, 6 + 2 * report.activities);
}

Task<Text> overwhelming(Workflow wf, Text in) {
  co_await wf.step(note, in);
  co_await wf.step(note, text(std::string(1'100'000, 'x')));
  co_return in;
}

CrashCase overwhelming_case() {
  return {.registry = [](Registry& registry) { registry.add("flow", 1, overwhelming); },
          .world = [] { return std::make_unique<Notebook>(); },
          .workflow = "flow",
          .input = text("in").SerializeAsString()};
}

TEST(CrashFeatures, ATurnThatNoRecordHoldsFailsItsRunWhereverItIsStopped) {
  expect_end(in_every_way(overwhelming_case()), "in \nstate 3 turn_too_large",
             "step 2 note, 11000");
}

TEST(CrashFeatures, ATurnThatNoRecordHoldsFailsItsRunOnARealLogToo) {
  CrashCase crash_case = overwhelming_case();
  crash_case.place = [] { return place_of(rocks_disk()); };
  expect_end(run_crash_matrix(crash_case), "in \nstate 3 turn_too_large", "step 2 note, 11000");
}

using Counts = std::map<std::string, int>;

// Counts the events that were recorded in all of its processes.
class Counted final : public World {
 public:
  Counted(std::unique_ptr<World> world, std::shared_ptr<Counts> counts)
      : world_(std::move(world)), counts_(std::move(counts)) {}

  void serve(Handlers& handlers, Host& host) override { world_->serve(handlers, host); }
  void meet(Engine& engine, MemoryAnchor& anchor) override {
    engine.observe([counts = counts_](const Recorded& recorded) {
      for (const Event& event : recorded.turn.events) ++(*counts)[name_of(event)];
    });
    world_->meet(engine, anchor);
  }
  void steer(Engine& engine) override { world_->steer(engine); }
  std::string state() const override { return world_->state(); }

 private:
  std::unique_ptr<World> world_;
  std::shared_ptr<Counts> counts_;
};

// What the n-th process runs, from 1 on.
using CodeOf = std::function<void(int process, Registry& registry)>;

template <class W>
CrashCase changing(const CodeOf& code_of_process, const std::shared_ptr<Counts>& counts) {
  const auto processes = std::make_shared<int>(0);
  return {.registry = [code_of_process,
                       processes](Registry& registry) { code_of_process(++*processes, registry); },
          .world =
              [counts, processes] {
                *processes = 0;
                return std::make_unique<Counted>(std::make_unique<W>(), counts);
              },
          .workflow = "flow",
          .input = text("in").SerializeAsString()};
}

Task<Text> noting(Workflow wf, std::string first, std::string second) {
  co_await wf.step(note, text(first));
  co_await wf.step(note, text(second));
  co_return text("noted");
}
Task<Text> a_then_b(Workflow wf, Text in) {
  co_await wf.step(look, in);
  co_return co_await noting(wf, "a", "b");
}
Task<Text> b_then_a(Workflow wf, Text in) {
  co_await wf.step(look, in);
  co_return co_await noting(wf, "b", "a");
}
Task<Text> b_then_a_patched(Workflow wf, Text in) {
  co_await wf.step(look, in);
  const bool newer = wf.patched("b first");
  co_return co_await noting(wf, newer ? "b" : "a", newer ? "a" : "b");
}

TEST(CrashFeatures, CodeWithAMarkerMayChangeWhereverARunIsStopped) {
  const auto counts = std::make_shared<Counts>();
  const CrashReport report = in_every_way(changing<Notebook>(
      [](int process, Registry& registry) {
        registry.add("flow", 1, process == 1 ? a_then_b : b_then_a_patched);
      },
      counts));
  expect_end(report, "a b \nstate 2", "noted");
  EXPECT_GT((*counts)["PatchMarked"], 0) << "some came to the newer way first";
  EXPECT_EQ((*counts)["Diverged"], 0);
}

TEST(CrashFeatures, AVersionStaysBesideTheNextWhereverItsRunIsStopped) {
  const auto counts = std::make_shared<Counts>();
  const CrashReport report = in_every_way(changing<Notebook>(
      [](int process, Registry& registry) {
        registry.add("flow", 1, a_then_b);
        if (process > 1) registry.add("flow", 2, b_then_a);
      },
      counts));
  expect_end(report, "a b \nstate 2", "noted");
  EXPECT_EQ((*counts)["Diverged"], 0);
}

TEST(CrashFeatures, NoticesCodeThatChangedWithoutAMarkerOrAVersion) {
  const auto counts = std::make_shared<Counts>();
  for (const std::uint32_t version : {1U, 2U}) {
    const CrashReport report = run_crash_matrix(changing<Notebook>(
        [version](int process, Registry& registry) {
          registry.add("flow", process == 1 ? 1U : version, process == 1 ? a_then_b : b_then_a);
        },
        counts));
    EXPECT_FALSE(report.failures.empty()) << version;
  }
  EXPECT_GT((*counts)["Diverged"], 0);
}

// Every second process has code that decides otherwise. It must not touch what the others have
// begun; what it holds is not lost, and each booking is made once.
TEST(CrashFeatures, AQuarantinedRunGoesOnWithItsCodeWhereverItIsStopped) {
  const auto counts = std::make_shared<Counts>();
  CrashCase crash_case = changing<Ledger>(
      [](int process, Registry& registry) {
        registry.add("flow", 1, process % 2 == 1 ? travel : travel_swapped);
      },
      counts);
  crash_case.outlives_quarantine = true;
  expect_end(in_every_way(std::move(crash_case)), "flight to in x1\nhotel in in x1\n",
             "approved by");
  EXPECT_GT((*counts)["Diverged"], 0);
  EXPECT_GT((*counts)["QuarantineLifted"], 0);
  EXPECT_GT((*counts)["Held"], 0);
}

// The first run's records go while the second one lives.
Task<Text> shedding(Workflow wf, Text what) {
  co_await wf.step(note, what);
  if (what.value() == "in") co_return co_await wf.continue_as_new<Text>(text("out"));
  co_await wf.sleep(1h);
  co_return what;
}

CrashCase shedding_case() {
  return {.registry = [](Registry& registry) { registry.add("flow", 1, shedding); },
          .world = [] { return std::make_unique<Notebook>(); },
          .workflow = "flow",
          .input = text("in").SerializeAsString(),
          .retention = {{RunState::continued, 1s}}};
}

TEST(CrashFeatures, RecordsGoWhenTheirTimeHasComeWhereverTheProcessIsStopped) {
  const CrashReport report = in_every_way(shedding_case());
  expect_end(report, "in out \nstate 2", " pruned crash-matrix");
}

TEST(CrashFeatures, RecordsGoFromARealLogWhereverTheProcessIsStopped) {
  CrashCase crash_case = shedding_case();
  crash_case.place = [] { return place_of(rocks_disk()); };
  expect_end(run_crash_matrix(crash_case), "in out \nstate 2", " pruned crash-matrix");
}

constexpr Activity<Text, Text> ask_for_phase{"ask_for_phase", Effect::read};

// Asks what the run shows: in its steps, which know what it should be, and while it sleeps.
class Onlooker final : public World {
 public:
  void serve(Handlers& handlers, Host& host) override {
    host_ = &host;
    handlers.handle<Text, Text>(
        ask_for_phase, [this](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
          const std::string phase = shown();
          seen_.insert(phase == what.value() ? phase : phase + " instead of " + what.value());
          answer.complete(what);
        });
  }
  void meet(Engine& engine, MemoryAnchor&) override { engine_ = &engine; }
  void steer(Engine&) override {
    host_->wake_at(host_->now() + 30s, [this] { seen_.insert(shown()); });
  }
  std::string state() const override {
    std::string all;
    for (const std::string& phase : seen_) all += phase + " ";
    return all;
  }

 private:
  std::string shown() const {
    const auto exposed = engine_->query("crash-matrix", "phase");
    Text phase;
    return exposed && phase.ParseFromString(exposed->value) ? phase.value() : "nothing";
  }

  Host* host_ = nullptr;  // both of the living process
  Engine* engine_ = nullptr;
  std::set<std::string> seen_;
};

Task<Text> showing_phases(Workflow wf, Text) {
  wf.expose("phase", text("first"));
  co_await wf.step(ask_for_phase, text("first"));
  wf.expose("phase", text("second"));
  co_await wf.sleep(1min);
  co_return co_await wf.step(ask_for_phase, text("second"));
}

TEST(CrashFeatures, AQueryShowsTheLastDurableTurnWhereverTheRunIsStopped) {
  const CrashReport report =
      in_every_way({.registry = [](Registry& r) { r.add("flow", 1, showing_phases); },
                    .world = [] { return std::make_unique<Onlooker>(); },
                    .workflow = "flow",
                    .input = {}});
  expect_end(report, "first second \nstate 2", "second");
}

}  // namespace
}  // namespace ratchet::engine::testing
