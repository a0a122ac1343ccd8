// What KubeDB's mutating webhook writes into a MySQL, without the defaults for its own images.
#pragma once

#include <string>

#include "k8s/api/finding.h"

namespace ratchet::k8s::api {

// The MySQL with the defaults in the fields that it leaves open. `group_name`: a new UUID for a
// group that has no name; empty: the name stays open. Fields of the wrong type stay as they are.
Json with_defaults(Json mysql, const std::string& group_name);

// deletionPolicy and terminationPolicy are two names of one field: after an edit of one of them the
// other one says the same.
Json with_one_policy(const Json& before, Json after);

}  // namespace ratchet::k8s::api
