// ratchetctl completion SHELL: what a shell needs to complete command lines, made of the commands
// and options themselves.
#pragma once

#include "tools/ratchetctl/commands.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// Adds it to `app`, all of whose commands it completes, those added later too. If it was parsed it
// sets `chosen`, which must outlive the app.
void add_completion(CLI::App& app, FileAction& chosen);

}  // namespace ratchet::ratchetctl
