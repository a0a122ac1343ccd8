// What the steps of a scaling are asked. Pure.
#pragma once

#include <string>

#include "workflows/mysql/inputs.h"
#include "workflows/mysql/scaling.pb.h"

namespace ratchet::mysql {

SetReplicas as_many(const Upgrade& scaling, const Workload& set, int replicas);
RecordReplicas recorded(const Upgrade& scaling, int replicas, int from);

ChangeResources new_resources(const Upgrade& scaling, const Workload& set,
                              const std::string& resources);
RestoreResources former_resources(const Upgrade& scaling, const Workload& set);
RecordResources recorded(const Upgrade& scaling, const std::string& resources);

}  // namespace ratchet::mysql
