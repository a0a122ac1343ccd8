// The annotation ratchet.dev/window in the engine's words. Pure.
#pragma once

#include <string>

#include "engine/windows/window.h"

namespace ratchet::k8s {

// Reads "<cron> <duration> <time zone>": five fields, a duration as in "2h30m", a name of the tz
// database. Throws std::invalid_argument that says what is wrong.
engine::WindowRule read_window(const std::string& text);

// The window that is open at `at`, or the next, with at least `needs` of it left. Throws
// std::invalid_argument if no window of the rule is that long.
engine::Window window_with(const engine::WindowRule& rule, engine::Time at, engine::Duration needs);

}  // namespace ratchet::k8s
