// Manifests: YAML of several documents, to and from JSON.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ratchet::localcluster {

using Json = nlohmann::json;

// The documents of the text but empty ones; the items of a List count as documents. Throws
// std::runtime_error with line and reason if it is no YAML.
std::vector<Json> parse_manifests(const std::string& text);

std::string to_yaml(const Json& value);

}  // namespace ratchet::localcluster
