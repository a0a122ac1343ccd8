// The part of structural schemas that our kinds use: pruning, defaults, and validation of types,
// required fields, enums, bounds and patterns. No CEL rules, no `anyOf`.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "k8s/embedded/refusal.h"

namespace ratchet::k8s::embedded {

// Removes from `object` (a whole object, with apiVersion, kind and metadata) the fields that the
// schema does not know, and returns their paths.
std::vector<std::string> prune(const Json& schema, Json& object);

// Fills in the schema's defaults.
void fill_defaults(const Json& schema, Json& object);

// What is wrong with the object; empty if nothing is.
std::vector<Cause> violations(const Json& schema, const Json& object);

}  // namespace ratchet::k8s::embedded
