// Moving the primary of a replication group or a semi-synchronous cluster, for what stops its
// members one by one.
#pragma once

#include "engine/core/workflow.h"
#include "workflows/mysql/group_ports.h"
#include "workflows/mysql/inputs.h"

namespace ratchet::mysql {

// Somebody else deleted the pod that a step was about.
bool was_replaced(const engine::Failure& failure);

// Has the candidate take over, and proves that the former primary takes no writes. What the
// provisioner was asked for does not outlive this. False: somebody else's doing kept the primary of
// a semi-synchronous cluster from moving, so look anew. Throws StepFailure.
engine::Task<bool> move_primary(engine::Workflow wf, Upgrade upgrade, SwitchPrimary moved);

}  // namespace ratchet::mysql
