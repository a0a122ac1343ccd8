// Replay of one turn: see run.h.
#include <algorithm>
#include <cstring>
#include <sstream>

#include "engine/core/run.h"

namespace ratchet::engine {

namespace {

std::string at(const std::source_location& where) {
  const char* slash = std::strrchr(where.file_name(), '/');
  return std::string(slash != nullptr ? slash + 1 : where.file_name()) + ":" +
         std::to_string(where.line());
}

// What one run is compared with: the names of its log, and its workflow as it was when the run was
// recorded; null: that is not known.
struct Names {
  const Definitions& definitions;
  const WorkflowDefinition* workflow = nullptr;
};

// The difference between what a run ends with; nothing if there is none.
std::optional<std::string> compare_end(const Bytes& recorded, const Bytes& attempted,
                                       const std::string WorkflowDefinition::* type,
                                       const Names& names) {
  if (recorded == attempted) return std::nullopt;
  if (names.workflow == nullptr) return "other bytes";
  return names.definitions.difference(names.workflow->files, names.workflow->*type, recorded,
                                      attempted);
}

// The difference between two commands of the same alternative; nothing if there is none.
std::optional<std::string> compare(const Event& recorded, const Event& attempted,
                                   const Names& names) {
  const Definitions& definitions = names.definitions;
  if (const auto* was = std::get_if<StepScheduled>(&recorded)) {
    const auto& is = std::get<StepScheduled>(attempted);
    if (was->command != is.command || was->activity != is.activity) return "";
    const ActivityDefinition& type = definitions.activity(was->definition);
    return definitions.difference(type.files, type.input_type, was->input, is.input);
  }
  if (const auto* was = std::get_if<ChildStarted>(&recorded)) {
    const auto& is = std::get<ChildStarted>(attempted);
    if (was->command != is.command || was->workflow != is.workflow) return "";
    const ActivityDefinition& type = definitions.activity(was->definition);
    return definitions.difference(type.files, type.input_type, was->input, is.input);
  }
  if (const auto* was = std::get_if<GateOpened>(&recorded)) {
    const auto& is = std::get<GateOpened>(attempted);
    if (was->command != is.command || was->gate != is.gate) return "";
    const ActivityDefinition& type = definitions.activity(was->definition);
    return definitions.difference(type.files, type.input_type, was->payload, is.payload);
  }
  if (const auto* was = std::get_if<TimerStarted>(&recorded)) {
    const auto& is = std::get<TimerStarted>(attempted);
    if (was->command != is.command || was->due != is.due) return "";
  } else if (const auto* awaited = std::get_if<SignalAwaited>(&recorded)) {
    const auto& is = std::get<SignalAwaited>(attempted);
    if (awaited->command != is.command || awaited->signal != is.signal) return "";
  } else if (const auto* cancelled = std::get_if<CommandCancelled>(&recorded)) {
    if (cancelled->command != std::get<CommandCancelled>(attempted).command) return "";
  } else if (const auto* marked = std::get_if<PatchMarked>(&recorded)) {
    if (marked->patch != std::get<PatchMarked>(attempted).patch) return "";
  } else if (const auto* completed = std::get_if<RunCompleted>(&recorded)) {
    return compare_end(completed->result, std::get<RunCompleted>(attempted).result,
                       &WorkflowDefinition::output_type, names);
  } else if (const auto* next = std::get_if<ContinuedAsNew>(&recorded)) {
    return compare_end(next->input, std::get<ContinuedAsNew>(attempted).input,
                       &WorkflowDefinition::input_type, names);
  } else if (const auto* failed = std::get_if<RunFailed>(&recorded)) {
    const auto& is = std::get<RunFailed>(attempted);
    if (failed->failure.code != is.failure.code) return "other failure: " + is.failure.message;
  }
  return std::nullopt;
}

// The marker of a patch that was deprecated when it was recorded: later code may have dropped it.
void drop_left_out_markers(std::vector<const Event*>& recorded,
                           const std::vector<Decision>& attempted) {
  std::erase_if(recorded, [&](const Event* event) {
    const auto* was = std::get_if<PatchMarked>(event);
    return was != nullptr && was->deprecated &&
           std::ranges::none_of(attempted, [was](const Decision& decision) {
             const auto* is = std::get_if<PatchMarked>(&decision.command);
             return is != nullptr && is->patch == was->patch;
           });
  });
}

std::optional<Divergence> compare_all(const std::vector<const Event*>& recorded,
                                      const std::vector<Decision>& attempted, const Names& names) {
  for (std::size_t i = 0; i < std::max(recorded.size(), attempted.size()); ++i) {
    const bool both = i < recorded.size() && i < attempted.size() &&
                      recorded[i]->index() == attempted[i].command.index();
    const auto details = both ? compare(*recorded[i], attempted[i].command, names) : std::string();
    if (!details) continue;
    Divergence divergence;
    divergence.recorded = i < recorded.size() ? describe(*recorded[i]) : "nothing";
    divergence.attempted = i < attempted.size() ? describe(attempted[i].command) : "nothing";
    divergence.where = i < attempted.size() ? at(attempted[i].where) : "";
    divergence.details = *details;
    return divergence;
  }
  return std::nullopt;
}

// The engine ended the run in place of what was decided at this turn, and recorded none of that.
bool ended_by_engine(const std::vector<const Event*>& recorded) {
  const auto* failed = recorded.size() == 1 ? std::get_if<RunFailed>(recorded.front()) : nullptr;
  return failed != nullptr && failed->by_engine;
}

// What a command is performed with or shows; null: it has nothing that is kept as it was recorded.
const Bytes* payload_of(const Event& command) {
  if (const auto* step = std::get_if<StepScheduled>(&command)) return &step->input;
  if (const auto* child = std::get_if<ChildStarted>(&command)) return &child->input;
  if (const auto* gate = std::get_if<GateOpened>(&command)) return &gate->payload;
  return nullptr;
}

// Code that says more by now, in fields that the recorded type did not have, or the same in other
// bytes, does not change what was decided: a person approves what the log shows.
void keep_recorded_payloads(Run& run, const std::vector<const Event*>& recorded,
                            const std::vector<Decision>& attempted) {
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    const Bytes* was = payload_of(*recorded[i]);
    if (was == nullptr || *was == *payload_of(attempted[i].command)) continue;
    run.keep_payload(command_of(*recorded[i]), *was);
  }
}

std::string number(CommandId command) { return std::to_string(command); }

}  // namespace

