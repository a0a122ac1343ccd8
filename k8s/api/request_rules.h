// What is wrong with a MySQLOpsRequest. Source of quoted texts: KubeDB's ops webhook.
#pragma once

#include <string>
#include <vector>

#include "k8s/api/finding.h"

namespace ratchet::k8s::api {

// The types that are served, as spec.type says them.
std::vector<std::string> request_types();

// Of its own text. Both spellings of type and block are taken.
Findings check_request(const Json& request);

// Of a request whose database is not there.
Findings database_not_found(const Json& request);

// Of an edit: the spec of a request never changes.
Findings check_request_change(const Json& before, const Json& after);

// Whether it asks for another version.
bool is_update(const Json& request);

// Whether it asks for another number of members.
bool is_horizontal_scaling(const Json& request);

// The name of the MySQLVersion that it asks for; empty if it names none.
std::string target_version(const Json& request);

}  // namespace ratchet::k8s::api
