// spec.podTemplate of a MySQL in its two shapes: flat (v1alpha2, fields of the mysql container
// beside those of the pod) and v1 (a pod spec whose containers are matched by name).
#pragma once

#include "k8s/client/client.h"

namespace ratchet::k8s::provisioner {

// What the user wants of the container `mysql`, as a container without name and image; {} if
// nothing. Throws Json::exception on fields of the wrong type.
Json container_wish(const Json& spec);

// What the user wants of the pod: a pod spec without containers, volumes and init containers of
// KubeDB's own.
Json pod_wish(const Json& spec);

// Further containers of the user's (v1 only); [] if none.
Json further_containers(const Json& spec);

}  // namespace ratchet::k8s::provisioner
