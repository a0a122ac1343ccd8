// What spec.podTemplate of a MySQL may not say, in either of its shapes.
#pragma once

#include "k8s/api/finding.h"

namespace ratchet::k8s::api {

Findings check_pod_template(const Json& mysql);

}  // namespace ratchet::k8s::api
