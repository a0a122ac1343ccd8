// What keeps the members of a cluster from being upgraded one by one, before that is begun.
#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>

#include "k8s/adapters/steps.h"
#include "workflows/mysql/plan.pb.h"

namespace ratchet::k8s {

// spec.topology.mode of the MySQL; empty: a standalone server, or the MySQL is gone.
boost::asio::awaitable<std::string> mode_of(const Environment& environment,
                                            mysql::LookAtDatabase in);

// Adds to what was seen of a database of that mode, as a blocking finding each, what a look at all
// its members finds wrong: one that is missing, not ONLINE, not replicating, or has transactions of
// its own. True: nothing is, or it is a standalone server. Throws as look_at_cluster does.
boost::asio::awaitable<bool> look_at_members(const Environment& environment,
                                             mysql::LookAtDatabase in, std::string mode,
                                             mysql::Sight& sight);

}  // namespace ratchet::k8s
