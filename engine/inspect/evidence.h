// Evidence: one file with the records of a run, what they refer to, and proofs that all of it is in
// the log of a checkpoint. For somebody elsewhere, without the log, the daemon or the cluster, who
// trusts a checkpoint and nothing else.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/inspect/history.h"
#include "engine/inspect/progress.h"
#include "store/log.h"

namespace ratchet::engine {

// More is refused: evidence is read whole.
inline constexpr std::size_t max_evidence_bytes = std::size_t{256} << 20;

// What `checkpoint` (c2sp.org/tlog-checkpoint, signed or not) covers of the run, as a file.
// Throws store::Error: corrupt if the log does not extend the checkpoint or a record cannot be
// read; std::out_of_range if the checkpoint covers no record of the run, or the run was pruned;
// std::length_error beyond max_evidence_bytes.
std::string make_evidence(const store::LogReader& log, const RunInfo& run,
                          std::string_view checkpoint, const Progress& progress = {});

struct Evidence {
  std::string checkpoint;  // as it stands in the file: whoever trusts it compares or verifies it
  store::Head head;        // of the checkpoint; its epoch is unknown and 0
  RunInfo run;             // as its records say, at the time of the checkpoint
  bool ended = false;      // false: what the run did after the checkpoint is not in here
  // A log that has these records and no others, for history, replay and all that reads runs. It
  // has no tree: leaf hashes of other records, subtrees and roots throw std::out_of_range.
  std::unique_ptr<store::LogReader> log;
};

// Reads a file and verifies it: every record is in the log of the file's own checkpoint, the run's
// turns are without gaps from its start on, everything that they refer to is there. It does not
// say that the checkpoint is one to be trusted. Nothing of the file is executed.
// Throws store::Error: corrupt, saying what does not hold; unsupported for another format.
Evidence open_evidence(std::string_view file, const Progress& progress = {});

}  // namespace ratchet::engine
