// How open runs come back at start: see engine_impl.h.
#include <algorithm>

#include "engine/runtime/engine_impl.h"

namespace ratchet::engine {

namespace {

// What a step's record says of it: when it was scheduled, and how many attempts failed.
struct StepRecord {
  Time since{};
  std::uint32_t attempts = 0;
};
std::map<CommandId, StepRecord> steps_of(const std::vector<Turn>& turns) {
  std::map<CommandId, StepRecord> steps;
  for (const Turn& turn : turns) {
    for (const Event& event : turn.events) {
      if (const auto* step = std::get_if<StepScheduled>(&event)) {
        steps[step->command].since = turn.wall;
      } else if (const auto* failed = std::get_if<AttemptFailed>(&event)) {
        steps[failed->command].attempts = failed->attempt;
      }
    }
  }
  return steps;
}

std::map<std::uint32_t, Fact> held_of(const std::vector<Turn>& turns) {
  std::map<std::uint32_t, Fact> held;
  for (const Turn& turn : turns) {
    if (turn.releases) held.erase(*turn.releases);
    for (const Event& event : turn.events) {
      if (const auto* kept = std::get_if<Held>(&event)) held.emplace(turn.turn, kept->fact);
    }
  }
  return held;
}

std::vector<Turn> read_turns(const store::LogReader& log, std::uint64_t run,
                             Definitions& definitions) {
  std::vector<Turn> turns;
  const FetchBlob fetch = blobs_of(log);
  log.scan_run(run, 0, [&](std::uint32_t, const store::Record& record) {
    turns.push_back(std::get<Turn>(decode(record, definitions, fetch)));
    return true;
  });
  return turns;
}

void check_format(const store::LogReader& log, Definitions& definitions) {
  const auto bytes = log.read(0);
  if (!bytes) return;
  const Decoded first = decode({0, *bytes}, definitions, blobs_of(log));
  const auto* genesis = std::get_if<Genesis>(&first);
  if (genesis == nullptr) {
    throw store::Error(store::Fault::corrupt, "record 0 of the log is not its genesis record");
  }
  if (genesis->format_level > format_level) {
    throw store::Error(store::Fault::unsupported,
                       "the log has format level " + std::to_string(genesis->format_level) +
                           ", this build writes " + std::to_string(format_level) +
                           "; nothing was performed; use a newer build");
  }
}

}  // namespace

void Engine::Impl::open(std::function<void()> ready) {
  handlers.check();
  const bool anchored = Anchoring::check(log, anchor);
  const store::Head head = log.head();
  if (head.size > 0) {
    check_format(log, definitions);
    load_definitions(log, definitions);
  }
  epoch = log.begin_epoch();
  if (anchored) return begin(std::move(ready));
  auto anchor_first = [this, ready = std::move(ready)] {
    anchoring.cover(1, [this, ready] { begin(ready); });
  };
  if (head.size > 0) return anchor_first();
  journal.append(encode(Genesis{format_level, head.log_id, host.now()}), std::move(anchor_first));
}

void Engine::Impl::begin(std::function<void()> ready) {
  journal.append(encode(Opened{epoch, options.build, options.principal, host.now()}),
                 [this, ready = std::move(ready)] {
                   anchoring.refresh();
                   opened = true;
                   recover();
                   if (ready) ready();
                 });
}

void Engine::Impl::recover() {
  std::vector<RunSummary> open_runs;
  log.scan_projections(summary_prefix, [&](std::string_view, std::string_view bytes) {
    RunSummary summary = decode_summary(bytes);
    if (!summary.ended) open_runs.push_back(std::move(summary));
    return true;
  });
  std::ranges::sort(open_runs, {}, &RunSummary::run);
  for (const RunSummary& summary : open_runs) recover(summary);
}

void Engine::Impl::recover(const RunSummary& summary) {
  const std::vector<Turn> turns = read_turns(log, summary.run, definitions);
  const WorkflowType* type = registry.find(summary.workflow, summary.version);
  const auto run = std::make_shared<ActiveRun>(summary, type);
  run->shown = summary.state;
  run->next_turn = turns.back().turn + 1;
  run->held = held_of(turns);
  for (const Turn& turn : turns) run->last_wall = std::max(run->last_wall, turn.wall);
  active[summary.run] = run;
  ids[summary.run_id] = summary.run;
  if (type == nullptr) {
    return quarantine(
        run, {0, "workflow " + summary.workflow + " version " + std::to_string(summary.version),
              "this build has no such workflow or version", "", ""});
  }
  definitions.workflow(*type);
  for (const Turn& turn : turns) {
    if (const auto why = replay_turn(*run->run, turn, definitions)) {
      return quarantine(run, *why);
    }
  }
  resume(run, turns);
}

void Engine::Impl::resume(const RunPtr& run, const std::vector<Turn>& turns) {
  if (run->summary.state == RunState::quarantined) hint(run, QuarantineLifted{options.build});
  run->exposed = run->run->exposed();
  const auto steps = steps_of(turns);
  const auto held = run->held;
  const std::map<CommandId, Decision> open_commands = run->run->open();
  for (const auto& [command, decision] : open_commands) {
    const bool known = std::ranges::any_of(
        held, [id = command](const auto& fact) { return command_of(fact.second) == id; });
    if (known) continue;
    if (const auto* timer = std::get_if<TimerStarted>(&decision.command)) {
      wake_timer(run->summary.run, *timer);
    } else if (const auto* step = std::get_if<StepScheduled>(&decision.command)) {
      const StepRecord& record = steps.at(command);
      performer.perform({.run = run->summary.run,
                         .run_id = run->summary.run_id,
                         .command = command,
                         .activity = step->activity,
                         .input = step->input,
                         .since = record.since,
                         .intent = journal.head().size - 1,
                         .attempts = record.attempts,
                         .interrupted = true});
    }
  }
  if (!run->summary.paused) release(run);
}

// Delivers what was held, in the order in which it came.
void Engine::Impl::release(const RunPtr& run) {
  while (run->run && !run->held.empty()) {
    const auto first = run->held.extract(run->held.begin());
    deliver(run, first.mapped(), first.key());
  }
}

void Engine::Impl::quarantine(const RunPtr& run, const Divergence& why) {
  run->run.reset();
  if (run->summary.state == RunState::quarantined &&
      run->summary.failure == Failure{"divergence", why.text()}) {
    return;  // already recorded, at an earlier start
  }
  hint(run, Diverged{why.turn, why.text()});
}

}  // namespace ratchet::engine
