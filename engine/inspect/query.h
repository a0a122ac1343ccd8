// What a run showed at a point of its past: Workflow::expose, without an engine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/core/run.h"
#include "engine/inspect/history.h"
#include "store/log.h"

namespace ratchet::engine {

struct PastView {
  ExposedValues values;                  // as they were after the last replayed turn
  std::uint32_t turns = 0;               // that were replayed
  std::optional<Divergence> divergence;  // the code at hand decides otherwise: it shows up to there
};

// Replays the run up to and with turn `last` (absent: all of it) and says what it showed then.
// Writes nothing. Throws store::Error if a record cannot be read.
PastView view_past(const store::LogReader& log, const Registry& registry, const RunInfo& run,
                   std::optional<std::uint32_t> last = std::nullopt);

// The value as JSON on one line; nothing if its bytes are no message of its type.
std::optional<std::string> json_of(const Exposed& value);

}  // namespace ratchet::engine
