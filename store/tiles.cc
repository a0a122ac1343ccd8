#include "store/tiles.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "store/keys.h"
#include "store/merkle.h"

namespace ratchet::store {

namespace {

constexpr std::uint64_t full_width = 1 << bits_per_level;

using Write = std::function<void(const std::string& path, std::string_view bytes)>;

// Fills the tiles of one level, or the entry bundles, one hash or entry after the other.
class TileWriter {
 public:
  TileWriter(std::string level, const Write& write) : level_(std::move(level)), write_(write) {}

  void add(std::string_view bytes) {
    tile_.append(bytes);
    if (++width_ == full_width) finish();
  }
  void finish() {
    if (width_ == 0) return;
    write_(tile_path(level_, written_++, width_), tile_);
    tile_.clear();
    width_ = 0;
  }
  std::uint64_t written() const { return written_; }

 private:
  std::string level_;
  const Write& write_;
  std::string tile_;
  std::uint64_t width_ = 0;
  std::uint64_t written_ = 0;
};

class Export {
 public:
  Export(const LogReader& log, std::uint64_t size, const Write& write)
      : log_(log), size_(size), write_(write), leaves_("0", write), entries_("entries", write) {}

  TilesReport run() {
    records();
    for (unsigned level = 1; size_ >> level * bits_per_level != 0; ++level) hashes(level);
    report_.tiles += leaves_.written();
    report_.bundles = entries_.written();
    return std::move(report_);
  }

 private:
  void records() {
    std::uint64_t next = 0;
    log_.scan(0, size_, [&](const Record& record) {
      for (; next < record.index; ++next) pruned(next);
      entry(record.bytes, leaf_hash(record.bytes));
      ++next;
      return true;
    });
    for (; next < size_; ++next) pruned(next);
    leaves_.finish();
    entries_.finish();
  }

  void pruned(std::uint64_t index) {
    entry({}, log_.leaf(index));
    report_.pruned.push_back(index);
  }

  void entry(std::string_view record, const Hash& leaf) {
    const auto length = static_cast<std::uint16_t>(record.size());
    entries_.add(std::string(Key().add_number(length).view()).append(record));
    leaves_.add(hash_view(leaf));
  }

  void hashes(unsigned level) {
    TileWriter tiles(std::to_string(level), write_);
    for (std::uint64_t n = 0; n < size_ >> level * bits_per_level; ++n) {
      tiles.add(hash_view(log_.subtree(level, n)));
    }
    tiles.finish();
    report_.tiles += tiles.written();
  }

  const LogReader& log_;
  const std::uint64_t size_;
  const Write& write_;
  TileWriter leaves_;
  TileWriter entries_;
  TilesReport report_;
};

}  // namespace

std::string tile_path(std::string_view level, std::uint64_t n, std::uint64_t width) {
  std::string number;
  for (bool last = true; last || n != 0; last = false, n /= 1000) {
    number.insert(0, (last ? "/" : "/x") + std::to_string(1000 + n % 1000).substr(1));
  }
  std::string path = "tile/" + std::string(level) + number;
  if (width < full_width) path += ".p/" + std::to_string(width);
  return path;
}

TilesReport write_tiles(const LogReader& log, std::uint64_t size, const Write& write) {
  if (size > log.head().size) {
    throw std::out_of_range("no tiles of " + std::to_string(size) + " records in a log of " +
                            std::to_string(log.head().size));
  }
  return Export(log, size, write).run();
}

}  // namespace ratchet::store
