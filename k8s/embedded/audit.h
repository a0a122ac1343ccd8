// The request log, as a real API server's audit log has it (audit.k8s.io/v1).
#pragma once

#include "k8s/embedded/call.h"
#include "k8s/embedded/time_text.h"

namespace ratchet::k8s::embedded {

// One entry, to be written as a line. Bodies of writes are in it, but never those of Secrets.
Json audit_event(const Call& call, const Answer& answer, Time when);

}  // namespace ratchet::k8s::embedded
