// ratchetctl evidence RUN writes evidence of a run; evidence check FILE verifies and re-performs it
// elsewhere, without a log.
#pragma once

#include "tools/ratchetctl/commands.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// Adds the command to `app`; if it was parsed it sets one of the two, which must outlive the app as
// `workflows` must.
void add_evidence(CLI::App& app, Action& chosen, FileAction& chosen_for_file,
                  const engine::Registry& workflows);

}  // namespace ratchet::ratchetctl
