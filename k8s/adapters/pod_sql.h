// SQL to the server in a pod: its address from the pod, the password from the database's Secret,
// the server recognised by the certificate that is pinned on the pod's claim, or by the authority
// of spec.tls where the pod has such certificates.
#pragma once

#include <chrono>

#include "k8s/adapters/steps.h"
#include "k8s/client/client.h"

namespace ratchet::k8s {

// `deadline`: of connecting and of each statement. The client must outlive what is returned.
Sql make_pod_sql(Client& client, std::chrono::seconds deadline = std::chrono::seconds(10));

}  // namespace ratchet::k8s
