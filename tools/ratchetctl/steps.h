// How a step of a run and what became of it are said to people.
#pragma once

#include <cstdint>
#include <string>

#include "engine/inspect/timeline.h"
#include "tools/ratchetctl/table.h"

namespace ratchet::ratchetctl {

std::string step_of(const engine::TimelineEntry& entry);    // "delete_pod", "timer"
std::string object_of(const engine::TimelineEntry& entry);  // what it is about, shortened
Cell result_of(const engine::TimelineEntry& entry);         // "ok", "found done", a failure, "open"
std::uint32_t attempts_of(const engine::TimelineEntry& entry);

}  // namespace ratchet::ratchetctl
