// An upgrade of a MySQL, tried on the live cluster with nothing written (k8s/operator/dry_run.h).
#pragma once

#include "tools/ratchetctl/dry_run.h"

namespace ratchet::ratchetctl {

// By the kubeconfig of the intent, as its user; in a pod without one, as its service account. The
// servers are asked at the addresses of their pods. As Rehearse says.
Rehearsal rehearse_upgrade(const Intent& intent);

}  // namespace ratchet::ratchetctl
