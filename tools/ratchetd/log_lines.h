// What the daemon says on stderr: lines for people, or a JSON object each, for programs.
#pragma once

#include <memory>
#include <string>

#include <spdlog/common.h>

#include "engine/runtime/engine.h"

namespace spdlog {
class formatter;
}

namespace ratchet::ratchetd {

// {"time", "level", "message"}, and "run" and "step" of a line that is about them.
std::unique_ptr<spdlog::formatter> json_lines();
// The same for people: time, level, message.
std::unique_ptr<spdlog::formatter> text_lines();

// One line about a run and a step of it (0: none), by the default logger. On any thread.
void log_about(spdlog::level::level_enum level, const std::string& run, engine::CommandId step,
               const std::string& text);

// What a durable turn says of its run: steps that begin and end, failed attempts, people's acts,
// the run's end. Never a payload.
void log_turn(const engine::Recorded& recorded);

}  // namespace ratchet::ratchetd
