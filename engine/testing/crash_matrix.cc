#include "engine/testing/crash_matrix.h"

#include <iostream>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "engine/inspect/history.h"
#include "engine/inspect/replay.h"
#include "engine/inspect/verify.h"
#include "engine/testing/memory_anchor.h"
#include "engine/testing/one_by_one_log.h"
#include "engine/testing/simulated_host.h"
#include "store/memory_log.h"

namespace ratchet::engine::testing {

namespace {

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
constexpr const char* run_id = "crash-matrix";

// The run, or the one that goes on in its place.
std::optional<RunInfo> last_run(const store::LogReader& log) {
  auto run = find_run(log, run_id);
  while (run && !run->successor.empty()) run = find_run(log, run->successor);
  return run;
}

// Where to stop, and what was counted on the way.
struct Plan {
  std::size_t after_append = never;
  std::size_t before_activity = never;
  std::size_t after_activity = never;
  std::size_t lost_answer = never;  // no stop: the effect happens, its answer comes too late
  std::size_t appends = 0;
  std::size_t activities = 0;
};

// What outlives every process.
struct Outside {
  std::unique_ptr<World> world;
  std::shared_ptr<store::MemoryDisk> disk = std::make_shared<store::MemoryDisk>();
  MemoryAnchor anchor;
  Time now{Duration{1'000'000'000'000'000}};
};

// One life of the process: everything in it is lost at the stop.
class Process {
 public:
  Process(const CrashCase& crash_case, Outside& outside, Plan& plan,
          std::vector<std::string>& failures)
      : host_(outside.now),
        memory_(outside.disk, [this](std::function<void()> task) { host_.post(std::move(task)); }),
        log_(memory_, [this] { return goes_on_after_append(); }),
        plan_(plan),
        failures_(failures) {
    crash_case.registry(registry_);
    Handlers real;
    outside.world->serve(real, host_);
    real.for_each([this](const Handlers::Entry& entry) { handlers_.put(watched(entry)); });
    outside.anchor.serve(host_);
    engine_.emplace(log_, host_, registry_, handlers_, outside.anchor,
                    EngineOptions{"test", "test", crash_case.resident_runs, crash_case.limits});
  }

  // True if the run ended; false if the process was stopped, or nothing moves any more.
  bool live(const CrashCase& crash_case, World& world) {
    engine_->open([&] {
      engine_->start(run_id, crash_case.workflow, crash_case.input, "test");
      world.steer(*engine_);
    });
    return host_.run_until([&] {
      if (host_.stopped() || !engine_->state(run_id)) return false;
      const auto run = last_run(log_);
      return run && (has_ended(run->state) || run->state == RunState::quarantined);
    });
  }
  bool stopped() const { return host_.stopped(); }
  Time now() { return host_.now(); }
  store::LogReader& log() { return log_; }
  const Registry& registry() const { return registry_; }

 private:
  bool goes_on_after_append() {
    const bool last = plan_.appends++ == plan_.after_append;
    if (last) host_.stop();
    return !last;
  }

  Handlers::Entry watched(Handlers::Entry entry) {
    entry.perform = [this, perform = entry.perform](const AttemptInfo& info, const Bytes& input,
                                                    auto sink) {
      check_not_recorded(info);
      const std::size_t nth = plan_.activities++;
      for (const auto& late : std::exchange(late_, {})) late();
      if (nth == plan_.before_activity) return host_.stop();
      perform(info, input,
              [this, nth, sink = std::move(sink)](Bytes result, const Failure* f, bool retry) {
                if (nth == plan_.after_activity) return host_.stop();
                if (nth == plan_.lost_answer) return keep(sink, std::move(result), f, retry);
                sink(std::move(result), f, retry);
              });
    };
    return entry;
  }

  // The answer stays on its way until the next activity, long after its deadline.
  template <class Sink>
  void keep(const Sink& sink, Bytes result, const Failure* failure, bool retry) {
    late_.push_back([sink, result = std::move(result), retry,
                     failure = failure != nullptr ? std::optional(*failure) : std::nullopt] {
      sink(result, failure ? &*failure : nullptr, retry);
    });
  }

  void check_not_recorded(const AttemptInfo& info) {
    const auto found = find_run(log_, info.run_id);
    if (!found) return failures_.push_back("an activity ran before its run was recorded");
    bool intended = false;
    for (const HistoryTurn& record : read_history(log_, found->run)) {
      for (const Event& event : record.turn.events) {
        const auto* intent = std::get_if<StepScheduled>(&event);
        const auto* done = std::get_if<StepCompleted>(&event);
        intended = intended || (intent != nullptr && intent->command == info.command);
        if (done != nullptr && done->command == info.command) {
          failures_.push_back("step " + std::to_string(info.command) +
                              " was performed again after its completion was recorded");
        }
      }
    }
    if (!intended) failures_.push_back("an activity ran without its recorded intent");
  }

  SimulatedHost host_;
  store::MemoryLog memory_;
  OneByOneLog log_;
  Plan& plan_;
  std::vector<std::string>& failures_;
  Registry registry_;
  Handlers handlers_;
  std::vector<std::function<void()>> late_;
  std::optional<Engine> engine_;
};

std::string outcome(const store::LogReader& log) {
  const auto run = last_run(log);
  if (!run) return "no run";
  std::string text = "state " + std::to_string(static_cast<int>(run->state));
  if (run->failure) text += " " + run->failure->code + ": " + run->failure->message;
  for (const HistoryTurn& record : read_history(log, run->run)) {
    for (const Event& event : record.turn.events) {
      if (const auto* done = std::get_if<RunCompleted>(&event)) text += " result " + done->result;
    }
  }
  return text;
}

// What is wrong with the log as it is now: it must verify, its projections be those that its
// records give, and its code decide again what is recorded.
std::string trouble_in(const store::LogReader& log, const Registry& registry) {
  if (const auto bad = verify(log); !bad.ok()) return "verify: " + bad.problems.front();
  for (const auto& replayed : replay_all(log, registry)) {
    if (replayed.divergence) return "replay: " + replayed.divergence->text();
  }
  return "";
}

// Runs the case through the given stops (in order, one process each) to its end.
std::string run_once(const CrashCase& crash_case, const std::vector<Plan*>& plans,
                     std::vector<std::string>& failures) {
  Outside outside;
  outside.world = crash_case.world();
  for (Plan* plan : plans) {
    Process process(crash_case, outside, *plan, failures);
    const bool ended = process.live(crash_case, *outside.world);
    outside.now = process.now();
    if (!ended && !process.stopped()) return "the run came to no end";
    if (auto trouble = trouble_in(process.log(), process.registry()); !trouble.empty()) {
      return trouble;
    }
    if (process.stopped()) continue;
    return outside.world->state() + "\n" + outcome(process.log());
  }
  return "the run was stopped as often as there were processes";
}

// Where a process can be stopped that was seen to do so much.
std::vector<std::pair<std::string, Plan>> stops_of(const Plan& seen) {
  std::vector<std::pair<std::string, Plan>> stops;
  stops.reserve(seen.appends + 2 * seen.activities);
  for (std::size_t i = 0; i < seen.appends; ++i) {
    stops.push_back({"stopped after append " + std::to_string(i), {.after_append = i}});
  }
  for (std::size_t i = 0; i < seen.activities; ++i) {
    stops.push_back({"stopped before activity " + std::to_string(i), {.before_activity = i}});
    stops.push_back({"stopped after activity " + std::to_string(i), {.after_activity = i}});
  }
  return stops;
}

// Runs the case through `plans` and notes every way in which it ends otherwise than without them.
void must_end_the_same(const CrashCase& crash_case, const std::vector<Plan*>& plans,
                       const std::string& where, CrashReport& report) {
  std::vector<std::string> failures;
  const std::string end = run_once(crash_case, plans, failures);
  if (end != report.end) failures.push_back("ends as «" + end + "»");
  for (std::string& failure : failures) report.failures.push_back(failure.insert(0, where + ": "));
}

void print(const CrashCase& crash_case, const CrashReport& report) {
  std::cout << "crash matrix of " << crash_case.workflow << ": " << report.points << " points ("
            << report.appends << " appends + 2 x " << report.activities << " activities), "
            << report.lost_answers << " lost answers, " << report.pairs << " pairs of points, "
            << report.failures.size() << " failures\n";
}

}  // namespace

CrashReport run_crash_matrix(const CrashCase& crash_case) {
  CrashReport report;
  Plan counted;
  report.end = run_once(crash_case, {&counted}, report.failures);
  report.appends = counted.appends;
  report.activities = counted.activities;
  for (const auto& [where, stop] : stops_of(counted)) {
    ++report.points;
    Plan first = stop;
    Plan rest;
    must_end_the_same(crash_case, {&first, &rest}, where, report);
    if (!crash_case.pairs) continue;
    const std::string before = where + ", then ";
    for (const auto& [then, second_stop] : stops_of(rest)) {
      ++report.pairs;
      Plan again = stop;
      Plan second = second_stop;
      Plan last;
      must_end_the_same(crash_case, {&again, &second, &last}, before + then, report);
    }
  }
  for (std::size_t i = 0; i < report.activities; ++i) {
    ++report.lost_answers;
    Plan lost{.lost_answer = i};
    must_end_the_same(crash_case, {&lost}, "answer " + std::to_string(i) + " lost", report);
  }
  print(crash_case, report);
  return report;
}

}  // namespace ratchet::engine::testing
