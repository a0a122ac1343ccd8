// How a pod differs from what its StatefulSet makes: what a server would be started with for the
// first time besides another image, and images that somebody else rewrites.
#pragma once

#include "k8s/client/client.h"
#include "workflows/mysql/plan.pb.h"

namespace ratchet::k8s {

// Adds a finding if the StatefulSet gives its next pod options that this one was made without.
void look_at_pending_options(const Json& set, const Json& pod, mysql::Sight& sight);
// Adds one if the pod was made of this very template, and has another image all the same: the next
// one would have another than the target's, and be waited for in vain.
void look_at_rewritten_image(const Json& set, const Json& pod, mysql::Sight& sight);

}  // namespace ratchet::k8s
