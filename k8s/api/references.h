// Names of other objects in a manifest: each is in the manifest's own namespace, and is a name.
#pragma once

#include <string>

#include "k8s/api/finding.h"

namespace ratchet::k8s::api {

// Every `namespace` beside a `name` anywhere in spec, but for the metadata of templates, that is
// not the object's own.
Findings check_namespaces(const Json& object);

// Where a field (such as "spec.authSecret.name") is given and no name that an object can have.
void check_name(const Json& object, const std::string& path, Findings& findings);

}  // namespace ratchet::k8s::api
