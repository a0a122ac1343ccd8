// The resources of a database's server, and what follows from them. The provisioner makes a
// StatefulSet by these rules, and a vertical scaling changes one by the same.
#pragma once

#include "k8s/api/finding.h"

namespace ratchet::k8s::api {

// Whether it is a quantity, such as 700m, 1.5Gi or 2.
bool is_quantity(const Json& value);

// The quantity as the API server writes it, so that texts compare: 0.7 is 700m, 1024Mi is 1Gi. What
// is none stays as it is.
Json canonical_quantity(const Json& quantity);

// With KubeDB's defaults for what the user left open: 500m and 1Gi, a limit counting as the
// request. Quantities are canonical. Throws Json::exception on fields of the wrong type.
Json with_default_resources(Json resources);

// Arguments of a group's server that follow from its memory limit; [] if none do. KubeDB's rule: of
// what is beyond 256Mi three quarters for pages, the rest for the messages of the group.
Json buffer_args(const Json& resources);

// The last argument of a group's server before those.
inline constexpr const char* before_buffers = "--loose-group-replication-recovery-use-ssl=ON";

// The container of a StatefulSet's template with other resources, and what follows from them.
Json with_resources(Json container, const Json& resources);

}  // namespace ratchet::k8s::api
