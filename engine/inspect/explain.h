// Why a run waits, failed or is quarantined, in plain words, and what can be done about it.
#pragma once

#include <string>
#include <vector>

#include "engine/inspect/history.h"
#include "engine/inspect/timeline.h"
#include "engine/inspect/waiting.h"
#include "store/log.h"

namespace ratchet::engine {

struct Explanation {
  std::string state;                 // one sentence: what the run is doing, or how it ended
  std::vector<std::string> because;  // one sentence each: what it waits for, what went wrong
  std::vector<std::string> next;     // what a person can do; empty: nothing has to be done
};

// `entries`: its timeline. `events`: those of the run, from its first on. `awaits_release`: since a
// person accepted the log (history.h). `waits`: until when it waits for its steps; none is said of
// those that are not among them.
Explanation explain(const RunInfo& run, const std::vector<RecordedEvent>& events,
                    const std::vector<TimelineEntry>& entries, bool awaits_release = false,
                    const StepWaits& waits = {});

}  // namespace ratchet::engine
