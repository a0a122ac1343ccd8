// The commands that show a log in the public formats of docs/LOG_FORMAT.md: checkpoint, prove,
// export.
#pragma once

#include "tools/ratchetctl/commands.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// Adds them to `app`; the one that was parsed sets `chosen`, which must outlive the app.
void add_public_format(CLI::App& app, Action& chosen);

}  // namespace ratchet::ratchetctl
