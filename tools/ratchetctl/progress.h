// How far long work has come, for a person at a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "engine/inspect/progress.h"
#include "tools/ratchetctl/ctl.h"

namespace ratchet::ratchetctl {

// A line on standard error that is written over, from the second second on, five times a second at
// most, and taken away at the end. Nothing at all where standard error is no terminal.
class ProgressLine {
 public:
  using Clock = std::chrono::steady_clock;

  // `what`: "verify". `of_what`: is counted. `now`: another clock, for tests.
  ProgressLine(const Streams& streams, std::string what, std::string of_what = "records",
               std::function<Clock::time_point()> now = Clock::now);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Refers to this line; empty if nobody watches.
  engine::Progress reporter();
  void at(std::uint64_t done, std::uint64_t of);

 private:
  const Streams& streams_;
  std::string what_;
  std::string of_what_;
  std::function<Clock::time_point()> now_;
  Clock::time_point next_;
  bool shown_ = false;
};

// Of this process.
bool stderr_is_terminal();

}  // namespace ratchet::ratchetctl
