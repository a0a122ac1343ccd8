// SHA256_Init and its companions are "deprecated", which means: not for modules that are swapped.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "store/merkle.h"

#include <bit>
#include <cstring>
#include <stdexcept>
#include <string>

#include <openssl/sha.h>

namespace ratchet::store {
namespace {

// The functions below EVP: for records of some 60 bytes its contexts cost more than the hash.
Hash hash(std::string_view first, std::string_view second) {
  SHA256_CTX context;
  Hash out;
  SHA256_Init(&context);
  SHA256_Update(&context, first.data(), first.size());
  SHA256_Update(&context, second.data(), second.size());
  SHA256_Final(out.data(), &context);
  return out;
}

// The root of the n-th full aligned subtree of 2^height leaves.
Hash subtree_root(unsigned height, std::uint64_t n, const StoredHashes& stored) {
  if (height % bits_per_level == 0) return stored(height / bits_per_level, n);
  const Hash left = subtree_root(height - 1, 2 * n, stored);
  return node_hash(left, subtree_root(height - 1, 2 * n + 1, stored));
}

// The largest power of two below n, for n > 1: where RFC 6962 splits n leaves.
std::uint64_t split(std::uint64_t n) { return std::bit_floor(n - 1); }

// The root of leaves begin … end-1, not empty, where `begin` is a multiple of bit_ceil(end-begin):
// all ranges that RFC 6962 splits a tree into are.
Hash range_root(std::uint64_t begin, std::uint64_t end, const StoredHashes& stored) {
  const std::uint64_t n = end - begin;
  if (std::has_single_bit(n)) {
    return subtree_root(static_cast<unsigned>(std::countr_zero(n)), begin / n, stored);
  }
  const std::uint64_t middle = begin + split(n);
  const Hash left = range_root(begin, middle, stored);
  return node_hash(left, range_root(middle, end, stored));
}

}  // namespace

Hash sha256(std::string_view bytes) { return hash(bytes, {}); }

Hash leaf_hash(std::string_view record) { return hash(std::string_view("\0", 1), record); }

Hash node_hash(const Hash& left, const Hash& right) {
  std::array<char, 65> bytes;
  bytes[0] = 1;
  std::memcpy(&bytes[1], left.data(), left.size());
  std::memcpy(&bytes[33], right.data(), right.size());
  return hash({bytes.data(), bytes.size()}, {});
}

Hash empty_root() { return hash({}, {}); }

Tree::Tree(std::uint64_t size, const StoredHashes& stored) : size_(size) {
  std::uint64_t begin = 0;
  for (std::uint64_t left = size; left != 0; left -= std::bit_floor(left)) {
    const std::uint64_t peak = std::bit_floor(left);
    peaks_.push_back(range_root(begin, begin + peak, stored));
    begin += peak;
  }
}

Hash Tree::root() const {
  if (peaks_.empty()) return empty_root();
  Hash root = peaks_.back();
  for (auto peak = peaks_.rbegin() + 1; peak != peaks_.rend(); ++peak) {
    root = node_hash(*peak, root);
  }
  return root;
}

Hash tree_root(std::uint64_t size, const StoredHashes& stored) {
  return size == 0 ? empty_root() : range_root(0, size, stored);
}

std::vector<Hash> prove_inclusion(std::uint64_t index, std::uint64_t size,
                                  const StoredHashes& stored) {
  if (index >= size) {
    throw std::out_of_range("no inclusion proof of record " + std::to_string(index) +
                            " in a tree of " + std::to_string(size));
  }
  std::vector<Hash> from_root;
  std::uint64_t begin = 0;
  for (std::uint64_t end = size; end - begin > 1;) {
    const std::uint64_t middle = begin + split(end - begin);
    if (index < middle) {
      from_root.push_back(range_root(middle, end, stored));
      end = middle;
    } else {
      from_root.push_back(range_root(begin, middle, stored));
      begin = middle;
    }
  }
  return {from_root.rbegin(), from_root.rend()};
}

std::vector<Hash> prove_consistency(std::uint64_t old_size, std::uint64_t size,
                                    const StoredHashes& stored) {
  if (old_size == 0 || old_size > size) {
    throw std::out_of_range("no consistency proof from size " + std::to_string(old_size) + " to " +
                            std::to_string(size));
  }
  std::vector<Hash> from_root;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (old_size != end) {
    const std::uint64_t middle = begin + split(end - begin);
    if (old_size <= middle) {
      from_root.push_back(range_root(middle, end, stored));
      end = middle;
    } else {
      from_root.push_back(range_root(begin, middle, stored));
      begin = middle;
    }
  }
  // The verifier knows the old root itself, so it is left out when the old tree is this subtree.
  if (begin != 0) from_root.push_back(range_root(begin, end, stored));
  return {from_root.rbegin(), from_root.rend()};
}

// RFC 9162 §2.1.3.2 words the verification that RFC 6962 leaves to the reader.
bool verify_inclusion(const Hash& leaf, std::uint64_t index, const TreeRoot& tree,
                      const std::vector<Hash>& proof) {
  if (index >= tree.size) return false;
  std::uint64_t node = index;
  std::uint64_t last = tree.size - 1;
  Hash root = leaf;
  for (const Hash& sibling : proof) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      root = node_hash(sibling, root);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      root = node_hash(root, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && root == tree.root;
}

// RFC 9162 §2.1.4.2.
bool verify_consistency(const TreeRoot& older, const TreeRoot& newer,
                        const std::vector<Hash>& proof) {
  if (older.size == 0 || older.size > newer.size) return false;
  if (older.size == newer.size) return proof.empty() && older.root == newer.root;
  if (proof.empty()) return false;
  auto next = proof.begin();
  const Hash first = std::has_single_bit(older.size) ? older.root : *next++;
  const int shared = std::countr_one(older.size - 1);
  std::uint64_t node = (older.size - 1) >> shared;
  std::uint64_t last = (newer.size - 1) >> shared;
  Hash old_root = first;
  Hash new_root = first;
  for (; next != proof.end(); ++next) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      old_root = node_hash(*next, old_root);
      new_root = node_hash(*next, new_root);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      new_root = node_hash(new_root, *next);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && old_root == older.root && new_root == newer.root;
}

}  // namespace ratchet::store
