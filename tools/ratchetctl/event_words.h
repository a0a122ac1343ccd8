// How one event of a history is said to people: the cells of its row.
#pragma once

#include <string>

#include "engine/inspect/events.h"
#include "tools/ratchetctl/table.h"

namespace ratchet::ratchetctl {

std::string step_of(const engine::RecordedEvent& event);     // "4 book"
std::string object_of(const engine::RecordedEvent& event);   // what it is about, shortened
std::string attempt_of(const engine::RecordedEvent& event);  // empty: it has none
Cell result_of(const engine::RecordedEvent& event);
std::string who(const engine::RecordedEvent& event);  // a person, or the process that recorded it

}  // namespace ratchet::ratchetctl
