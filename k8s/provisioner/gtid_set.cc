#include "k8s/provisioner/gtid_set.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <string_view>
#include <utility>

namespace ratchet::k8s::provisioner {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string without_spaces(const std::string& text) {
  std::string tight;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isspace(byte) == 0) tight += static_cast<char>(std::tolower(byte));
  }
  return tight;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
  if (error != std::errc() || end != text.end() || value == 0 || value > largest) {
    return std::nullopt;
  }
  return value;
}

bool is_tag(const std::string& text) {
  if (text.empty() || text.size() > 32 || std::isdigit(static_cast<unsigned char>(text[0])) != 0) {
    return false;
  }
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
  });
}

}  // namespace

std::optional<GtidSet::Range> GtidSet::parse_range(const std::string& text) {
  const auto dash = text.find('-');
  const auto first = number(std::string_view(text).substr(0, dash));
  const auto last =
      dash == std::string::npos ? first : number(std::string_view(text).substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return Range{*first, *last};
}

// One source: a UUID, then ranges, each after the tag that it counts under.
bool GtidSet::parse_source(const std::string& text, GtidSet& set) {
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() < 2 || parts[0].size() != 36) return false;
  std::string source = parts[0];
  bool any = false;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (is_tag(parts[i])) {
      source = parts[0] + ":" + parts[i];
      any = false;
      continue;
    }
    const auto range = parse_range(parts[i]);
    if (!range) return false;
    set.sources_[source].push_back(*range);
    any = true;
  }
  return any;
}

std::optional<GtidSet> GtidSet::parse(const std::string& text) {
  const std::string tight = without_spaces(text);
  GtidSet set;
  if (tight.empty()) return set;
  for (const std::string& source : split(tight, ',')) {
    if (!parse_source(source, set)) return std::nullopt;
  }
  for (auto& [source, ranges] : set.sources_) ranges = united(std::move(ranges));
  return set;
}

GtidSet::Ranges GtidSet::united(Ranges ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  Ranges whole;
  for (const Range& range : ranges) {
    if (!whole.empty() && range.first <= whole.back().last + 1) {
      whole.back().last = std::max(whole.back().last, range.last);
    } else {
      whole.push_back(range);
    }
  }
  return whole;
}

GtidSet::Ranges GtidSet::without(const Ranges& from, const Ranges& taken) {
  Ranges rest;
  for (Range range : from) {
    bool used_up = false;
    for (const Range& hole : taken) {
      if (hole.last < range.first || hole.first > range.last) continue;
      if (hole.first > range.first) rest.push_back({range.first, hole.first - 1});
      if (hole.last >= range.last) {
        used_up = true;
        break;
      }
      range.first = hole.last + 1;
    }
    if (!used_up) rest.push_back(range);
  }
  return rest;
}

GtidSet GtidSet::plus(const GtidSet& other) const {
  GtidSet sum = *this;
  for (const auto& [source, ranges] : other.sources_) {
    Ranges& mine = sum.sources_[source];
    mine.insert(mine.end(), ranges.begin(), ranges.end());
    mine = united(std::move(mine));
  }
  return sum;
}

GtidSet GtidSet::minus(const GtidSet& other) const {
  GtidSet rest;
  for (const auto& [source, ranges] : sources_) {
    const auto taken = other.sources_.find(source);
    Ranges left = taken == other.sources_.end() ? ranges : without(ranges, taken->second);
    if (!left.empty()) rest.sources_[source] = std::move(left);
  }
  return rest;
}

bool GtidSet::only_from(const std::string& uuid) const {
  return std::all_of(sources_.begin(), sources_.end(),
                     [&](const auto& entry) { return entry.first.starts_with(uuid); });
}

std::string GtidSet::text() const {
  std::string text;
  for (const auto& [source, ranges] : sources_) {
    if (!text.empty()) text += ",";
    text += source;
    for (const Range& range : ranges) {
      text += ":" + std::to_string(range.first);
      if (range.last != range.first) text += "-" + std::to_string(range.last);
    }
  }
  return text;
}

}  // namespace ratchet::k8s::provisioner
