// How far the reading of a long log has come, for whoever watches.
#pragma once

#include <cstdint>
#include <functional>

namespace ratchet::engine {

// Called once a record (or what else is counted) with how many are done and how many there are.
// Must be cheap.
using Progress = std::function<void(std::uint64_t done, std::uint64_t of)>;

}  // namespace ratchet::engine
