// What the spec of a MySQLOpsRequest of type HorizontalScaling or VerticalScaling says, and what is
// wrong with it. Source of quoted texts: KubeDB's ops webhook.
#pragma once

#include <cstdint>
#include <string>

#include "k8s/api/finding.h"

namespace ratchet::k8s::api {

// How many members there shall be; 0 if it does not say.
std::int32_t wanted_members(const Json& request);
// Requests and limits of the server's container, in either of KubeDB's shapes: below `resources`,
// or of before 2024 beside it. Null if there are none.
Json wanted_resources(const Json& request);

void check_horizontal_scaling(const Json& request, Findings& findings);
void check_vertical_scaling(const Json& request, Findings& findings);

}  // namespace ratchet::k8s::api
