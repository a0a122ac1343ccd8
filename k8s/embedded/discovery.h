// The documents by which kubectl and clients learn what is served: API groups and resources,
// version, and enough of OpenAPI v3 for `kubectl apply`, `create` and `explain` to go on.
#pragma once

#include <optional>
#include <string>

#include "k8s/embedded/kinds.h"

namespace ratchet::k8s::embedded {

// The document at this path; nothing if there is none.
std::optional<Json> discovery_document(const Kinds& kinds, const std::string& path);

}  // namespace ratchet::k8s::embedded
