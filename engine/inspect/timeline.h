// The steps of a run and how long each took, folded from its events.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
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

// The timeline of a run while its events come.
class Timeline {
 public:
  // Events of one run, from its first on, in order.
  void add(const RecordedEvent& event);

  // By command id: all commands so far, and those that nothing has answered.
  std::vector<TimelineEntry> entries() const;
  std::vector<TimelineEntry> open() const;

 private:
  class Folding;

  std::map<CommandId, TimelineEntry> entries_;
  std::map<std::string, std::deque<CommandId>> waits_;      // for a signal
  std::map<std::string, std::deque<RecordedEvent>> early_;  // signals that nobody awaited yet
};

// By command id. `events`: of one run, from its first on.
std::vector<TimelineEntry> timeline(const std::vector<RecordedEvent>& events);

// What an open run waits for, by command id; from the turns alone, so that lists of runs are quick:
// names of activities and payloads are those that the events carry themselves.
std::vector<TimelineEntry> open_commands(const std::vector<HistoryTurn>& turns);

}  // namespace ratchet::engine
