// One look at a replication group or a semi-synchronous cluster.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/adapters/steps.h"
#include "workflows/mysql/group.pb.h"

namespace ratchet::k8s {

// What it lacks is in the answer. Throws Refused if its StatefulSet is not one that can be upgraded
// in place, or the database object is gone.
boost::asio::awaitable<mysql::GroupState> look_at_group(const Environment& environment,
                                                        mysql::InspectGroup in);
boost::asio::awaitable<mysql::GroupState> look_at_semi_sync(const Environment& environment,
                                                            mysql::InspectGroup in);
// The one of the two that it is.
boost::asio::awaitable<mysql::GroupState> look_at_cluster(const Environment& environment,
                                                          mysql::InspectGroup in);

// The same, until it lacks nothing, for half a minute at most: a member that is just catching up
// does not fail a request that would be fine a moment later.
boost::asio::awaitable<mysql::GroupState> look_patiently(const Environment& environment,
                                                         mysql::InspectGroup in);

// Of what it lacks: "member <pod>", these words, and which ones.
inline constexpr const char* errant_transactions = " has transactions that the primary has not (";

// Asks for the id of the member that is the primary, as the asked one sees it.
inline constexpr const char* who_is_primary =
    "SELECT MEMBER_ID FROM performance_schema.replication_group_members "
    "WHERE MEMBER_ROLE = 'PRIMARY'";

// What a member of a semi-synchronous cluster is asked: who it is and what it has executed, its
// channel, and what it does about acknowledgements.
std::vector<std::string> semi_sync_questions();

// Waits a moment until a server has executed these transactions (0: it has), and tells which of
// them it has not.
std::string await_transactions(const std::string& gtids);

// The member's server, to be asked.
mysql::Server server_of(const mysql::InspectGroup& in, const mysql::GroupMember& member);

}  // namespace ratchet::k8s
