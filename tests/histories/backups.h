// The variants of the upgrade with backup evidence that are recorded.
#pragma once

#include "tests/engine/process.h"

namespace ratchet::engine::testing {

void record_upgrades_with_backups(Outside& outside);

}  // namespace ratchet::engine::testing
