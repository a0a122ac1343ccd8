// The planner's actions in the server's language, for MySQL 8.0.22 and newer. Pure.
#pragma once

#include <string>
#include <vector>

#include "k8s/provisioner/group_plan.h"

namespace ratchet::k8s::provisioner {

struct Credentials {
  std::string user;  // the replication account
  std::string password;
};

// The mark that the account carries once it has this password.
std::string account_mark(const Credentials& credentials);

// Every list may be cut off after any statement and be begun again. `host`: of the donor.
// None of them lets a member that is not told to bootstrap do so.
std::vector<std::string> statements(const Action& action, const Member& member,
                                    const Credentials& credentials, const std::string& donor_host);

// A text literal.
std::string quoted(const std::string& text);

}  // namespace ratchet::k8s::provisioner
