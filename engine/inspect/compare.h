// Two runs side by side: which steps both took, and which only one did.
#pragma once

#include <optional>
#include <vector>

#include "engine/inspect/timeline.h"

namespace ratchet::engine {

// More steps than that in one of the runs are not aligned: the effort is their product.
inline constexpr std::size_t most_compared = 4000;

// A step of the one, of the other, or of both: then they have the same name.
struct ComparedStep {
  std::optional<TimelineEntry> one;
  std::optional<TimelineEntry> other;
};

// As many steps as possible side by side, in the order of both runs.
// Throws std::length_error beyond most_compared.
std::vector<ComparedStep> compare(const std::vector<TimelineEntry>& one,
                                  const std::vector<TimelineEntry>& other);

}  // namespace ratchet::engine
