// The planner's actions in the server's language, for MySQL 8.0.22 and newer. Pure.
#pragma once

#include <string>
#include <vector>

#include "k8s/provisioner/group_plan.h"
#include "k8s/provisioner/member_statements.h"

namespace ratchet::k8s::provisioner {

// Every list may be cut off after any statement and be begun again. `host`: of the donor.
// None of them lets a member that is not told to bootstrap do so.
std::vector<std::string> statements(const Action& action, const Member& member,
                                    const Credentials& credentials, const std::string& donor_host);

}  // namespace ratchet::k8s::provisioner
