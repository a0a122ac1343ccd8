#include "store/tree_check.h"

#include <cstdint>
#include <optional>
#include <string>

#include "store/merkle.h"

namespace ratchet::store {

namespace {

constexpr std::uint64_t subtree_records = std::uint64_t{1} << bits_per_level;

[[noreturn]] void refuse(std::uint64_t first, std::uint64_t last, const char* or_else) {
  throw Error(Fault::corrupt, "one of the records " + std::to_string(first) + " to " +
                                  std::to_string(last) + " was changed" + or_else +
                                  ": somebody edited the log, or the disk did; keep it as "
                                  "evidence and restore a backup");
}

}  // namespace

void check_tree(const LogReader& log, const std::function<bool()>& goes_on) {
  const Head head = log.head();
  Tree tree;
  std::optional<std::uint64_t> changed;  // the first full subtree that is not the stored one
  const auto add = [&](const Hash& leaf) {
    tree.append(leaf, [&](unsigned level, std::uint64_t n, const Hash& hash) {
      if (level == 1 && !changed && log.subtree(level, n) != hash) changed = n;
    });
  };
  bool ended = false;
  log.scan(0, head.size, [&](const Record& record) {
    while (tree.size() < record.index) add(log.leaf(tree.size()));  // pruned
    add(leaf_hash(record.bytes));
    ended = !goes_on();
    return !ended && !changed;
  });
  if (ended) return;
  while (!changed && tree.size() < head.size) add(log.leaf(tree.size()));
  if (changed) refuse(*changed * subtree_records, (*changed + 1) * subtree_records - 1, "");
  if (head.size == 0 || tree.root() == head.root) return;
  refuse(head.size / subtree_records * subtree_records, head.size - 1, ", or the head was");
}

}  // namespace ratchet::store
