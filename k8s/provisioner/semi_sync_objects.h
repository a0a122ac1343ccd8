// What a MySQL with topology.mode SemiSync consists of beyond a standalone one; what it shares with
// a replication group is in group_objects.h. Pure.
#pragma once

#include <string>

#include "k8s/api/member_sets.h"
#include "k8s/provisioner/database.h"

namespace ratchet::k8s::provisioner {

Json semi_sync_args(const Database& database);

// KubeDB's rule for this topology; of later StatefulSets others.
inline unsigned semi_sync_server_id(const api::MemberNumber& member) {
  return member.server_id() + 10;
}

}  // namespace ratchet::k8s::provisioner
