// Proofs that records of a run are in the log of a checkpoint, for an auditor who trusts only that.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/inspect/progress.h"
#include "store/log.h"
#include "store/merkle.h"

namespace ratchet::engine {

// The head of the log when it had `size` records; its epoch is unknown and 0 unless it is the last.
// Throws std::out_of_range if it never had so many.
store::Head head_at(const store::LogReader& log, std::uint64_t size);

struct RecordProof {
  std::uint64_t index = 0;
  std::uint32_t turn = 0;
  std::string record;
  std::vector<store::Hash> hashes;  // inclusion in the tree of `size` records
};

// One for each turn of the run among the first `size` records. `progress` is told how far in the
// log each is. Throws store::Error if a record cannot be read.
std::vector<RecordProof> prove_run(const store::LogReader& log, std::uint64_t run,
                                   std::uint64_t size, const Progress& progress = {});

// That the log extends `older`. Throws store::Error (corrupt) if it does not.
std::vector<store::Hash> prove_extends(const store::LogReader& log, const store::Head& older,
                                       std::uint64_t size);

}  // namespace ratchet::engine
