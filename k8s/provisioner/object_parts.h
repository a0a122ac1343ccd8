// What the objects of a MySQL have in common: labels, owner, ports, references to its secret.
#pragma once

#include <string>

#include "k8s/provisioner/database.h"

namespace ratchet::k8s::provisioner {

// An object that the MySQL owns, without a spec.
Json object_of(const Database& database, const char* api_version, const char* kind,
               const std::string& name);

Json service_port(const char* name);

// The user's overrides of a service: metadata beside ours, fields of the spec over ours; a port of
// the template only sets the node port of ours.
void apply_service_template(const Database& database, const char* alias, Json& service);

// An environment variable with a key of a secret.
Json secret_variable(const std::string& secret, const char* name, const char* key);

void append(Json& list, const Json& more);

}  // namespace ratchet::k8s::provisioner
