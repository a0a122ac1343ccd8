// The variants of the two scalings that are recorded.
#pragma once

#include "tests/engine/process.h"

namespace ratchet::engine::testing {

void record_horizontal_scalings(Outside& outside);
void record_vertical_scalings(Outside& outside);

}  // namespace ratchet::engine::testing
