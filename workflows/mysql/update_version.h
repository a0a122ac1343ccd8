// The workflow that answers a MySQLOpsRequest of type UpdateVersion (or Upgrade).
#pragma once

#include "engine/core/workflow.h"
#include "workflows/mysql/ports.h"

namespace ratchet::mysql {

inline constexpr const char* update_version_name = "update_version";
inline constexpr std::uint32_t update_version_version = 1;

// Fails (StepFailure, as every workflow) with a message for the request's condition; by then the
// database is resumed. Standalone servers, replication groups and semi-synchronous clusters so far:
// others are refused before anything is touched.
engine::Task<UpdateResult> update_version(engine::Workflow wf, UpdateRequest request);

// Registers every version of every MySQL workflow.
void add_workflows(engine::Registry& registry);

}  // namespace ratchet::mysql
