// Starting over from an earlier turn of a run: see Engine::reset.
#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/runtime/engine_impl.h"

namespace ratchet::engine {

namespace {

constexpr std::uint32_t most_resets = 1000;

// Why a step that has begun must not be begun again; nothing: it may be. `whose` says of which run
// it is, unless of the one that is reset.
std::optional<std::string> once_only(const StepScheduled& step, const Definitions& definitions,
                                     const std::string& whose = {}) {
  const ActivityDefinition& activity = definitions.activity(step.definition);
  if (!activity.irreversible && activity.effect != Effect::manual) return std::nullopt;
  return "step " + std::to_string(step.command) + " " + step.activity + whose +
         (activity.irreversible ? ", which is irreversible," : "") +
         " may have been done after them";
}

// The same of all that a child has begun; and a step that is under way and that a cancellation does
// not fail: the child goes on with what comes next.
std::optional<std::string> once_only(const std::vector<Turn>& turns, const Definitions& definitions,
                                     const std::string& whose) {
  OpenRun open;
  for (const Turn& turn : turns) open.fold(turn);
  const std::vector<CommandId>& under_way = open.steps_and_children();
  for (const Turn& turn : turns) {
    for (const Event& event : turn.events) {
      const auto* step = std::get_if<StepScheduled>(&event);
      if (step == nullptr) continue;
      if (auto why = once_only(*step, definitions, whose)) return why;
      const bool goes_on = !open.ended() && std::ranges::count(under_way, step->command) > 0 &&
                           lands_once(definitions.activity(step->definition).effect);
      if (!goes_on) continue;
      return "step " + std::to_string(step->command) + " " + step->activity + whose +
             " is under way, and a cancellation waits for it; ask again when it is done";
    }
  }
  return std::nullopt;
}

// What is open after the kept turns, or was begun later, and must not be done a second time; and
// what they have that is true of the former run only.
class Obstacles {
 public:
  explicit Obstacles(const Definitions& definitions) : definitions_(definitions) {}

  void see(const Turn& turn, bool kept) {
    for (const Event& event : turn.events) {
      if (const auto* step = std::get_if<StepScheduled>(&event)) see(*step);
      const auto* child = std::get_if<ChildStarted>(&event);
      if (child != nullptr && kept) {
        open_[child->command] = "the child " + child->run_id + " was open then";
      }
      const bool answers = class_of(event) == EventClass::completion ||
                           std::holds_alternative<Held>(event) ||
                           std::holds_alternative<CommandCancelled>(event);
      if (kept && answers) open_.erase(command_of(event));
      if (kept && is_signed(event)) {
        open_[command_of(event)] = "the approval in them was signed for this run alone: keep fewer";
      }
    }
  }

  // Nothing if the run can start over.
  std::optional<std::string> first() const {
    if (open_.empty()) return std::nullopt;
    return open_.begin()->second;
  }

 private:
  // Also while it is held.
  static bool is_signed(const Event& event) {
    const auto* held = std::get_if<Held>(&event);
    const auto* decided =
        held != nullptr ? std::get_if<GateDecided>(&held->fact) : std::get_if<GateDecided>(&event);
    return decided != nullptr && decided->signature.has_value();
  }

  void see(const StepScheduled& step) {
    if (auto why = once_only(step, definitions_)) open_[step.command] = std::move(*why);
  }

