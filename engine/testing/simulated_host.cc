#include "engine/testing/simulated_host.h"

#include <algorithm>
#include <utility>

namespace ratchet::engine::testing {

void SimulatedHost::post(std::function<void()> task) {
  if (!stopped_) ready_.push_back(std::move(task));
}

void SimulatedHost::wake_at(Time due, std::function<void()> task) {
  if (!stopped_) timers_.emplace(due, std::move(task));
}

bool SimulatedHost::step() {
  if (stopped_) return false;
  if (ready_.empty() && !timers_.empty()) {
    now_ = std::max(now_, timers_.begin()->first);
    ready_.push_back(std::move(timers_.begin()->second));
    timers_.erase(timers_.begin());
  }
  if (ready_.empty()) return false;
  const auto task = std::move(ready_.front());
  ready_.pop_front();
  task();
  return true;
}

void SimulatedHost::settle() {
  for (int i = 0; i < 10'000 && !ready_.empty() && !stopped_; ++i) step();
}

bool SimulatedHost::run_until(const std::function<bool()>& done, std::size_t limit) {
  for (std::size_t i = 0; i < limit; ++i) {
    if (done()) return true;
    if (!step()) return done();
  }
  return false;
}

}  // namespace ratchet::engine::testing
