// The workflow that answers a MySQLOpsRequest of type VerticalScaling.
#pragma once

#include "engine/core/workflow.h"
#include "workflows/mysql/scaling_ports.h"

namespace ratchet::mysql {

inline constexpr const char* vertical_scaling_name = "vertical_scaling";
inline constexpr std::uint32_t vertical_scaling_version = 1;

// Gives every server other requests and limits, by restarting each once. Fails (StepFailure, as
// every workflow) with a message for the request's condition; by then the database is resumed, no
// pod is held, and StatefulSet and database object have the former ones. Standalone servers,
// replication groups and semi-synchronous clusters: others are refused before anything is touched.
engine::Task<VerticalScalingResult> vertical_scaling(engine::Workflow wf,
                                                     VerticalScalingRequest request);

}  // namespace ratchet::mysql
