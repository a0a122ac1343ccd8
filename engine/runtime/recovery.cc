// How runs come back into memory: see engine_impl.h.
#include <algorithm>

#include "engine/runtime/engine_impl.h"

namespace ratchet::engine {

namespace {

// What a step's record says of it: where and when it was scheduled (or a person had it tried
// again), and how many attempts failed.
struct StepRecord {
  std::uint32_t turn = 0;
  Time since{};
  std::uint32_t attempts = 0;
  Time asked{};  // when a person was first asked whether it had its effect
};
std::map<CommandId, StepRecord> steps_of(const std::vector<Turn>& turns) {
  std::map<CommandId, StepRecord> steps;
  for (const Turn& turn : turns) {
    for (const Event& event : turn.events) {
      if (const auto* step = std::get_if<StepScheduled>(&event)) {
        steps[step->command] = {.turn = turn.turn, .since = turn.wall};
      } else if (const auto* retried = std::get_if<StepRetried>(&event)) {
        steps[retried->command].since = turn.wall;
        steps[retried->command].asked = {};
      } else if (const auto* probed = std::get_if<Probed>(&event)) {
        Time& asked = steps[probed->command].asked;
        if (probed->verdict == Verdict::unknown && asked == Time{}) asked = turn.wall;
      } else if (const auto* failed = std::get_if<AttemptFailed>(&event)) {
        steps[failed->command].attempts = failed->attempt;
      }
    }
  }
  return steps;
}

// Since when a run that begins with copies of another's turns is a run of its own: what it took
// over has its time anew, or a reset to before a time-out would end in it.
Time own_since(const std::vector<Turn>& turns, std::uint32_t copied, Time now) {
  return turns.size() > copied ? turns[copied].wall : now;
}

// The place in the log of a durable turn.
std::uint64_t place_of(const store::LogReader& log, std::uint64_t run, std::uint32_t turn) {
  std::uint64_t index = 0;
  log.scan_run(run, turn, [&index](std::uint32_t, const store::Record& record) {
    index = record.index;
    return false;
  });
  return index;
}

// How many runs are brought back before others have their turn, and how many are looked at after a
// turn for one that can be evicted.
constexpr int runs_a_sweep = 16;
constexpr int most_looked_at = 8;

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

// The turns of a run, oldest first; none of one that was pruned.
std::vector<Turn> Engine::Impl::turns_of(std::uint64_t run) {
  std::vector<Turn> turns;
  const FetchBlob fetch = blobs_of(log);
  log.scan_run(run, 0, [&](std::uint32_t, const store::Record& record) {
    turns.push_back(std::get<Turn>(decode(record, definitions, fetch)));
    return true;
  });
  return turns;
}

void Engine::Impl::open(std::function<void()> ready) {
  handlers.check();
  const std::optional<std::uint64_t> anchored = Anchoring::check(log, anchor);
  anchored_before = anchored.value_or(0);
  const store::Head head = log.head();
  if (head.size > 0) {
    check_format(log, definitions);
    load_definitions(log, definitions);
    other_build = log.projection(build_key) != options.build;
  }
  epoch = log.begin_epoch();
  if (anchored) return begin(std::move(ready));
  auto anchor_first = [this, ready = std::move(ready)] {
    anchoring.cover(1, [this, ready] { begin(ready); });
  };
  if (head.size > 0) return anchor_first();
  journal.append(encode(Genesis{format_level, head.log_id, host.now()}), {},
                 std::move(anchor_first));
}

void Engine::Impl::begin(std::function<void()> ready) {
  journal.append(encode(Opened{epoch, options.build, options.principal, host.now()}),
                 store::ProjectionWrite{std::string(build_key), options.build},
                 [this, ready = std::move(ready)] {
                   anchoring.refresh();
                   opened = true;
                   recover();
                   if (ready) ready();
                 });
}

// What waits only for time needs its timers, and what waits for a signal nothing.
void Engine::Impl::recover() {
  log.scan_projections(open_run_prefix, [&](std::string_view key, std::string_view value) {
    const OpenRunEntry open = decode_open_run(key, value);
    if (!open.key.empty()) keys[open.key] = open.run_id;
    if (!lanes.empty()) admit(summary_of(open.run_id).value());
    if (open.awaits_release) return true;
    if (!open.suspended) {
      interrupted.insert(open.run);
      return true;
    }
    for (const OpenTimer& timer : open.timers) timers.set(timer.due, {open.run, timer.command});
    if (other_build) unchecked.push_back(open.run);
    return true;
  });
  std::ranges::reverse(unchecked);  // the oldest is checked first
  sweep();
}

// Takes up what was interrupted and cancels the children that nobody waits for, then replays what
// other code decided, a few at a time. None of these need be in memory any more when its turn
// comes.
void Engine::Impl::sweep() {
  for (int i = 0; i < runs_a_sweep && !halted; ++i) {
    if (!interrupted.empty()) {
      const std::uint64_t run = *interrupted.begin();
      find(run);
      interrupted.erase(run);
    } else if (!perhaps_orphans.empty()) {
      const RunPtr child = find(perhaps_orphans.extract(perhaps_orphans.begin()).value());
      if (child) cancel_if_orphan(child);
    } else if (!std::exchange(debts_settled, true)) {
      settle_debts();
    } else if (!unchecked.empty()) {
      find(unchecked.back());
      unchecked.pop_back();
      evict();
    } else {
      return;
    }
  }
  host.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->sweep();
  });
}

