#include "engine/core/event.h"

#include <array>
#include <cstddef>

namespace ratchet::engine {

namespace {
// In the order of Event's alternatives.
constexpr std::array names{"RunStarted",     "StepCompleted", "StepFailed",    "TimerFired",
                           "SignalReceived", "StepScheduled", "TimerStarted",  "SignalAwaited",
                           "RunCompleted",   "RunFailed",     "AttemptFailed", "Probed",
                           "Diverged",       "Note",          "Held"};
static_assert(names.size() == std::variant_size_v<Event>);
constexpr std::size_t first_command = 5;
constexpr std::size_t first_hint = 10;
}  // namespace

EventClass class_of(const Event& event) {
  if (event.index() < first_command) return EventClass::completion;
  return event.index() < first_hint ? EventClass::command : EventClass::hint;
}

const char* name_of(const Event& event) { return names.at(event.index()); }

}  // namespace ratchet::engine
