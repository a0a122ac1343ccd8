// Which edits of a MySQL, and which deletions, are refused. Source of quoted texts: KubeDB's
// webhook, but for the edit of a version.
#pragma once

#include "k8s/api/finding.h"

namespace ratchet::k8s::api {

// `by_ops_manager`: the edit is a step of an operation. Everybody else asks for one: an edit of
// spec.version upgrades nothing. But what was never provisioned, or is refused because of its
// version, may be put right.
Findings check_change(const Json& before, const Json& after, bool by_ops_manager);

Findings check_deletion(const Json& mysql);

}  // namespace ratchet::k8s::api
