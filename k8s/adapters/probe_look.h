// Whether the kubelet gives a server the time that its first start as another version may take.
#pragma once

#include "k8s/client/client.h"
#include "workflows/mysql/plan.pb.h"

namespace ratchet::k8s {

// Adds a finding if the pods that this StatefulSet makes have a probe that may end a server while
// it converts its data. The members are in `sight` already.
void look_at_probes(const Json& set, mysql::Sight& sight);

}  // namespace ratchet::k8s
