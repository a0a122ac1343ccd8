// The planner's actions in the server's language, for MySQL 8.0.26 and newer. Pure.
#pragma once

#include <string>
#include <vector>

#include "k8s/provisioner/member_statements.h"
#include "k8s/provisioner/semi_sync_plan.h"

namespace ratchet::k8s::provisioner {

// Every list may be cut off after any statement and be begun again. `settings`: what a source must
// wait for. `source_host`: of the action's source. Only `open` makes a server take writes, after
// everything else; none but `clone` takes transactions away.
std::vector<std::string> semi_sync_statements(const ReplicaAction& action, const Replica& member,
                                              const SemiSync& settings,
                                              const Credentials& credentials,
                                              const std::string& source_host);

}  // namespace ratchet::k8s::provisioner
