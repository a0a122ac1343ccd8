// What keeps the members of a cluster from being upgraded one by one, before that is begun.
#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>

#include "k8s/adapters/steps.h"
#include "workflows/mysql/plan.pb.h"

namespace ratchet::k8s {

// What decides which checks apply, as the MySQL says it.
struct DatabaseShape {
  std::string mode;               // spec.topology.mode; empty: standalone, or the MySQL is gone
  bool asks_for_new_set = false;  // annotation ratchet.dev/strategy
  std::string storage;            // what a new claim asks for; empty: ephemeral storage
};
boost::asio::awaitable<DatabaseShape> shape_of(const Environment& environment,
                                               mysql::LookAtDatabase in);

// A cluster whose upgrade makes another StatefulSet, by the words of the catalogue, as
// mysql::rules_for decides it.
bool is_cloned(const mysql::LookAtDatabase& in, const DatabaseShape& shape);

// Adds to what was seen of a database of that mode, as a blocking finding each, what a look at all
// its members finds wrong: one that is missing, not ONLINE, not replicating, has transactions of
// its own, or lacks some of the primary's. True: nothing is, or it is a standalone server. Throws
// as look_at_cluster does, and what Environment::sql throws.
boost::asio::awaitable<bool> look_at_members(const Environment& environment,
                                             mysql::LookAtDatabase in, std::string mode,
                                             mysql::Sight& sight);

}  // namespace ratchet::k8s
