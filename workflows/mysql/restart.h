// The workflow that answers a MySQLOpsRequest of type Restart.
#pragma once

#include "engine/core/workflow.h"
#include "workflows/mysql/ports.h"

namespace ratchet::mysql {

inline constexpr const char* restart_name = "restart";
inline constexpr std::uint32_t restart_version = 1;

// Restarts every server once, with what its StatefulSet's template has by now. Fails (StepFailure,
// as every workflow) with a message for the request's condition; by then the database is resumed,
// and no pod is held. Standalone servers, replication groups and semi-synchronous clusters: others
// are refused before anything is touched.
engine::Task<RestartResult> restart(engine::Workflow wf, RestartRequest request);

}  // namespace ratchet::mysql
