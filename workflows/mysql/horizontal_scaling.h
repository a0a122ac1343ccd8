// The workflow that answers a MySQLOpsRequest of type HorizontalScaling.
#pragma once

#include "engine/core/workflow.h"
#include "workflows/mysql/scaling_ports.h"

namespace ratchet::mysql {

inline constexpr const char* horizontal_scaling_name = "horizontal_scaling";
inline constexpr std::uint32_t horizontal_scaling_version = 1;

// Gives a replication group as many members as the request says. Fails (StepFailure, as every
// workflow) with a message for the request's condition; by then the database is resumed, no pod is
// held, and StatefulSet and database object say how many members the group came to. Claims of
// members that leave stay. Other topologies are refused before anything is touched.
engine::Task<HorizontalScalingResult> horizontal_scaling(engine::Workflow wf,
                                                         HorizontalScalingRequest request);

}  // namespace ratchet::mysql
