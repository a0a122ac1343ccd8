// What the command line says about runs: how long their records stay, and how many are open at
// once.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "engine/runtime/retention.h"

namespace ratchet::ratchetd {

// Of "OUTCOME=DAYS", such as "completed=400": 1 to 36500 days. Throws std::invalid_argument that
// says what is wrong with which one; also for an outcome that is named twice.
engine::KeepFor keep_for(const std::vector<std::string>& rules);

// Of "WORKFLOW=N", such as "update_version=20": 1 to 1000000 runs. Throws as keep_for does.
std::map<std::string, std::size_t> open_limits(const std::vector<std::string>& rules);

}  // namespace ratchet::ratchetd
