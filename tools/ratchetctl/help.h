// ratchetctl help [COMMAND…]: how a command is used.
#pragma once

#include "tools/ratchetctl/commands.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// Adds it to `app`; if it was parsed it sets `chosen`, which must not outlive the app.
void add_help(CLI::App& app, FileAction& chosen);

}  // namespace ratchet::ratchetctl
