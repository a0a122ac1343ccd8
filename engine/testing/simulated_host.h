// A host with virtual time and no threads: tests run it step by step, and a stop loses everything
// that was not yet done, as the death of a process does.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>

#include "engine/runtime/host.h"

namespace ratchet::engine::testing {

class SimulatedHost final : public Host {
 public:
  explicit SimulatedHost(Time start = Time{Duration{1'000'000'000'000'000}}) : now_(start) {}

  void post(std::function<void()> task) override;
  Time now() override { return now_; }
  void wake_at(Time due, std::function<void()> task) override;

  // Runs one task, or, when none is ready, moves time to the next timer. False: nothing to do.
  bool step();
  // Runs the tasks that are ready, without moving time, 10 000 at most.
  void settle();
  // Steps until `done` holds. False if it does not after `limit` steps, or nothing is left to do.
  bool run_until(const std::function<bool()>& done, std::size_t limit = 100'000);

  // From here on nothing runs: the process is dead.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

 private:
  Time now_;
  bool stopped_ = false;
  std::deque<std::function<void()>> ready_;
  std::multimap<Time, std::function<void()>> timers_;
};

}  // namespace ratchet::engine::testing
