// A run in the engine's memory. One that has not ended may be evicted while all its turns are
// durable; then the log brings it back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/core/open_run.h"
#include "engine/core/run.h"
#include "engine/core/summary.h"

namespace ratchet::engine {

struct ActiveRun {
  ActiveRun(RunSummary s, const WorkflowType* type) : summary(std::move(s)) {
    if (type != nullptr) run.emplace(summary.run_id, *type);
  }
  RunSummary summary;
  OpenRun open;
  std::optional<Run> run;         // absent: quarantined
  bool awaits_release = false;    // the end of that is not durable: nothing is done
  std::optional<RunState> shown;  // the durable state: the one that may leave the process
  std::uint32_t next_turn = 0;
  Time last_wall{};
  std::map<std::uint32_t, Fact> held;                     // by the turn that recorded it
  ExposedValues exposed;                                  // as of the last durable turn
  std::size_t pending = 0;                                // turns that are not durable yet
  std::list<std::shared_ptr<ActiveRun>>::iterator place;  // in `recent`
  // The turns that it has by now, at least one.
  void take_in(const std::vector<Turn>& turns) {
    next_turn = turns.back().turn + 1;
    for (const Turn& turn : turns) {
      open.fold(turn);
      last_wall = std::max(last_wall, turn.wall);
    }
  }
  // No turn can be executed: facts are held.
  bool holds() const {
    return !run || summary.paused || awaits_release || summary.state == RunState::queued;
  }
};

}  // namespace ratchet::engine
