// ratchetctl show RUN: what it is, where it stands, what each step took, who acted on it;
// ratchetctl explain RUN: why it waits or failed, and what can be done.
#pragma once

#include "tools/ratchetctl/commands.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// Adds them to `app`; the one that was parsed sets `chosen`, which must outlive the app, as must
// `workflows`: what this build knows of how long steps are waited for.
void add_show(CLI::App& app, Action& chosen, const engine::Registry& workflows);

}  // namespace ratchet::ratchetctl
