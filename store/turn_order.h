// What every log checks before it queues an entry. Used by the submitting thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "store/log.h"

namespace ratchet::store {

// Throws std::invalid_argument if a record or blob is too large, or a blob belongs to no run.
void check_limits(const Entry& entry);

// Holds the turns of each run to 0, 1, 2, … in the order of submission. It remembers the runs
// submitted to last and asks the storage about others: a log has more runs than fit into memory.
class TurnOrder {
 public:
  // `stored` tells whether a turn is in the storage. `keep` is at least the number of entries that
  // can be queued or being written: a run is forgotten only after so many other runs, when its
  // turns are stored.
  TurnOrder(std::function<bool(RunTurn)> stored, std::size_t keep);

  // Throws std::invalid_argument, and remembers nothing, unless `entry` may have this index and
  // what it prunes is a whole run.
  void admit(const Entry& entry, std::uint64_t index);

 private:
  bool is_next(RunTurn at);
  void admit(const Prune& prune);
  void remember(std::uint64_t run, std::uint32_t next);

  std::function<bool(RunTurn)> stored_;
  std::size_t keep_;
  std::unordered_map<std::uint64_t, std::uint32_t> recent_;  // run -> its next turn
  std::unordered_map<std::uint64_t, std::uint32_t> older_;
};

}  // namespace ratchet::store
