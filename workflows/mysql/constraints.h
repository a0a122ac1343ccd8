// The constraint language of the version catalogue, as its users know it from Masterminds/semver:
// alternatives split by `||`; commas or blanks mean and; = != > < >= <= ~ ^, hyphen ranges,
// wildcards and missing parts. Pure.
#pragma once

#include <optional>
#include <string>

#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql {

// A version with 1 to 3 given parts, the missing or wildcard ones being 0; 0 parts: `*`.
struct Partial {
  Version version;
  int parts = 3;
};

std::optional<Partial> parse_partial(const std::string& text);

}  // namespace ratchet::mysql
