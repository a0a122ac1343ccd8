// The primary term of a semi-synchronous cluster as the ops manager reads it.
#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>

#include "k8s/adapters/steps.h"
#include "k8s/api/primary_term.h"
#include "k8s/client/client.h"
#include "workflows/mysql/group.pb.h"

namespace ratchet::k8s {

// Throws Refused if the database object is not the one that is meant any more.
boost::asio::awaitable<Json> the_mysql(const Environment& environment, mysql::DatabaseRef database,
                                       std::string uid);
// Throws std::runtime_error if its term cannot be read.
api::PrimaryTerm term_of(const Json& mysql);

// False while the move is under way. Throws Refused with mysql::other_term_code if it will not be
// made: the provisioner gave it up, or somebody else holds the term.
boost::asio::awaitable<bool> has_taken_over(const Environment& environment,
                                            mysql::SwitchPrimary in);

}  // namespace ratchet::k8s
