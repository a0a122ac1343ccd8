// ratchetctl runs: its command line; commands.h has what it prints.
#pragma once

#include "tools/ratchetctl/commands.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// Adds it to `app`; if it was parsed it sets `chosen`, which must outlive the app.
void add_runs(CLI::App& app, Action& chosen);

}  // namespace ratchet::ratchetctl
