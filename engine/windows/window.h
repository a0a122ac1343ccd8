// Maintenance windows: when the next one is, by a cron rule in local time of a time zone.
//
// Not for workflow code: the answer depends on the time zone rules that this machine has, and they
// change. Let an activity ask, so that its answer is in the log (docs/WRITING_WORKFLOWS.md).
#pragma once

#include <chrono>
#include <string>

#include "engine/core/event.h"

namespace ratchet::engine {

struct WindowRule {
  std::string cron;                   // when one opens, as in cron(5): "0 2 * * SAT,SUN"
  std::chrono::minutes duration{60};  // of elapsed time, whatever the clocks on the wall do
  std::string zone = "UTC";           // a name of the tz database: "Europe/Berlin"
};

struct Window {
  Time begin{};
  Time end{};  // the first moment after it
  bool operator==(const Window&) const = default;
};

// The window that is open at `after` (of several the first to open), or the next to open. A local
// time that the clocks skip opens it when they have skipped it; one that comes twice opens it the
// first time only. Reads the system's tz database once a process; otherwise a pure function.
// Throws std::invalid_argument, naming what is wrong with the rule.
Window next_window(const WindowRule& rule, Time after);

}  // namespace ratchet::engine
