// The commands that take care of a log which no daemon has open: repair, restore, adopt, release,
// rebuild, prune. They are the only ones that change a log.
#pragma once

#include "tools/ratchetctl/commands.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// Adds them to `app`; the one that was parsed sets `chosen`, which must outlive the app.
void add_care(CLI::App& app, Action& chosen);

}  // namespace ratchet::ratchetctl
