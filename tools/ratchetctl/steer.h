// ratchetctl approve, deny, signal, pause, resume, cancel, terminate, retry, skip, fail, reset,
// note: acts of a person on a run, through its daemon, each with a reason.
#pragma once

#include <string>

#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/daemon.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// Adds them to `app`; the one that was parsed sets `chosen`, or `chosen_for_file` if it names its
// daemon by URL. Both must outlive the app.
void add_steering(CLI::App& app, Action& chosen, FileAction& chosen_for_file);

// `release` while a daemon has the log.
int release_through(const Daemon& daemon, const std::string& run_id, const std::string& reason,
                    const Output& output);

}  // namespace ratchet::ratchetctl
