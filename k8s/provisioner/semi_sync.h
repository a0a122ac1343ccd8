// What a user wishes of a semi-synchronous cluster (spec.topology.semiSync).
#pragma once

#include <cstdint>

namespace ratchet::k8s::provisioner {

struct SemiSync {
  unsigned acknowledgements = 1;  // that a commit waits for
  std::uint64_t timeout_ms = 0;   // and for how long
  bool clone_errant = false;      // errant members are replaced without a question
};

}  // namespace ratchet::k8s::provisioner
