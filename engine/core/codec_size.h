// What is said of a turn that no record can hold: a part of codec.cc.
#pragma once

#include <cstddef>

#include "engine/core/event.h"

namespace ratchet::v1 {
class Turn;
}

namespace ratchet::engine {

// Throws std::length_error: how large the turn is, the limits, and what of it is the largest.
// `encoded` is the turn of `bytes` that remains when all payloads have moved out that can.
[[noreturn]] void refuse_size(const v1::Turn& encoded, const Turn& turn, std::size_t bytes);

}  // namespace ratchet::engine
