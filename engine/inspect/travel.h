// Time travel: what a run was after each of its turns, and what its workflow showed then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/definitions.h"
#include "engine/core/run.h"
#include "engine/inspect/events.h"
#include "engine/inspect/history.h"
#include "engine/inspect/timeline.h"
#include "store/log.h"

namespace ratchet::engine {

// A run as it was after one of its turns. All but `exposed` is as recorded.
struct Moment {
  std::uint64_t index = 0;  // of the turn's record
  std::uint32_t turn = 0;
  Time wall{};
  std::vector<RecordedEvent> events;  // of this turn
  RunInfo run;                        // what a list of runs would have shown
  std::vector<TimelineEntry> open;    // what it waited for, by command id
  // What the workflow showed, as JSON on one line, by name: by replay with the code at hand.
  // Absent: that code has parted from the record before or in this turn.
  std::optional<std::map<std::string, std::string>> exposed;
};

// Goes through a run's past turn by turn. Writes nothing. Single-threaded.
class Travel {
 public:
  // Reads the run's records; the registry must outlive this. Throws store::Error if a record cannot
  // be read.
  Travel(const store::LogReader& log, const Registry& registry, const RunInfo& run);

  // How many turns the run has by now. 0: its records were pruned.
  std::size_t turns() const { return turns_.size(); }

  // One turn on, from before the first. False: there is no other, and nothing changes.
  bool step();

  // As it was after the last step, of which there was one.
  Moment moment() const;

  // Where the code at hand parted from the record, on the way so far.
  const std::optional<Divergence>& divergence() const { return divergence_; }

 private:
  std::vector<HistoryTurn> turns_;
  std::vector<RecordedEvent> events_;
  Definitions definitions_;
  std::optional<Run> replayed_;
  std::optional<Divergence> divergence_;
  RunInfo run_;
  Timeline timeline_;
  std::size_t done_ = 0;    // of turns_
  std::size_t passed_ = 0;  // of events_
  std::size_t begin_ = 0;   // of the last turn's in events_
};

}  // namespace ratchet::engine
