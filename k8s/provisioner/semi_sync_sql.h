// A member of a semi-synchronous cluster as SQL shows it.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/member_sql.h"

namespace ratchet::k8s::provisioner {

// The account is left to ask_account. Throws sql::Error.
boost::asio::awaitable<ReplicaSeen> ask_replica(Asker ask);

}  // namespace ratchet::k8s::provisioner
