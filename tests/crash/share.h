// How much of an enumeration this run covers. A full one (tools/prove) sets RATCHET_FULL; every
// other takes each n-th point, beginning where RATCHET_SEED (the commit, in CI) says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace ratchet::crash {

bool is_full();
std::uint64_t seed();

// True for all points of a full run, for every n-th one of others.
inline bool takes(std::size_t point, std::size_t nth) {
  return is_full() || (point + seed()) % nth == 0;
}

// Prints "NAME: a=1 b=2" and appends it, a count a line, to the file that RATCHET_COUNTS names.
using Counts = std::map<std::string, std::uint64_t>;
void report(const std::string& name, const Counts& counts);

}  // namespace ratchet::crash
