#include "engine/inspect/payloads.h"

#include <type_traits>

namespace ratchet::engine {

namespace {

template <class T>
concept OfCommand = requires(const T& event) { event.command; };

template <class E>
concept MayFail = requires(const E& event) { event.failure.has_value(); };

// Carries the answer to a command, of its output type, unless it failed.
template <class E>
constexpr bool answers = std::is_same_v<E, StepCompleted> || std::is_same_v<E, StepSkipped> ||
                         std::is_same_v<E, ChildEnded>;

// An event that keeps a fact is about what the fact is about.
template <class F>
auto visit_through(const Event& event, F visit) {
  if (const auto* held = std::get_if<Held>(&event)) return std::visit(visit, held->fact);
  if (const auto* late = std::get_if<LateFact>(&event)) return std::visit(visit, late->fact);
  return std::visit(visit, event);
}

}  // namespace

void Payloads::learn(const Event& event, const Definitions& definitions) {
  if (const auto* started = std::get_if<RunStarted>(&event)) workflow_ = started->definition;
  if (const auto* awaited = std::get_if<SignalAwaited>(&event)) {
    commands_[awaited->command] = {awaited->signal, 0, ""};
  }
  const auto keep = [&](CommandId command, std::uint32_t definition, const Bytes& input) {
    const ActivityDefinition& type = definitions.activity(definition);
    commands_[command] = {type.name, definition,
                          definitions.to_json(type.files, type.input_type, input)};
  };
  if (const auto* step = std::get_if<StepScheduled>(&event)) {
    keep(step->command, step->definition, step->input);
  } else if (const auto* child = std::get_if<ChildStarted>(&event)) {
    keep(child->command, child->definition, child->input);
  } else if (const auto* gate = std::get_if<GateOpened>(&event)) {
    keep(gate->command, gate->definition, gate->payload);
  }
}

DecodedPayloads Payloads::decode(const Event& event, const Definitions& definitions) {
  learn(event, definitions);
  const auto command = commands_.find(command_of(event));
  return visit_through(event, [&](const auto& e) {
    using E = std::decay_t<decltype(e)>;
    DecodedPayloads decoded;
    if constexpr (std::is_same_v<E, RunStarted>) {
      const WorkflowDefinition& type = definitions.workflow(e.definition);
      decoded.input = definitions.to_json(type.files, type.input_type, e.input);
    } else if constexpr (std::is_same_v<E, ContinuedAsNew>) {
      if (!workflow_) return decoded;
      const WorkflowDefinition& type = definitions.workflow(*workflow_);
      decoded.input = definitions.to_json(type.files, type.input_type, e.input);
    } else if constexpr (std::is_same_v<E, RunCompleted>) {
      if (!workflow_) return decoded;
      const WorkflowDefinition& type = definitions.workflow(*workflow_);
      decoded.output = definitions.to_json(type.files, type.output_type, e.result);
    } else if constexpr (OfCommand<E>) {
      if (command == commands_.end() || command->second.definition == 0) return decoded;
      decoded.input = command->second.input;
      if constexpr (answers<E>) {
        if constexpr (MayFail<E>) {
          if (e.failure) return decoded;
        }
        const ActivityDefinition& type = definitions.activity(command->second.definition);
        decoded.output = definitions.to_json(type.files, type.output_type, e.result);
      }
    }
    return decoded;
  });
}

const std::string& Payloads::name_of_command(CommandId command) const {
  static const std::string none;
  const auto found = commands_.find(command);
  return found == commands_.end() ? none : found->second.name;
}

}  // namespace ratchet::engine
