// The steps of a run and how long each took, folded from its events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/inspect/events.h"
#include "engine/inspect/history.h"

namespace ratchet::engine {

// A command and what became of it.
struct TimelineEntry {
  RecordedEvent command;
  std::optional<RecordedEvent> end;  // absent: it is open
  std::uint32_t failed_attempts = 0;
  std::optional<Failure> trouble;    // of the last of them
  std::optional<std::string> doubt;  // a probe could not tell: a person decides

  // Until its end, or until `now`.
  Duration took(Time now) const { return (end ? end->wall : now) - command.wall; }
};

// By command id. `events`: of one run, from its first on.
std::vector<TimelineEntry> timeline(const std::vector<RecordedEvent>& events);

// What an open run waits for, by command id; from the turns alone, so that lists of runs are quick:
// names of activities and payloads are those that the events carry themselves.
std::vector<TimelineEntry> open_commands(const std::vector<HistoryTurn>& turns);

}  // namespace ratchet::engine
