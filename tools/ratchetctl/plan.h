// ratchetctl plan RUN: what an upgrade is going to do, or did, as it was recorded and approved.
#pragma once

#include "tools/ratchetctl/commands.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// The last plan of the run, or of the newest run that answers the request NAMESPACE/NAME. Throws
// NotFound if there is none.
int print_plan(const store::LogReader& log, const RunName& run, const Output& output);

// Adds it to `app`; if it was parsed it sets `chosen`, which must outlive the app.
void add_plan(CLI::App& app, Action& chosen);

}  // namespace ratchet::ratchetctl
