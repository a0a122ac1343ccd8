// Manifests as kubectl would send them.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ratchet::k8s::testing {

// All documents of a YAML text; scalars without quotes become booleans and numbers.
std::vector<nlohmann::json> parse_yaml(const std::string& text);

// A file of the source tree, by its path from the root. Throws if there is none.
std::string read_source(const std::string& path);

}  // namespace ratchet::k8s::testing
