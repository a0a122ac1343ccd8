// What a StatefulSet's pods and claims look like.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "k8s/embedded/call.h"

namespace ratchet::k8s::embedded {

// The name of the revision that the set's template is: the set's name and a hash.
std::string revision_of(const Json& set);
// The pod's number if its name is one that this set gives, whoever made it.
std::optional<int> ordinal_of(const Json& set, const Json& pod);
Json new_pod(const Json& set, int ordinal);
// The claims of the pod with this number.
std::vector<Json> claims_of(const Json& set, int ordinal);

}  // namespace ratchet::k8s::embedded
