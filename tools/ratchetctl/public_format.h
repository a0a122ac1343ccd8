// The commands that show a log in the public formats of docs/LOG_FORMAT.md: checkpoint and
// prove.
#pragma once

#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/publish.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// Adds --key and --size to a command that publishes.
void add_key(CLI::App& command, PublishOptions& options);

// Adds them to `app`; the one that was parsed sets `chosen`, which must outlive the app.
void add_public_format(CLI::App& app, Action& chosen);

}  // namespace ratchet::ratchetctl
