#include "store/turn_order.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace ratchet::store {

void check_limits(const Entry& entry) {
  if (entry.record.size() > max_record_bytes) {
    throw std::invalid_argument("a record of " + std::to_string(entry.record.size()) +
                                " bytes exceeds " + std::to_string(max_record_bytes) +
                                ": move payloads out into blobs");
  }
  if (!entry.blobs.empty() && !entry.turn) {
    throw std::invalid_argument("a record of the log itself has blobs: a blob belongs to a run");
  }
  for (const Blob& blob : entry.blobs) {
    if (blob.bytes.size() <= max_blob_bytes) continue;
    throw std::invalid_argument("a blob of " + std::to_string(blob.bytes.size()) +
                                " bytes exceeds " + std::to_string(max_blob_bytes) +
                                ": store a reference to the payload instead");
  }
}

TurnOrder::TurnOrder(std::function<bool(RunTurn)> stored, std::size_t keep)
    : stored_(std::move(stored)), keep_(keep) {}

bool TurnOrder::is_next(RunTurn at) {
  if (const auto found = recent_.find(at.run); found != recent_.end()) {
    return found->second == at.turn;
  }
  if (const auto found = older_.find(at.run); found != older_.end()) {
    return found->second == at.turn;
  }
  return stored_({at.run, at.turn - 1}) && !stored_(at);
}

void TurnOrder::admit(const Prune& prune) {
  const bool whole =
      prune.turns > 0 && stored_({prune.run, prune.turns - 1}) && is_next({prune.run, prune.turns});
  if (!whole) {
    throw std::invalid_argument("run " + std::to_string(prune.run) + " has not exactly " +
                                std::to_string(prune.turns) + " durable turns to prune");
  }
  remember(prune.run, 0);  // no turn is the next one: turn 0 is none after a run's start
}

void TurnOrder::admit(const Entry& entry, std::uint64_t index) {
  if (entry.prunes) admit(*entry.prunes);
  if (!entry.turn) return;
  const RunTurn at = *entry.turn;
  if (at.turn == 0 ? at.run != index : !is_next(at)) {
    throw std::invalid_argument("turn " + std::to_string(at.turn) + " of run " +
                                std::to_string(at.run) + " cannot be record " +
                                std::to_string(index) +
                                (at.turn == 0 ? ": a run is named by its first record's index"
                                              : ": it is not the next turn of its run"));
  }
  remember(at.run, at.turn + 1);
}

void TurnOrder::remember(std::uint64_t run, std::uint32_t next) {
  recent_[run] = next;
  if (recent_.size() <= keep_) return;
  older_.swap(recent_);
  recent_.clear();
}

}  // namespace ratchet::store
