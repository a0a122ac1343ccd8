// What members of any cluster are told, in the server's language. Pure.
#pragma once

#include <string>
#include <vector>

#include "k8s/provisioner/member_seen.h"

namespace ratchet::k8s::provisioner {

struct Credentials {
  std::string user;  // the replication account
  std::string password;
};

// The mark that the account carries once it has this password.
std::string account_mark(const Credentials& credentials);

// A text literal.
std::string quoted(const std::string& text);

struct Preparation {
  unsigned server_id = 0;
  bool fresh = false;       // it forgets the transactions of its initialisation
  bool stays_open = false;  // it takes writes, and goes on doing so
};

// Account, server_id, and that it takes no writes when it starts. Whoever bears the mark is ready.
std::vector<std::string> prepare_statements(const Preparation& wish, const MemberSeen& seen,
                                            const Credentials& credentials);

// Throws its data away for a copy of the donor's; the server ends after that.
std::vector<std::string> clone_statements(const Credentials& credentials,
                                          const std::string& donor_host);

}  // namespace ratchet::k8s::provisioner
