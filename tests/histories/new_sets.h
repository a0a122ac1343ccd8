// Upgrades by another StatefulSet, recorded on a fake cluster.
#pragma once

#include "tests/engine/process.h"

namespace ratchet::engine::testing {

void record_new_sets(Outside& outside);
void record_large_new_sets(Outside& outside);
void record_windowed_new_sets(Outside& outside);
void record_kept_new_sets(Outside& outside);
void record_semi_sync_new_sets(Outside& outside);

}  // namespace ratchet::engine::testing
