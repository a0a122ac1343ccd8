// What the engine needs of the process it lives in: one thread to run on, and time. The daemon's is
// an io_context (asio_host.h), the tests' a virtual one (engine/testing/simulated_host.h).
#pragma once

#include <functional>

#include "engine/core/event.h"

namespace ratchet::engine {

class Host {
 public:
  Host() = default;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  virtual ~Host() = default;

  // Runs `task` on the engine's thread, after everything posted before. Any thread.
  virtual void post(std::function<void()> task) = 0;
  // Engine's thread.
  virtual Time now() = 0;
  // Runs `task` on the engine's thread at `due` or as soon after it as can be. Engine's thread.
  // The task must outlive its subject's death by itself (hold a weak reference).
  virtual void wake_at(Time due, std::function<void()> task) = 0;
};

}  // namespace ratchet::engine
