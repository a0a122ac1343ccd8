// ratchetctl witness: has somebody outside the cluster cosign the log's checkpoint
// (c2sp.org/tlog-witness). What the witness has seen, nobody who restores the cluster can take
// back.
#pragma once

#include "tools/ratchetctl/commands.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// Adds the command to `app`; if it was parsed it sets `chosen`, which must outlive the app.
void add_witness(CLI::App& app, Action& chosen);

}  // namespace ratchet::ratchetctl