Engine::Impl::RunPtr Engine::Impl::bring_back(const std::string& run_id) {
  const auto stored = log.projection(summary_key(run_id));
  if (!stored || copying.contains(run_id)) return nullptr;
  const RunSummary summary = decode_summary(*stored);
  if (summary.ended) return nullptr;
  const std::vector<Turn> turns = turns_of(summary.run);
  auto run = std::make_shared<ActiveRun>(summary, registry.find(summary.workflow, summary.version));
  run->shown = summary.state;
  run->held = held_of(turns);
  run->take_in(turns);
  if (turns.size() < summary.origin->copied) {
    finish_copy(run);
    return nullptr;
  }
  const std::string entry = open_run_key(summary.run);
  run->awaits_release = decode_open_run(entry, log.projection(entry).value()).awaits_release;
  if (run->awaits_release) run->open.await_release();
  keep(run);
  // To be looked at is no turn after which some run would go, and in this task it is in use.
  if (active.size() > options.resident_runs) {
    host.post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->evict();
    });
  }
  const bool take_up = interrupted.erase(summary.run) > 0;
  const bool child = !summary.origin->parent.empty();
  if (take_up && child && !debts_settled) perhaps_orphans.insert(summary.run);
  if (!replay(run, turns)) return run;
  run->exposed = run->run->exposed();
  if (take_up) resume(run, turns);
  return run;
}

// False: this build decides otherwise than the record says; the run is quarantined.
bool Engine::Impl::replay(const RunPtr& run, const std::vector<Turn>& turns) {
  const RunSummary& summary = run->summary;
  if (!run->run) {
    quarantine(run,
               {0, "workflow " + summary.workflow + " version " + std::to_string(summary.version),
                "this build has no such workflow or version", "", ""});
    return false;
  }
  definitions.workflow(*registry.find(summary.workflow, summary.version));
  for (const Turn& turn : turns) {
    if (is_poison(run)) {
      quarantine_poison(run);
      return false;
    }
    const auto why = executed(run, [&] { return replay_turn(*run->run, turn, definitions); });
    if (why) {
      quarantine(run, *why);
      return false;
    }
  }
  if (is_poison(run)) quarantine_poison(run);  // the turn that would come next
  return run->run.has_value();
}