  const Definitions& definitions_;
  std::map<CommandId, std::string> open_;
};

// How many turns came before the one that ended the run.
std::uint32_t turns_before_the_end(const std::vector<Turn>& turns) {
  const auto end = std::ranges::find_if(
      turns, [](const Turn& turn) { return std::ranges::any_of(turn.events, ends_run); });
  return static_cast<std::uint32_t>(end - turns.begin());
}

// The signals that came after the kept turns, in the order in which they were delivered; then those
// that are held.
std::vector<SignalReceived> signals_after(const std::vector<Turn>& turns, std::uint32_t kept) {
  std::vector<SignalReceived> came;
  std::map<std::uint32_t, SignalReceived> held;
  for (const Turn& turn : turns) {
    if (turn.turn < kept) continue;
    if (turn.releases) held.erase(*turn.releases);
    if (turn.releases && *turn.releases < kept) continue;  // it is held in the kept turns
    for (const Event& event : turn.events) {
      if (const auto* signal = std::get_if<SignalReceived>(&event)) came.push_back(*signal);
      const auto* keeps = std::get_if<Held>(&event);
      const auto* signal = keeps != nullptr ? std::get_if<SignalReceived>(&keeps->fact) : nullptr;
      if (signal != nullptr) held.emplace(turn.turn, *signal);
    }
  }
  for (auto& [turn, signal] : held) came.push_back(std::move(signal));
  return came;
}

Note note_of(const RunSummary& from, const Reset& reset) {
  return {reset.by.principal, "run " + from.run_id + " was reset to its first " +
                                  std::to_string(reset.kept) + " turns: " + reset.by.reason};
}

}  // namespace

// Has the definitions that the copies refer to; or says what this build lacks of them.
std::optional<std::string> Engine::Impl::learn_names_of(const std::vector<Turn>& turns) {
  for (const Turn& turn : turns) {
    for (const Event& event : turn.events) {
      const auto* step = std::get_if<StepScheduled>(&event);
      if (step == nullptr) continue;
      const Handlers::Entry* entry = handlers.find(step->activity);
      if (entry == nullptr) return "this build has no activity " + step->activity;
      definitions.activity(entry->info);
    }
  }
  return std::nullopt;
}

// What a child, or a run that went on in its place, or a child of these, has begun and must not do
// again: it would be another child, with another id, that did it.
std::optional<std::string> Engine::Impl::begun_by(const std::string& child) {
  std::string next = child;
  while (!next.empty()) {
    const std::string whose = " of its child " + next;
    const auto in_memory = ids.find(next);  // also before its start is durable
    if (copying.contains(next) ||
        (in_memory != ids.end() && active.at(in_memory->second)->pending > 0)) {
      return "a step" + whose + " may begin at this moment; ask again";
    }
    const auto run = summary_of(next);
    if (!run || run->origin->parent.empty()) break;
    if (run->pruned) return "the record" + whose + " was removed: nobody can tell what it has done";
    const std::vector<Turn> turns = turns_of(run->run);
    if (auto why = once_only(turns, definitions, whose)) return why;
    if (auto why = begun_by_children(turns, 0)) return why;
    next = run->successor;
  }
  return std::nullopt;
}

// The same of all children that these turns, from `first` on, have started.
std::optional<std::string> Engine::Impl::begun_by_children(const std::vector<Turn>& turns,
                                                           std::uint32_t first) {
  for (const Turn& turn : turns) {
    if (turn.turn < first) continue;
    for (const Event& event : turn.events) {
      const auto* child = std::get_if<ChildStarted>(&event);
      auto why = child != nullptr ? begun_by(child->run_id) : std::nullopt;
      if (why) return why;
    }
  }
  return std::nullopt;
}

Refusal Engine::Impl::cannot_reset(const RunSummary& run, const std::vector<Turn>& turns,
                                   std::uint32_t kept, const std::string& as) {
  const std::uint32_t most = turns_before_the_end(turns);
  if (kept == 0 || kept > most) {
    return "run " + run.run_id + " can be reset to its first 1 to " + std::to_string(most) +
           " turns, not to " + std::to_string(kept);
  }
  Obstacles obstacles(definitions);
  for (const Turn& turn : turns) obstacles.see(turn, turn.turn < kept);
  auto obstacle = obstacles.first();
  if (!obstacle) obstacle = begun_by_children(turns, kept);
  if (obstacle) {
    return "run " + run.run_id + " cannot start over from its first " + std::to_string(kept) +
           " turns: " + *obstacle;
  }
  const WorkflowType* type = registry.find(run.workflow, run.version);
  if (type == nullptr) {
    return "this build has no workflow " + run.workflow + " version " + std::to_string(run.version);
  }
  const std::vector<Turn> first(turns.begin(), turns.begin() + kept);
  if (auto lacks = learn_names_of(first)) return lacks;
  definitions.workflow(*type);
  Run trial(as, *type);
  for (const Turn& turn : first) {
    const auto why = replay_turn(trial, turn, definitions);
    if (why) return "this build decides otherwise than these turns say: " + why->text();
  }
  return std::nullopt;
}

WasReset Engine::Impl::reset(const std::string& run_id, std::uint32_t kept, const By& by) {
  if (halted) return {"the engine has halted; nothing can be recorded"};
  const RunPtr run = find(run_id);
  const auto stored = summary_of(run_id);
  if (!stored) return {"there is no run " + run_id};
  const RunSummary summary = run ? run->summary : *stored;
  if (!summary.successor.empty()) {
    return {"run " + run_id + " has ended, and goes on as run " + summary.successor};
  }
  if (summary.pruned || going.contains(run_id)) {
    return {"the records of run " + run_id + " were removed"};
  }
  const bool lacks_copies = !run && !has_ended(summary.state);
  if (lacks_copies || (run && run->pending > 0)) {
    return {"run " + run_id + " is being written to at this moment; ask again"};
  }
  if (run && run->awaits_release) return {"run " + run_id + " awaits its release"};
  const std::string& key = summary.origin->key;
  if (!run && !key.empty() && keys.contains(key)) {
    return {"run " + keys.at(key) + " has its key " + key + " now"};
  }
  const auto lane = lanes.find(summary.workflow);
  if (!run && lane != lanes.end() && lane->second.full()) {  // an open one leaves its place to it
    return {"as many runs of workflow " + summary.workflow +
            " are open as may be; when one of them has ended, ask again"};
  }
  std::uint32_t number = 2;
  std::string next = reset_run_id(run_id, number);
  while (is_taken(next)) {
    if (++number > most_resets) return {"run " + run_id + " was reset too often"};
    next = reset_run_id(run_id, number);
  }
  const std::vector<Turn> turns = turns_of(summary.run);
  if (Refusal refusal = cannot_reset(summary, turns, kept, next)) return {std::move(refusal)};
  if (Refusal refusal = cannot_copy(summary, turns, {next, kept, by})) return {std::move(refusal)};
  if (run) {
    const std::vector<std::string> children = open_children(*run);
    end_at_once(run, Reset{next, kept, by});
    // Not when that is durable: what they begin until then, the next run's would do again.
    for (const std::string& child : children) cancel_child(child);
  } else {
    begin_again(summary, {next, kept, by});
  }
  return {{}, next};
}

// Only the first of the copies is longer than what it is a copy of.
Refusal Engine::Impl::cannot_copy(const RunSummary& from, const std::vector<Turn>& turns,
                                  const Reset& reset) {
  Turn first = beginning(from, turns, reset.run_id, reset.kept).front();
  first.events.emplace_back(note_of(from, reset));
  try {
    encode(first, definitions);
  } catch (const std::length_error& too_large) {
    return "run " + from.run_id + " cannot start over, as its first turn is too large for what a " +
           "copy adds to it: " + too_large.what();
  }
  return std::nullopt;
}

// The turns that the run `run_id` begins with.
std::vector<Turn> Engine::Impl::beginning(const RunSummary& from, const std::vector<Turn>& turns,
                                          const std::string& run_id, std::uint32_t kept) {
  std::vector<Turn> copies(turns.begin(), turns.begin() + kept);
  const std::vector<SignalReceived> signals = signals_after(turns, kept);
  const auto amend = [&](RunStarted& start) {
    start.run_id = run_id;
    Origin& origin = start.origin.edit();
    origin.previous = from.run_id;
    origin.kept = kept;
    origin.copied = kept + static_cast<std::uint32_t>(signals.size());
    if (from.state == RunState::continued) return;
    origin.parent.clear();  // it was told how its child ended
    origin.parent_command = 0;
  };
  for (Turn& turn : copies) {
    for (Event& event : turn.events) {
      if (auto* start = std::get_if<RunStarted>(&event)) amend(*start);
      auto* held = std::get_if<Held>(&event);
      auto* queued = held != nullptr ? std::get_if<RunStarted>(&held->fact) : nullptr;
      if (queued != nullptr) amend(*queued);
    }
    turn.epoch = epoch;
  }
  const Time wall = std::max(host.now(), copies.back().wall);
  for (const SignalReceived& signal : signals) {
    const auto turn = static_cast<std::uint32_t>(copies.size());
    copies.push_back({0, turn, epoch, wall, {Held{signal}}, {}});
  }
  return copies;
}

// The run that was reset has ended. Left to a later start if this build lacks what the turns name.
void Engine::Impl::begin_again(const RunSummary& from, const Reset& reset) {
  const WorkflowType* type = registry.find(from.workflow, from.version);
  std::vector<Turn> turns = beginning(from, turns_of(from.run), reset.run_id, reset.kept);
  if (type == nullptr || learn_names_of(turns)) return;
  definitions.workflow(*type);
  if (from.successor.empty()) {  // nothing more is recorded of that run: this one says who and why
    turns.front().events.emplace_back(note_of(from, reset));
  }
  RunSummary summary;
  summary.run_id = reset.run_id;
  copy(std::make_shared<ActiveRun>(std::move(summary), nullptr), std::move(turns));
}

// A crash came between the copies.
void Engine::Impl::finish_copy(const RunPtr& run) {
  const Origin& origin = *run->summary.origin;
  const auto from = summary_of(origin.previous);
  const WorkflowType* type = registry.find(run->summary.workflow, run->summary.version);
  if (!from || type == nullptr) return;
  std::vector<Turn> turns = beginning(*from, turns_of(from->run), run->summary.run_id, origin.kept);
  if (learn_names_of(turns)) return;
  definitions.workflow(*type);
  copy(run, std::move(turns));
}

// Appends the turns that the run lacks. Nothing is performed for it before the last is durable: a
// crash in between leaves fewer than its start names.
void Engine::Impl::copy(const RunPtr& run, std::vector<Turn> turns) {
  copying.insert(run->summary.run_id);
  for (std::size_t i = run->next_turn; i < turns.size(); ++i) {
    const auto recorded = std::make_shared<Recorded>();
    recorded->turn = std::move(turns[i]);
    recorded->turn.run = run->summary.run;
    const bool last = i + 1 == turns.size();
    journal.append(recorded->turn, run->summary, run->open, [this, run, recorded, last] {
      if (observer) observer(*recorded);
      if (last) take_up_copy(run->summary);
    });
    recorded->run_id = run->summary.run_id;
    recorded->workflow = run->summary.workflow;
    recorded->state = run->summary.state;
  }
  admit(run->summary);
}

// As after a crash: what was open is looked at, what is held is delivered.
void Engine::Impl::take_up_copy(const RunSummary& copy) {
  copying.erase(copy.run_id);
  interrupted.insert(copy.run);
  admit(copy);
  const RunPtr run = find(copy.run);
  interrupted.erase(copy.run);
  const auto signals = early.extract(copy.run_id);
  if (run) {
    if (!signals.empty()) {
      for (const SignalReceived& signal : signals.mapped()) deliver(run, signal, {});
    }
    cancel_if_orphan(run);
  }
  const auto lane = lanes.find(copy.workflow);
  if (lane != lanes.end()) start_queued(lane->second);
  anchoring.refresh();
}

}  // namespace ratchet::engine
