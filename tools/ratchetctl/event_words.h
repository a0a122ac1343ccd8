// How one event of a history is said to people: the cells of its row.
#pragma once

#include <cstddef>
#include <string>

#include "engine/inspect/events.h"
#include "engine/inspect/phases.h"
#include "tools/ratchetctl/table.h"

namespace ratchet::ratchetctl {

std::string step_of(const engine::RecordedEvent& event);  // "4 book"
// What it is about, shortened to so many columns; 0: not shortened.
std::string object_of(const engine::RecordedEvent& event, std::size_t columns = 40);
std::string attempt_of(const engine::RecordedEvent& event);  // empty: it has none
Cell result_of(const engine::RecordedEvent& event);
std::string who(const engine::RecordedEvent& event);  // a person, or the process that recorded it
const char* name_of(engine::Phase phase);
// Timers and what the engine notes on the way, but no act of a person and no divergence: what a
// reader can do without at first.
bool folds(const engine::RecordedEvent& event);

}  // namespace ratchet::ratchetctl
