// The group's members by SQL over TLS to the pods' IPs.
#pragma once

#include <cstdint>

#include "k8s/provisioner/member_sql.h"

namespace ratchet::k8s::provisioner {

// What a member of a replication group says about itself; the account is left to ask_account.
// Throws sql::Error.
boost::asio::awaitable<Seen> ask_group_member(Asker ask);

// `look` ends within the deadline for connecting and for each of its questions; a server that
// answers one and not the next is not reached. `tell` gives each statement the time that its caller
// names. Both only with the certificate that the target demands.
GroupPort sql_group(std::uint16_t port = 3306,
                    std::chrono::steady_clock::duration deadline = std::chrono::seconds(2));

}  // namespace ratchet::k8s::provisioner
