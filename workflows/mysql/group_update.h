// The part of update_version that upgrades a replication group, or a semi-synchronous cluster, in
// place, member by member.
#pragma once

#include "engine/core/workflow.h"
#include "workflows/mysql/inputs.h"

namespace ratchet::mysql {

// Pauses the database; its caller resumes it, however this ends. Fails (StepFailure) with a message
// for the request's condition.
engine::Task<UpdateResult> upgrade_group(engine::Workflow wf, Upgrade upgrade);

}  // namespace ratchet::mysql
