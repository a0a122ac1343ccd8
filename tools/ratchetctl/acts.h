// What people did to a run: who started, signalled, approved and steered it.
#pragma once

#include <string>
#include <vector>

#include "engine/inspect/events.h"

namespace ratchet::ratchetctl {

// One line an act: when (UTC), what, who, and why where that was asked.
std::vector<std::string> acts_of(const std::vector<engine::RecordedEvent>& events);

}  // namespace ratchet::ratchetctl
