// Sets of MySQL transactions, as the server writes them: "uuid:1-5:7:tag:1-3,uuid:9".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ratchet::k8s::provisioner {

class GtidSet {
 public:
  GtidSet() = default;  // no transactions

  // Nothing if the text is no such set. Spaces and line ends between parts do not matter.
  static std::optional<GtidSet> parse(const std::string& text);

  bool empty() const { return sources_.empty(); }
  bool contains(const GtidSet& other) const { return other.minus(*this).empty(); }
  GtidSet plus(const GtidSet& other) const;
  GtidSet minus(const GtidSet& other) const;
  // Whether every transaction comes from the server with this UUID.
  bool only_from(const std::string& uuid) const;
  // The same text for the same set.
  std::string text() const;

  friend bool operator==(const GtidSet&, const GtidSet&) = default;

 private:
  struct Range {  // both ends belong to it
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    friend bool operator==(const Range&, const Range&) = default;
  };
  using Ranges = std::vector<Range>;  // ascending, with gaps between

  static bool parse_source(const std::string& text, GtidSet& set);
  static std::optional<Range> parse_range(const std::string& text);
  static Ranges united(Ranges ranges);
  static Ranges without(const Ranges& from, const Ranges& taken);

  std::map<std::string, Ranges> sources_;  // by "uuid" or "uuid:tag"; never an empty list
};

}  // namespace ratchet::k8s::provisioner
