// Reading fields of a manifest whose types nobody has checked yet.
#pragma once

#include <string>

#include "k8s/api/finding.h"

namespace ratchet::k8s::api {

// The field at a path such as "spec.storage.resources"; null if it is absent.
const Json& field(const Json& object, const std::string& path);
// Its text; empty if it is absent or no text.
std::string text_field(const Json& object, const std::string& path);
bool is_true(const Json& object, const std::string& path);

// "demo/db" of an object in demo.
std::string object_path(const Json& object);

// Whether it can be the name of an object: a DNS subdomain (RFC 1123). Anything else could lead a
// request elsewhere.
bool is_object_name(const std::string& name);

}  // namespace ratchet::k8s::api
