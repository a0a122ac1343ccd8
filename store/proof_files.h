// Proofs about a log as the public formats write them: of a record (c2sp.org/tlog-proof), and that
// an older log is a prefix (as c2sp.org/tlog-witness asks for it).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/log.h"
#include "store/merkle.h"

namespace ratchet::store {

// The hashes of `log`, which must outlive them, for prove_inclusion and prove_consistency, each
// read once as long as not too many are known: a proof needs up to 510 a level, its siblings inside
// a stored subtree and the tree's right edge, and proofs of neighbours need the same. One thread.
StoredHashes stored_hashes(const LogReader& log);

// `checkpoint` is the checkpoint of the tree that the proof is of, as a signed note or without
// signatures; it is repeated verbatim.
std::string to_tlog_proof(std::uint64_t index, const std::vector<Hash>& proof,
                          std::string_view checkpoint);

struct TlogProof {
  std::uint64_t index = 0;
  std::vector<Hash> hashes;
  std::string checkpoint;  // verbatim
};
// Reads what to_tlog_proof wrote; extra data lines of the format are refused. Verifies nothing.
// Throws Fault::corrupt, saying which line is wrong.
TlogProof parse_tlog_proof(std::string_view text);

// The body of an add-checkpoint request: that the log of `checkpoint` extends its own first
// `old_size` records.
std::string to_add_checkpoint(std::uint64_t old_size, const std::vector<Hash>& proof,
                              std::string_view checkpoint);

}  // namespace ratchet::store
