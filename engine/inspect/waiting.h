// Until when a run waits for its steps, and when they are tried again. The record says when
// attempts failed; how long they may take and how often they are repeated is the policy of the
// activity, which only code knows: the code at hand, found by replay.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/activity.h"
#include "engine/core/workflow.h"
#include "engine/inspect/events.h"
#include "engine/inspect/history.h"
#include "engine/inspect/timeline.h"
#include "store/log.h"

namespace ratchet::engine {

// A process that was started later begins the attempt anew, and so later than is said here.
struct StepWait {
  std::uint32_t attempt = 1;          // that is under way, or comes next
  bool or_later = false;              // not every failed attempt is recorded: it may be a later one
  bool looks_first = false;           // before it, it is looked whether the one before took place
  Time from{};                        // when it starts, or was to start
  Time answer_by{};                   // when it times out
  std::uint32_t last_attempt = 0;     // with it the step fails; 0: there is no such limit
  std::optional<Time> last_moment{};  // when the step fails; none: there is no such limit
};
using StepWaits = std::map<CommandId, StepWait>;

// An open step of that activity. `events`: of the run, from its first on. None if no attempt
// follows by itself: a person decides, or its answer is held. None also of a step that a reset has
// just taken over: its time is not on the record yet.
std::optional<StepWait> step_wait(const ActivityInfo& activity, const std::string& run_id,
                                  const TimelineEntry& entry,
                                  const std::vector<RecordedEvent>& events);

// Of all open steps of the run. Empty if nothing is performed for it, or if the code at hand does
// not have its workflow or decides otherwise than was recorded. `entries`: its timeline.
// Throws store::Error if a record cannot be read.
StepWaits step_waits(const store::LogReader& log, const Registry& workflows, const RunInfo& run,
                     const std::vector<RecordedEvent>& events,
                     const std::vector<TimelineEntry>& entries);

}  // namespace ratchet::engine
