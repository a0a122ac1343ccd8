// The phases of a run, told by what its steps may do: no workflow has to name them.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/inspect/events.h"

namespace ratchet::engine {

enum class Phase : std::uint8_t {
  looks,       // no step but such that change nothing
  waits,       // for a gate or a signal, and nothing was changed so far
  changes,     // from the first step on that changes something
  irrevocable  // from the first irreversible step on
};

// Follows one run. Fed with its events from the first on, in order.
class Phases {
 public:
  // The phase that begins with this event; nothing if the phase stays.
  std::optional<Phase> begins_with(const RecordedEvent& event);

 private:
  std::optional<Phase> phase_;
};

}  // namespace ratchet::engine
