#include "engine/inspect/compare.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace ratchet::engine {

namespace {

// Kinds too: a timer has no name.
bool same_step(const TimelineEntry& a, const TimelineEntry& b) {
  return a.command.name == b.command.name && a.command.event.index() == b.command.event.index();
}

// lengths[i][j]: of the longest common subsequence of one[i…] and other[j…].
using Lengths = std::vector<std::vector<std::uint16_t>>;

Lengths lengths_of(const std::vector<TimelineEntry>& one, const std::vector<TimelineEntry>& other) {
  Lengths lengths(one.size() + 1, std::vector<std::uint16_t>(other.size() + 1));
  for (std::size_t i = one.size(); i-- > 0;) {
    for (std::size_t j = other.size(); j-- > 0;) {
      const int with = same_step(one[i], other[j]) ? lengths[i + 1][j + 1] + 1 : 0;
      const int without = std::max(lengths[i + 1][j], lengths[i][j + 1]);
      lengths[i][j] = static_cast<std::uint16_t>(std::max(with, without));
    }
  }
  return lengths;
}

}  // namespace

std::vector<ComparedStep> compare(const std::vector<TimelineEntry>& one,
                                  const std::vector<TimelineEntry>& other) {
  if (std::max(one.size(), other.size()) > most_compared) {
    throw std::length_error("a run has more than " + std::to_string(most_compared) +
                            " steps: too many to compare");
  }
  const Lengths lengths = lengths_of(one, other);
  std::vector<ComparedStep> steps;
  std::size_t i = 0, j = 0;
  while (i < one.size() || j < other.size()) {
    const bool both = i < one.size() && j < other.size() && same_step(one[i], other[j]) &&
                      lengths[i][j] == lengths[i + 1][j + 1] + 1;
    const bool left =
        both || j == other.size() || (i < one.size() && lengths[i + 1][j] >= lengths[i][j + 1]);
    ComparedStep step;
    if (left) step.one = one[i++];
    if (both || !left) step.other = other[j++];
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace ratchet::engine
