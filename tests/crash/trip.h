// The engine program of the crash tests: a process that takes trips, one after the other, on a real
// log. What outlives it is in one folder: the log, its anchor, and the ledger of its effects.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/core/workflow.h"
#include "engine/runtime/engine.h"

namespace rocksdb {
class Env;
}

namespace ratchet::crash {

struct Place {
  std::string folder;
  std::string log() const { return folder + "/log"; }
  std::string anchor() const { return folder + "/anchor"; }
  std::string ledger() const { return folder + "/ledger"; }
};

struct Life {
  Place place;
  std::uint32_t runs = 1;
  std::string where = "Rome";  // the input of each run; a long one makes long records
  rocksdb::Env* env = nullptr;
  // A turn is durable and may leave the process.
  std::function<void(const engine::Recorded&)> acknowledged = [](const auto&) {};
  // An activity is about to have its effect.
  std::function<void(const engine::AttemptInfo&)> performs = [](const auto&) {};
};

enum class End { finished, halted };

// Lives until all runs have ended or the engine halts. Throws what opening log and engine throws,
// std::runtime_error if the runs come to no end in 60 s.
End live(const Life& life);

// The registry alone, for replay.
engine::Registry trips();

// The word of the histogram: the turn's first event, or "Ended" for the last turn of a run.
std::string kind_of(const engine::Turn& turn);

// What the ledger has, line by line, sorted: "trip-1 flight".
std::string ledger_of(const Place& place);
// What it must have after so many runs, nothing twice.
std::string full_ledger(std::uint32_t runs);

}  // namespace ratchet::crash
