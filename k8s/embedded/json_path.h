// The JSONPath of printer columns: fields, ['quoted fields'], [index], [*], [?(@.field=="value")].
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ratchet::k8s::embedded {

using Json = nlohmann::json;

// What the path selects; nothing for a path that cannot be read or selects nothing.
std::vector<const Json*> select(const Json& object, const std::string& path);

}  // namespace ratchet::k8s::embedded
