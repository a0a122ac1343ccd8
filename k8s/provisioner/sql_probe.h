// The provisioner's look at a server, by SQL over TLS to the pod's IP.
#pragma once

#include <chrono>
#include <cstdint>

#include "k8s/provisioner/context.h"

namespace ratchet::k8s::provisioner {

// Connects, asks for the version and whether the disk is full, and says good-bye: a server that
// lets us in but answers no query is reached and not ready. Each of them has the deadline (KubeDB's
// limit is 5 s).
Prober sql_prober(std::uint16_t port = 3306,
                  std::chrono::steady_clock::duration deadline = std::chrono::seconds(5));

}  // namespace ratchet::k8s::provisioner
