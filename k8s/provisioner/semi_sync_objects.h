// What a MySQL with topology.mode SemiSync consists of beyond a standalone one; what it shares with
// a replication group is in group_objects.h. Pure.
#pragma once

#include <optional>
#include <string>

#include "k8s/api/member_sets.h"
#include "k8s/provisioner/database.h"

namespace ratchet::k8s::provisioner {

Json semi_sync_args(const Database& database);

// Whether members beyond spec.replicas must stay for now, since the primary term counts on them:
// what is to be told about it, which is nothing while their votes are being given up. Nothing at
// all: the StatefulSet may get as many as the spec says.
std::optional<std::string> still_counted_on(const Database& database, const Json& set);

// KubeDB's rule for this topology; of later StatefulSets others.
inline unsigned semi_sync_server_id(const api::MemberNumber& member) {
  return member.server_id() + 10;
}

}  // namespace ratchet::k8s::provisioner
