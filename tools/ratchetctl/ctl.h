// ratchetctl as a function, so that tests call it and so that a program with workflows of its own
// can have a ratchetctl that replays them.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "engine/core/workflow.h"
#include "tools/ratchetctl/dry_run.h"
#include "tools/ratchetctl/table.h"

namespace ratchet::ratchetctl {

// Exit codes; docs/OPERATING.md explains them. Never renumbered.
enum Exit : int {
  well = 0,
  usage = 1,            // the command line is wrong
  not_found = 2,        // no log there, or no such run
  damaged = 3,          // verify found problems, or the log cannot be read for damage
  diverged = 4,         // the code at hand decides otherwise than was recorded
  failed = 5,           // the file system, or a log of a newer format
  timed_out = 6,        // --timeout passed while following
  self_consistent = 7,  // evidence was compared with its own checkpoint only
  refused = 8,          // the run does not allow what was asked, or the upgrade would be refused
  no_daemon = 9,        // nobody answers, or it cannot do anything now
  not_allowed = 10,     // the daemon, or the cluster, does not let this user do it
  stopped = 130         // a signal ended --follow
};

struct Streams {
  std::ostream& out;
  std::ostream& err;
  Screen screen;                 // of out
  bool err_is_terminal = false;  // progress of long work is shown there
};

// Runs one command line, without the program's name. `rehearse`: what `plan --database` does; with
// none there is no such option.
int run(const std::vector<std::string>& arguments, const engine::Registry& workflows,
        Streams streams, const Rehearse& rehearse = {});

}  // namespace ratchet::ratchetctl
