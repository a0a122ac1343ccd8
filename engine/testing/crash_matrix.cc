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
constexpr std::size_t page_bytes = 4096;

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

OpenLog in_memory() {
  return [disk = std::make_shared<store::MemoryDisk>()](SimulatedHost& host) {
    return std::make_unique<store::MemoryLog>(
        disk, [&host](std::function<void()> task) { host.post(std::move(task)); });
  };
}

// What outlives every process.
struct Outside {
  explicit Outside(const CrashCase& crash_case)
      : world(crash_case.world()),
        open(crash_case.place ? crash_case.place() : in_memory()),
        page(crash_case.page.empty() ? std::vector<std::byte>(page_bytes) : crash_case.page) {}
  std::unique_ptr<World> world;
  OpenLog open;
  std::vector<std::byte> page;
  MemoryAnchor anchor;
  Time now{Duration{1'000'000'000'000'000}};
};

// What is left of a process, but for the world and the log.
struct Lived {
  Registry registry;
  Time now{};
  bool stopped = false;
  std::optional<RunState> end{};  // of the run, if it came to one; that may be its quarantine
};

// One life of the process: everything in it is lost at the stop.
class Process {
 public:
  Process(const CrashCase& crash_case, Outside& outside, Plan& plan,
          std::vector<std::string>& failures)
      : host_(outside.now),
        durable_(outside.open(host_)),
        log_(*durable_, [this] { return goes_on_after_append(); }),
        plan_(plan),
        failures_(failures),
        outside_(outside),
        page_(outside.page) {
    crash_case.registry(registry_);
    Handlers real;
    outside.world->serve(real, host_);
    real.for_each([this](const Handlers::Entry& entry) { handlers_.put(watched(entry)); });
    outside.anchor.serve(host_);
    engine_.emplace(log_, host_, registry_, handlers_, outside.anchor,
                    EngineOptions{.build = "test",
                                  .principal = "test",
                                  .resident_runs = crash_case.resident_runs,
                                  .limits = crash_case.limits,
                                  .retention = crash_case.retention,
                                  .breadcrumb = page_});
    outside.world->meet(*engine_, outside.anchor);
  }

  // Until the run ended, the process was stopped, or nothing moves any more.
  Lived live(const CrashCase& crash_case, World& world) {
    bool opened = false;  // before that a run may be in the quarantine that this process ends
    engine_->open([&] {
      engine_->start(run_id, crash_case.workflow, crash_case.input, "test");
      world.steer(*engine_);
      opened = true;
    });
    host_.run_until(
        [&] { return host_.stopped() || (opened && log_.is_idle() && state_at_end()); });
    // Observers hear of a record after it is durable; after the end of a run nobody waits for them.
    if (!host_.stopped() && state_at_end() == RunState::quarantined) host_.settle();
    if (!host_.stopped()) outside_.page = page_;
    Lived lived{.registry = registry_, .now = host_.now(), .stopped = host_.stopped()};
    if (!lived.stopped) lived.end = state_at_end();
    return lived;
  }

 private:
  bool goes_on_after_append() {
    const bool last = plan_.appends++ == plan_.after_append;
    if (last) stop();
    return !last;
  }

  // The page stays as it is at this moment, whatever is still on the stack.
  void stop() {
    outside_.page = page_;
    host_.stop();
  }

  Handlers::Entry watched(Handlers::Entry entry) {
    entry.perform = [this, perform = entry.perform](const AttemptInfo& info, const Bytes& input,
                                                    auto sink) {
      check_not_recorded(info);
      const std::size_t nth = plan_.activities++;
      for (const auto& late : std::exchange(late_, {})) late();
      if (nth == plan_.before_activity) return stop();
      perform(info, input,
              [this, nth, sink = std::move(sink)](Bytes result, const Failure* f, bool retry) {
                if (nth == plan_.after_activity) return stop();
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

  // Nothing while it goes on.
  std::optional<RunState> state_at_end() const {
    const auto run = last_run(log_);
    if (!run || (!has_ended(run->state) && run->state != RunState::quarantined)) return {};
    return run->state;
  }

  SimulatedHost host_;
  std::unique_ptr<store::Log> durable_;
  OneByOneLog log_;
  Plan& plan_;
  std::vector<std::string>& failures_;
  Outside& outside_;
  std::vector<std::byte> page_;
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
  std::string pruned;
  for (const RunInfo& info : list_runs(log)) {
    if (info.pruned) pruned += " " + info.run_id;
  }
  return pruned.empty() ? text : text + " pruned" + pruned;
}

std::string divergence_in(const store::LogReader& log, const Registry& registry) {
  for (const auto& replayed : replay_all(log, registry)) {
    if (replayed.divergence) return "replay: " + replayed.divergence->text();
  }
  return "";
}

// What is wrong with the log as the next process will find it: it must verify, its projections be
// those that its records give, and code (one of these) decide again what is recorded.
std::string trouble_in(const store::LogReader& log, const std::vector<Registry>& codes) {
  if (const auto bad = verify(log); !bad.ok()) return "verify: " + bad.problems.front();
  std::string trouble;
  for (const Registry& registry : codes) {
    trouble = divergence_in(log, registry);
    if (trouble.empty()) break;
  }
  return trouble;
}

Lived live_once(const CrashCase& crash_case, Outside& outside, Plan& plan,
                std::vector<std::string>& failures) {
  Process process(crash_case, outside, plan, failures);
  return process.live(crash_case, *outside.world);
}

// Runs the case through the given stops (in order, one process each) to its end.
std::string run_once(const CrashCase& crash_case, const std::vector<Plan*>& plans,
                     std::vector<std::string>& failures) {
  Outside outside(crash_case);
  Plan more;  // without a stop
  const std::size_t lives = plans.size() + (crash_case.outlives_quarantine ? 1 : 0);
  std::vector<Registry> codes;
  for (std::size_t life = 0; life < lives; ++life) {
    Plan& plan = life < plans.size() ? *plans[life] : more;
    Lived lived = live_once(crash_case, outside, plan, failures);
    outside.now = lived.now;
    if (!lived.end && !lived.stopped) return "the run came to no end";
    if (!crash_case.outlives_quarantine) codes.clear();
    codes.push_back(std::move(lived.registry));
    SimulatedHost nobody(outside.now);
    const auto log = outside.open(nobody);
    if (auto trouble = trouble_in(*log, codes); !trouble.empty()) return trouble;
    const bool goes_on = crash_case.outlives_quarantine && lived.end == RunState::quarantined;
    if (lived.stopped || goes_on) continue;
    return outside.world->state() + "\n" + outcome(*log);
  }
  return "the run was stopped as often as there were processes";
}

// Where a process can be stopped that was seen to do so much (a Plan or a CrashReport); `last`:
// CrashCase::last_appends.
template <class Seen>
std::vector<std::pair<std::string, Plan>> stops_of(const Seen& seen, std::size_t last) {
  std::vector<std::pair<std::string, Plan>> stops;
  const std::size_t first = last != 0 && last < seen.appends ? seen.appends - last : 0;
  stops.reserve(seen.appends - first + 2 * seen.activities);
  for (std::size_t i = first; i < seen.appends; ++i) {
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

CrashReport run_without_faults(const CrashCase& crash_case) {
  CrashReport report;
  Plan counted;
  report.end = run_once(crash_case, {&counted}, report.failures);
  report.appends = counted.appends;
  report.activities = counted.activities;
  return report;
}

CrashReport run_crash_matrix(const CrashCase& crash_case) {
  CrashReport report = run_without_faults(crash_case);
  for (const auto& [where, stop] : stops_of(report, crash_case.last_appends)) {
    ++report.points;
    Plan first = stop;
    Plan rest;
    must_end_the_same(crash_case, {&first, &rest}, where, report);
    if (!crash_case.pairs) continue;
    const std::string before = where + ", then ";
    for (const auto& [then, second_stop] : stops_of(rest, crash_case.last_appends)) {
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
