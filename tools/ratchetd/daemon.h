// Wires the two roles to one io_context, which the calling thread runs.
#pragma once

#include <stdexcept>

#include "tools/ratchetd/options.h"

namespace ratchet::ratchetd {

// The command line, the kubeconfig or the folder of the log cannot work.
class BadSetup : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Returns when it was stopped, or has lost its Lease. Throws BadSetup, store::Error, engine::Halt.
int run(const Options& options);

}  // namespace ratchet::ratchetd
