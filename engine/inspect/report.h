// All that an auditor asks about one run, in one read of the log.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/core/definitions.h"
#include "engine/inspect/events.h"
#include "engine/inspect/explain.h"
#include "engine/inspect/history.h"
#include "engine/inspect/timeline.h"
#include "store/log.h"

namespace ratchet::engine {

// What a person did to a run.
struct Act {
  Time wall{};
  std::string what;  // "started", "approved: approve_upgrade", "Paused"
  std::string who;
  std::string why;
  std::string payload_hash;  // in hexadecimal, of what was approved or denied
  std::string signer{};      // of the signature that was recorded with it, which nobody checked
};

struct Report {
  store::Head head;  // of the log that was read: the record of the run is in it
  RunInfo run;
  Time until{};  // its end; of an open run its last record
  std::vector<RecordedEvent> events;
  std::vector<TimelineEntry> entries;
  Explanation explanation;
  std::vector<Act> acts;
  std::vector<Opened> writers;  // the processes that recorded it, in order
};

// The same log gives the same report. Of a pruned run there is what its summary says. Throws
// store::Error if a record cannot be read.
Report report_on(const store::LogReader& log, const RunInfo& run);

// A time in which something was so, as the record bounds it: from a command to what answers
// another.
struct Span {
  RecordedEvent from;
  std::optional<RecordedEvent> to;  // absent: not over, as far as is recorded
  Duration took(Time until) const { return (to ? to->wall : until) - from.wall; }
};

// From the first step `begin` that was scheduled to the first completion of a step `end` after it;
// else to the last completion of a step `otherwise` after it. Nothing if there was no such step.
std::optional<Span> span_between(const std::vector<RecordedEvent>& events, const std::string& begin,
                                 const std::string& end, const std::string& otherwise);

}  // namespace ratchet::engine
