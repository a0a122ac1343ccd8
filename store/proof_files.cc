#include "store/proof_files.h"

#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "store/base64.h"

namespace ratchet::store {

namespace {

std::string with_hashes(std::string lines, const std::vector<Hash>& proof,
                        std::string_view checkpoint) {
  for (const Hash& hash : proof) lines += to_base64(hash) + "\n";
  return lines.append("\n").append(checkpoint);
}

constexpr std::string_view tlog_proof = "c2sp.org/tlog-proof@v1";
constexpr std::size_t most_hashes = 64;  // a path in a tree of at most 2^64 records

[[noreturn]] void no_proof(const std::string& why) {
  throw Error(Fault::corrupt, "not a tlog-proof: " + why);
}

std::string_view next_proof_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) no_proof("a line is missing or has no newline");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::uint64_t index_in(std::string_view line) {
  constexpr std::string_view label = "index ";
  std::uint64_t index = 0;
  if (line.starts_with(label)) {
    const std::string_view digits = line.substr(label.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (std::to_string(index) == digits) return index;
  }
  no_proof("the second line is not an index");
}

}  // namespace

StoredHashes stored_hashes(const LogReader& log) {
  using Place = std::pair<unsigned, std::uint64_t>;
  constexpr std::size_t most_known = std::size_t{1} << 16;
  return
      [&log, known = std::make_shared<std::map<Place, Hash>>()](unsigned level, std::uint64_t n) {
        const auto found = known->find({level, n});
        if (found != known->end()) return found->second;
        if (known->size() == most_known) known->clear();
        return known->emplace(Place{level, n}, log.subtree(level, n)).first->second;
      };
}

std::string to_tlog_proof(std::uint64_t index, const std::vector<Hash>& proof,
                          std::string_view checkpoint) {
  return with_hashes(std::string(tlog_proof) + "\nindex " + std::to_string(index) + "\n", proof,
                     checkpoint);
}

TlogProof parse_tlog_proof(std::string_view text) {
  if (next_proof_line(text) != tlog_proof) no_proof("the first line is another format");
  TlogProof proof;
  proof.index = index_in(next_proof_line(text));
  for (std::string_view line = next_proof_line(text); !line.empty(); line = next_proof_line(text)) {
    const std::optional<Hash> hash = hash_from_base64(line);
    if (!hash || proof.hashes.size() == most_hashes) no_proof("a line is no hash, or one too many");
    proof.hashes.push_back(*hash);
  }
  proof.checkpoint = text;
  return proof;
}

std::string to_add_checkpoint(std::uint64_t old_size, const std::vector<Hash>& proof,
                              std::string_view checkpoint) {
  return with_hashes("old " + std::to_string(old_size) + "\n", proof, checkpoint);
}

}  // namespace ratchet::store
