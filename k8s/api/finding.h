// What is wrong with a manifest. Rules collect findings, so that a user learns of all at once.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ratchet::k8s::api {

using Json = nlohmann::json;

struct Finding {
  std::string path;                      // of the field: "spec.storage"
  std::string message;                   // what is wrong with it, and what to do
  std::string reason = "MalformedSpec";  // CamelCase, for a condition
};

using Findings = std::vector<Finding>;

// The reason of what is right but not served by this version: such an object may exist, and a
// condition on it says so.
inline constexpr const char* unsupported = "Unsupported";
// The reason of a name in another namespace.
inline constexpr const char* foreign_reference = "ForeignReference";

// "path: message; path: message". A message that names its path stands alone.
std::string text(const Findings& findings);

void append(Findings& findings, Findings more);

}  // namespace ratchet::k8s::api