void Engine::Impl::resume(const RunPtr& run, const std::vector<Turn>& turns) {
  if (run->summary.state == RunState::quarantined) hint(run, QuarantineLifted{options.build});
  const auto steps = steps_of(turns);
  const auto held = run->held;
  const std::uint32_t copied = run->summary.origin->copied;
  const OpenCommands open_commands = run->run->open();
  for (const auto& [command, decision] : open_commands) {
    const bool known = std::ranges::any_of(
        held, [id = command](const auto& fact) { return command_of(fact.second) == id; });
    if (known) continue;
    if (const auto* timer = std::get_if<TimerStarted>(&decision.command)) {
      timers.set(timer->due, {run->summary.run, command});
    } else if (const auto* child = std::get_if<ChildStarted>(&decision.command)) {
      resume_child(run, *child);
    } else if (const auto* step = std::get_if<StepScheduled>(&decision.command)) {
      StepRecord record = steps.at(command);
      if (record.turn < copied) {
        record.since = std::max(record.since, own_since(turns, copied, host.now()));
        record.asked = {};
      }
      const Handlers::Entry* entry = handlers.find(step->activity);
      const bool irreversible = entry != nullptr && entry->info.irreversible;
      performer.perform({.run = run->summary.run,
                         .run_id = run->summary.run_id,
                         .command = command,
                         .activity = step->activity,
                         .input = step->input,
                         .since = record.since,
                         .intent = journal.durable_size() - 1,
                         .attempts = record.attempts,
                         .interrupted = true,
                         .may_have_begun = irreversible && place_of(log, run->summary.run,
                                                                    record.turn) < anchored_before,
                         .asked = record.asked});
    }
  }
  const bool queued = run->summary.state == RunState::queued;
  if (!run->summary.paused && !(queued && lanes.contains(run->summary.workflow))) release(run);
}

// Delivers what was held, in the order in which it came.
void Engine::Impl::release(const RunPtr& run) {
  while (run->run && !run->awaits_release && !run->held.empty()) {
    const auto first = run->held.extract(run->held.begin());
    deliver(run, first.mapped(), first.key());
  }
}

// Nothing is done for the run before its release is durable.
Refusal Engine::Impl::let_go(const RunPtr& run, const By& by) {
  if (!run->open.awaits_release()) {
    return "run " + run->summary.run_id + " does not await its release";
  }
  run->open.let_go();
  ++run->pending;
  journal.append(encode(Released{run->summary.run_id, by, host.now()}),
                 store::ProjectionWrite{open_run_key(run->summary.run), run->open.encode()},
                 [this, run] {
                   --run->pending;
                   run->awaits_release = false;
                   go_on(run);
                   evict();
                 });
  return std::nullopt;
}

// What the engine does at its start for every other run that is open.
void Engine::Impl::go_on(const RunPtr& run) {
  if (halted || !run->run || has_ended(run->summary.state)) return;
  resume(run, turns_of(run->summary.run));
  cancel_if_orphan(run);
  const auto lane = lanes.find(run->summary.workflow);
  if (lane != lanes.end()) start_queued(lane->second);
}

void Engine::Impl::quarantine(const RunPtr& run, const Divergence& why) {
  run->run.reset();
  std::string text = why.text();
  shorten(text, most_message_bytes);
  if (run->summary.state == RunState::quarantined &&
      run->summary.failure == Failure{"divergence", text}) {
    return;  // already recorded, at an earlier start
  }
  hint(run, Diverged{why.turn, std::move(text)});
}

void Engine::Impl::keep(const RunPtr& run) {
  recent.push_front(run);
  run->place = recent.begin();
  active[run->summary.run] = run;
  ids[run->summary.run_id] = run->summary.run;
}

void Engine::Impl::forget(const RunPtr& run) {
  if (active.erase(run->summary.run) == 0) return;  // a hint came after its end
  ids.erase(run->summary.run_id);
  recent.erase(run->place);
}

// A run goes when the log can bring it back as it is: every turn durable, nothing held back. Its
// steps go on without it.
void Engine::Impl::evict() {
  for (int i = 0; i < most_looked_at && active.size() > options.resident_runs; ++i) {
    const RunPtr run = recent.back();
    if (run->pending == 0 && run->run && run->held.empty()) {
      forget(run);
    } else {
      recent.splice(recent.begin(), recent, run->place);  // it is in use
    }
  }
}

}  // namespace ratchet::engine
