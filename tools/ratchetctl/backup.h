// ratchetctl backup: the log of a daemon, live or stopped, as one whole state in another folder.
#pragma once

#include "tools/ratchetctl/commands.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// Adds it to `app`; if it was parsed it sets `chosen`, which must outlive the app.
void add_backup(CLI::App& app, Action& chosen);

}  // namespace ratchet::ratchetctl
