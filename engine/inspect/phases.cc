#include "engine/inspect/phases.h"

namespace ratchet::engine {

namespace {

// What the event alone says; nothing if it is no decision that tells.
std::optional<Phase> phase_of(const RecordedEvent& event) {
  if (event.step) {
    if (event.step->irreversible) return Phase::irrevocable;
    return event.step->effect == Effect::read ? Phase::looks : Phase::changes;
  }
  const bool waits = std::holds_alternative<GateOpened>(event.event) ||
                     std::holds_alternative<SignalAwaited>(event.event);
  return waits ? std::optional(Phase::waits) : std::nullopt;
}

}  // namespace

std::optional<Phase> Phases::begins_with(const RecordedEvent& event) {
  const std::optional<Phase> phase = phase_of(event);
  if (!phase || phase == phase_) return std::nullopt;
  // What was changed stays changed, whatever is looked at or waited for afterwards.
  if (phase_ >= Phase::changes && phase < phase_) return std::nullopt;
  phase_ = phase;
  return phase;
}

}  // namespace ratchet::engine
