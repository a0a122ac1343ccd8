// The port to the anchor: a head of the log kept outside of it (the daemon's Lease, or a file).
// A log that was rolled back or edited past its anchor is found at the next start.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "store/log.h"

namespace ratchet::engine {

class Anchor {
 public:
  Anchor() = default;
  Anchor(const Anchor&) = delete;
  Anchor& operator=(const Anchor&) = delete;
  virtual ~Anchor() = default;

  // The anchored head, or nothing if none was ever written. Called once, before Engine::open's
  // work; may block. Throws std::exception if it cannot be read.
  virtual std::optional<store::Head> read() = 0;

  // Replaces the anchor and calls `done` on the engine's thread: empty text, or why it failed.
  // One call at a time; the engine repeats failed ones.
  virtual void write(const store::Head& head, std::function<void(const std::string& why)> done) = 0;
};

}  // namespace ratchet::engine
