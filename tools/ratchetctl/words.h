// How times, states, failures and payloads are said to people.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/core/event.h"
#include "engine/inspect/timeline.h"
#include "tools/ratchetctl/table.h"

namespace ratchet::ratchetctl {

std::string local_date(engine::Time time);          // 2026-11-23, in the process's time zone
std::string local_clock(engine::Time time);         // 14:03:22.101
std::string utc(engine::Time time);                 // RFC 3339, microseconds
std::string for_people(engine::Duration duration);  // 1m 22s

const char* name_of(engine::RunState state);
std::optional<engine::RunState> state_named(const std::string& name);
Style style_of(engine::RunState state);
std::string text_of(const engine::Failure& failure);  // code: message
std::string text_of(const engine::By& by);            // why (who)

// What a payload is about: objects by namespace/name, then its first strings, `most` in all, none
// twice, none of `without`. Generic: it knows no type. Empty if nothing in it is telling.
std::vector<std::string> telling(const nlohmann::ordered_json& payload, std::size_t most,
                                 const std::vector<std::string>& without = {});

// "step 4 delete_pod, attempt 3 failed: timeout: no answer", "signal approval", "timer until …"
std::string text_of(const engine::TimelineEntry& open);

// Principal, build and epoch of a process that wrote the log.
std::string text_of(const engine::Opened& writer);

}  // namespace ratchet::ratchetctl
