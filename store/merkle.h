// The Merkle tree of RFC 6962 §2.1 over SHA-256: hashes, roots, proofs and their verification.
// It knows no storage: stored hashes come through a function. No shared state; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "store/log.h"

namespace ratchet::store {

Hash sha256(std::string_view bytes);
Hash leaf_hash(std::string_view record);              // H(0x00 ‖ record)
Hash node_hash(const Hash& left, const Hash& right);  // H(0x01 ‖ left ‖ right)
Hash empty_root();                                    // H(nothing)

// A log stores one hash per full aligned subtree of 256^level records: enough for the root of any
// size with at most 255 reads a level, at 1/255 of the space of all nodes.
inline constexpr unsigned bits_per_level = 8;

// The stored hash of the n-th subtree of 256^level records; level 0 are the leaves.
using StoredHashes = std::function<Hash(unsigned level, std::uint64_t n)>;

// Whether the first `size` records fill that subtree.
constexpr bool is_full_subtree(unsigned level, std::uint64_t n, std::uint64_t size) {
  return level < 64 / bits_per_level && n < size >> level * bits_per_level;
}

// A tree that grows: the roots of its full subtrees, one per bit of its size.
class Tree {
 public:
  Tree() = default;
  Tree(std::uint64_t size, const StoredHashes& stored);

  std::uint64_t size() const { return size_; }
  Hash root() const;

  // Calls completed(level, n, hash) for every subtree of 256^level records, level >= 1, that this
  // leaf fills: the hashes that a log stores with it.
  template <class Completed>
  void append(const Hash& leaf, Completed&& completed);

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> peaks_;  // largest subtree first
};

// The root of the first `size` leaves.
Hash tree_root(std::uint64_t size, const StoredHashes& stored);

// The sibling hashes from leaf `index` up to the root of the first `size` leaves (§2.1.1).
// Throws std::out_of_range unless index < size.
std::vector<Hash> prove_inclusion(std::uint64_t index, std::uint64_t size,
                                  const StoredHashes& stored);

// The hashes that show that the tree of `old_size` leaves is a prefix of that of `size` (§2.1.2).
// Throws std::out_of_range unless 0 < old_size <= size.
std::vector<Hash> prove_consistency(std::uint64_t old_size, std::uint64_t size,
                                    const StoredHashes& stored);

struct TreeRoot {
  std::uint64_t size = 0;
  Hash root{};
};

bool verify_inclusion(const Hash& leaf, std::uint64_t index, const TreeRoot& tree,
                      const std::vector<Hash>& proof);
bool verify_consistency(const TreeRoot& older, const TreeRoot& newer,
                        const std::vector<Hash>& proof);

template <class Completed>
void Tree::append(const Hash& leaf, Completed&& completed) {
  Hash hash = leaf;
  unsigned height = 0;
  // Each trailing one of the size is a full subtree that the new leaf pairs with.
  for (std::uint64_t n = size_; (n & 1) != 0; n >>= 1) {
    hash = node_hash(peaks_.back(), hash);
    peaks_.pop_back();
    ++height;
    if (height % bits_per_level == 0) completed(height / bits_per_level, n >> 1, hash);
  }
  peaks_.push_back(hash);
  ++size_;
}

}  // namespace ratchet::store
