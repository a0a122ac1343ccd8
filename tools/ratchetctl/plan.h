// ratchetctl plan RUN: what an upgrade is going to do, or did, as it was recorded and approved; and
// plan --database: what one would do that nobody has asked for.
#pragma once

#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/dry_run.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// The last plan of the run, or of the newest run that answers the request NAMESPACE/NAME. Throws
// NotFound if there is none.
int print_plan(const store::LogReader& log, const RunName& run, const Output& output);

// What came of an intent, in the same words. Returns the rehearsal's exit code; why the upgrade
// would fail goes to `streams.err`.
int print_rehearsal(const Intent& intent, const Rehearsal& tried, const Output& output);

// Adds it to `app`; if it was parsed it sets one of the two, which must outlive the app, as must
// `rehearse`. If that is empty there is no dry run.
void add_plan(CLI::App& app, Action& chosen, FileAction& chosen_for_file, const Rehearse& rehearse);

}  // namespace ratchet::ratchetctl