std::string describe(const Event& command) {
  if (const auto* e = std::get_if<StepScheduled>(&command)) {
    return "step " + number(e->command) + " " + e->activity;
  }
  if (const auto* e = std::get_if<TimerStarted>(&command)) {
    return "timer " + number(e->command) + " due " +
           std::to_string(e->due.time_since_epoch().count()) + " us";
  }
  if (const auto* e = std::get_if<SignalAwaited>(&command)) {
    return "wait " + number(e->command) + " for signal " + e->signal;
  }
  if (const auto* e = std::get_if<ChildStarted>(&command)) {
    return "child " + number(e->command) + " " + e->workflow;
  }
  if (const auto* e = std::get_if<GateOpened>(&command)) {
    return "gate " + number(e->command) + " " + e->gate;
  }
  if (const auto* e = std::get_if<ContinuedAsNew>(&command)) return "continue as " + e->run_id;
  if (const auto* e = std::get_if<CommandCancelled>(&command)) {
    return "cancel " + number(e->command);
  }
  if (const auto* e = std::get_if<PatchMarked>(&command)) {
    return (e->deprecated ? "deprecated patch " : "patch ") + e->patch;
  }
  if (const auto* e = std::get_if<RunFailed>(&command)) return "run failed: " + e->failure.code;
  return std::holds_alternative<RunCompleted>(command) ? "run completed" : name_of(command);
}

std::string Divergence::text() const {
  std::ostringstream out;
  out << "turn " << turn << ": recorded: " << recorded << " | attempted: " << attempted;
  if (!where.empty()) out << " (" << where << ")";
  if (!details.empty()) out << " | " << details;
  return out.str();
}

std::optional<Divergence> replay_turn(Run& run, const Turn& turn, const Definitions& definitions) {
  const Event* completion = nullptr;
  std::vector<const Event*> recorded;
  for (const Event& event : turn.events) {
    if (class_of(event) == EventClass::command) recorded.push_back(&event);
    if (class_of(event) == EventClass::completion) completion = &event;
  }
  if (completion == nullptr) return std::nullopt;
  const std::optional<Fact> fact = fact_of(*completion);
  std::optional<Divergence> divergence;
  if (!run.expects(*fact)) {
    divergence =
        Divergence{0, name_of(turn.events.front()), "a run that does not wait for it", {}, {}};
  } else if (ended_by_engine(recorded)) {
    run.deliver(Terminated{}, turn.wall);
  } else {
    const std::vector<Decision> attempted = run.deliver(*fact, turn.wall, &recorded);
    drop_left_out_markers(recorded, attempted);
    Names names{definitions};
    if (run.definition() != 0) names.workflow = &definitions.workflow(run.definition());
    divergence = compare_all(recorded, attempted, names);
    if (!divergence) keep_recorded_payloads(run, recorded, attempted);
  }
  if (divergence) divergence->turn = turn.turn;
  return divergence;
}

}  // namespace ratchet::engine
