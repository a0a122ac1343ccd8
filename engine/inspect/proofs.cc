#include "engine/inspect/proofs.h"

#include <stdexcept>

#include "store/anchor_check.h"
#include "store/proof_files.h"

namespace ratchet::engine {

store::Head head_at(const store::LogReader& log, std::uint64_t size) {
  store::Head head = log.head();
  if (size == head.size) return head;
  head.root = log.root(size);
  head.size = size;
  head.epoch = 0;
  return head;
}

std::vector<RecordProof> prove_run(const store::LogReader& log, std::uint64_t run,
                                   std::uint64_t size, const Progress& progress) {
  std::vector<RecordProof> proofs;
  const store::StoredHashes stored = store::stored_hashes(log);
  log.scan_run(run, 0, [&](std::uint32_t turn, const store::Record& record) {
    if (record.index >= size) return false;
    proofs.push_back(
        {record.index, turn, record.bytes, store::prove_inclusion(record.index, size, stored)});
    if (progress) progress(record.index + 1, size);
    return true;
  });
  return proofs;
}

std::vector<store::Hash> prove_extends(const store::LogReader& log, const store::Head& older,
                                       std::uint64_t size) {
  store::check_extends(log, older);
  if (older.size > size) {
    throw std::out_of_range("a log of " + std::to_string(size) +
                            " records does not extend one of " + std::to_string(older.size));
  }
  if (older.size == 0) return {};
  return store::prove_consistency(older.size, size, store::stored_hashes(log));
}

}  // namespace ratchet::engine
