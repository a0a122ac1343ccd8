// kubectl sends what `kubectl create namespace|secret|configmap|serviceaccount` makes in protobuf,
// without asking what the server takes. These four kinds are understood; everything else is JSON.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace ratchet::k8s::embedded {

using Json = nlohmann::json;

constexpr const char* protobuf_type = "application/vnd.kubernetes.protobuf";

// The object in this body; nothing if it is damaged or of another kind.
std::optional<Json> parse_protobuf(const std::string& body);

}  // namespace ratchet::k8s::embedded
