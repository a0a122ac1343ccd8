// What keeps the members of a cluster from being upgraded one by one, before that is begun.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "k8s/adapters/steps.h"
#include "workflows/mysql/plan.pb.h"

namespace ratchet::k8s {

// Adds to what was seen of a database, as a blocking finding each, what a look at all its members
// finds wrong: one that is missing, not ONLINE, not replicating, or has transactions of its own.
// True: nothing is, or it is a standalone server. Throws as look_at_cluster does.
boost::asio::awaitable<bool> look_at_members(const Environment& environment,
                                             mysql::LookAtDatabase in, mysql::Sight& sight);

}  // namespace ratchet::k8s
