// A replication group as one of its members sees it. Pure.
#pragma once

#include <string>

#include "k8s/provisioner/group_plan.h"

namespace ratchet::k8s::provisioner {

bool is_alive(MemberState state);

// Whether more than half of those that it counts as members are alive.
bool sees_majority(const Seen& seen);

// Which forming of the group its view descends from; empty if it is in none.
std::string incarnation(const Seen& seen);
// Grows with every change of the members of one incarnation.
unsigned long view_number(const Seen& seen);

// null if that is no member of it. Lives as long as the view.
const Peer* find_peer(const Seen& view, const std::string& pod);

}  // namespace ratchet::k8s::provisioner
