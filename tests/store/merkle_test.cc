#include "store/merkle.h"

#include <bit>
#include <map>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ratchet::store {
namespace {

std::string hex(const Hash& hash) {
  std::string out;
  for (const std::uint8_t byte : hash) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

// The inputs of the reference tests of Certificate Transparency.
const std::vector<std::string>& reference_leaves() {
  using namespace std::string_literals;
  static const std::vector<std::string> leaves{
      ""s,
      "\x00"s,
      "\x10"s,
      "\x20\x21"s,
      "\x30\x31"s,
      "\x40\x41\x42\x43"s,
      "\x50\x51\x52\x53\x54\x55\x56\x57"s,
      "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"s};
  return leaves;
}

// RFC 6962 §2.1 word for word, and slow.
Hash naive_root(const std::vector<Hash>& leaves, std::size_t begin, std::size_t end) {
  if (begin == end) return empty_root();
  if (end - begin == 1) return leaves[begin];
  std::size_t k = 1;
  while (k * 2 < end - begin) k *= 2;
  return node_hash(naive_root(leaves, begin, begin + k), naive_root(leaves, begin + k, end));
}

// A tree with the hashes that a log would store, and a count of the reads.
struct StoredTree {
  Tree tree;
  std::vector<Hash> leaves;
  std::map<std::pair<unsigned, std::uint64_t>, Hash> hashes;
  mutable std::map<unsigned, int> reads;

  void append(const std::string& record) {
    const Hash leaf = leaf_hash(record);
    hashes[{0, leaves.size()}] = leaf;
    leaves.push_back(leaf);
    tree.append(leaf, [this](unsigned level, std::uint64_t n, const Hash& hash) {
      hashes[{level, n}] = hash;
    });
  }

  StoredHashes stored() const {
    return [this](unsigned level, std::uint64_t n) {
      ++reads[level];
      return hashes.at({level, n});
    };
  }
};

StoredTree tree_of(std::size_t size) {
  StoredTree tree;
  for (std::size_t i = 0; i < size; ++i) tree.append("record " + std::to_string(i));
  return tree;
}

TEST(Merkle, MatchesTheReferenceRoots) {
  const std::vector<std::string> roots{
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  StoredTree tree;
  EXPECT_EQ(hex(tree.tree.root()), roots[0]);
  for (std::size_t i = 0; i < reference_leaves().size(); ++i) {
    tree.append(reference_leaves()[i]);
    EXPECT_EQ(hex(tree.tree.root()), roots[i + 1]) << "size " << i + 1;
  }
}

TEST(Merkle, MatchesTheReferenceProofs) {
  StoredTree tree;
  for (const std::string& leaf : reference_leaves()) tree.append(leaf);
  std::vector<std::string> inclusion;
  for (const Hash& hash : prove_inclusion(5, 8, tree.stored())) inclusion.push_back(hex(hash));
  EXPECT_THAT(inclusion, testing::ElementsAre(
                             "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                             "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"));
  std::vector<std::string> consistency;
  for (const Hash& hash : prove_consistency(6, 8, tree.stored())) consistency.push_back(hex(hash));
  EXPECT_THAT(consistency, testing::ElementsAre(
                               "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                               "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                               "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"));
}

TEST(Merkle, AgreesWithTheRecursiveDefinitionUpToSize600) {
  StoredTree tree;
  for (std::size_t size = 0; size <= 600; ++size) {
    const Hash naive = naive_root(tree.leaves, 0, size);
    ASSERT_EQ(tree.tree.root(), naive) << size;
    ASSERT_EQ(tree_root(size, tree.stored()), naive) << size;
    ASSERT_EQ(Tree(size, tree.stored()).root(), naive) << size;
    tree.append("record " + std::to_string(size));
  }
}

TEST(Merkle, ATreeReadBackGrowsLikeTheOriginal) {
  for (const std::size_t size : {1U, 255U, 256U, 257U, 511U, 512U}) {
    StoredTree original = tree_of(size);
    StoredTree again = original;
    again.tree = Tree(size, original.stored());
    for (int i = 0; i < 300; ++i) {
      original.append("more " + std::to_string(i));
      again.append("more " + std::to_string(i));
    }
    EXPECT_EQ(original.tree.root(), again.tree.root()) << size;
    EXPECT_EQ(original.hashes, again.hashes) << size;
  }
}

TEST(Merkle, NeedsAtMost255ReadsALevel) {
  const StoredTree tree = tree_of(66'000);
  EXPECT_EQ(tree.hashes.count({2, 0}), 1U);
  for (const std::size_t size : {65'535U, 65'536U, 65'791U, 66'000U}) {
    tree.reads.clear();
    EXPECT_EQ(tree_root(size, tree.stored()), naive_root(tree.leaves, 0, size));
    for (const auto& [level, reads] : tree.reads) EXPECT_LE(reads, 255) << "level " << level;
  }
}

TEST(Merkle, EveryInclusionProofVerifiesAndOnlyForItsLeaf) {
  const StoredTree tree = tree_of(300);
  for (const std::uint64_t size : {1U, 2U, 3U, 7U, 8U, 255U, 256U, 257U, 300U}) {
    const TreeRoot root{size, naive_root(tree.leaves, 0, size)};
    for (std::uint64_t index = 0; index < size; ++index) {
      std::vector<Hash> proof = prove_inclusion(index, size, tree.stored());
      ASSERT_TRUE(verify_inclusion(tree.leaves[index], index, root, proof));
      ASSERT_FALSE(verify_inclusion(leaf_hash("forged"), index, root, proof));
      ASSERT_FALSE(verify_inclusion(tree.leaves[index], index + 1, root, proof));
      proof.push_back(Hash{});
      ASSERT_FALSE(verify_inclusion(tree.leaves[index], index, root, proof));
    }
  }
}

TEST(Merkle, EveryConsistencyProofVerifiesAndOnlyForItsRoots) {
  const StoredTree tree = tree_of(130);
  for (std::uint64_t size = 1; size <= 130; ++size) {
    const TreeRoot newer{size, naive_root(tree.leaves, 0, size)};
    for (std::uint64_t old_size = 1; old_size <= size; ++old_size) {
      const TreeRoot older{old_size, naive_root(tree.leaves, 0, old_size)};
      std::vector<Hash> proof = prove_consistency(old_size, size, tree.stored());
      ASSERT_TRUE(verify_consistency(older, newer, proof)) << old_size << " " << size;
      ASSERT_FALSE(verify_consistency({old_size, Hash{}}, newer, proof));
      ASSERT_FALSE(verify_consistency(older, {size, Hash{}}, proof));
      if (old_size == size) continue;
      proof.pop_back();
      ASSERT_FALSE(verify_consistency(older, newer, proof));
    }
  }
}

TEST(Merkle, RefusesProofsThatCannotExist) {
  const StoredTree tree = tree_of(4);
  EXPECT_THROW(prove_inclusion(4, 4, tree.stored()), std::out_of_range);
  EXPECT_THROW(prove_consistency(0, 4, tree.stored()), std::out_of_range);
  EXPECT_THROW(prove_consistency(5, 4, tree.stored()), std::out_of_range);
  EXPECT_FALSE(verify_inclusion(tree.leaves[0], 0, {0, empty_root()}, {}));
  EXPECT_FALSE(verify_consistency({0, empty_root()}, {4, tree.tree.root()}, {}));
}

}  // namespace
}  // namespace ratchet::store
