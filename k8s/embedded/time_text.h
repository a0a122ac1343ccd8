// Times as the API writes them, and durations as kubectl prints them.
#pragma once

#include <chrono>
#include <string>

namespace ratchet::k8s::embedded {

using Time = std::chrono::system_clock::time_point;

std::string time_text(Time time);                // 2026-11-23T02:14:12Z
std::string micro_time_text(Time time);          // 2026-11-23T02:14:12.000000Z
Time parse_time(const std::string& text);        // the epoch if it is no time
std::string age_text(std::chrono::seconds age);  // 45s, 3m20s, 14h, 5d

}  // namespace ratchet::k8s::embedded
