// Durations as Go writes them.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace ratchet::k8s {

// "20m", "1h30m", "90s", "1.5h". Nothing if it is none, not positive, or over a year.
std::optional<std::chrono::microseconds> parse_duration(const std::string& text);

}  // namespace ratchet::k8s
