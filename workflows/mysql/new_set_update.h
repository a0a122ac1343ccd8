// The part of update_version that upgrades a replication group, or a semi-synchronous cluster, by
// another StatefulSet: its members join those of the former one, take over from them, and are left
// alone.
#pragma once

#include "engine/core/workflow.h"
#include "workflows/mysql/inputs.h"

namespace ratchet::mysql {

// Pauses the database; its caller resumes it, however this ends. Fails (StepFailure) with a message
// for the request's condition.
engine::Task<UpdateResult> upgrade_by_new_set(engine::Workflow wf, Upgrade upgrade);

}  // namespace ratchet::mysql
