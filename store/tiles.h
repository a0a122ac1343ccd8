// A log as static files (c2sp.org/tlog-tiles): any web server of files is then a log that public
// software reads. The levels of the tiles are those of the stored subtree hashes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "store/log.h"

namespace ratchet::store {

// Tile n of a level with 256 hashes, or `width` if it is a partial one: "tile/1/x001/234.p/7".
// `level` is a number or "entries".
std::string tile_path(std::string_view level, std::uint64_t n, std::uint64_t width);

struct TilesReport {
  std::uint64_t tiles = 0;            // of hashes
  std::uint64_t bundles = 0;          // of entries
  std::vector<std::uint64_t> pruned;  // records of which only the leaf hash is left, ascending
};

// Writes the tiles and entry bundles of the first `size` records, each once, in no order that
// matters; `write` may throw. A pruned record leaves an empty entry (no record is empty) in its
// bundle, so that the others keep their places; the tree is complete in any case.
// Throws std::out_of_range if size > log.head().size, store::Error as reads do.
TilesReport write_tiles(
    const LogReader& log, std::uint64_t size,
    const std::function<void(const std::string& path, std::string_view bytes)>& write);

}  // namespace ratchet::store
