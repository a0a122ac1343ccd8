#include "store/proof_files.h"

#include "store/base64.h"

namespace ratchet::store {

namespace {

std::string with_hashes(std::string lines, const std::vector<Hash>& proof,
                        std::string_view checkpoint) {
  for (const Hash& hash : proof) lines += to_base64(hash) + "\n";
  return lines.append("\n").append(checkpoint);
}

}  // namespace

StoredHashes stored_hashes(const LogReader& log) {
  return [&log](unsigned level, std::uint64_t n) { return log.subtree(level, n); };
}

std::string to_tlog_proof(std::uint64_t index, const std::vector<Hash>& proof,
                          std::string_view checkpoint) {
  return with_hashes("c2sp.org/tlog-proof@v1\nindex " + std::to_string(index) + "\n", proof,
                     checkpoint);
}

std::string to_add_checkpoint(std::uint64_t old_size, const std::vector<Hash>& proof,
                              std::string_view checkpoint) {
  return with_hashes("old " + std::to_string(old_size) + "\n", proof, checkpoint);
}

}  // namespace ratchet::store
