// Keeps the anchor up to date: one write at a time, failed ones repeated, and what must wait until
// the anchor covers a record waits here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/anchor.h"
#include "engine/runtime/host.h"

namespace ratchet::engine {

// On the engine's thread. `head` gives the durable head.
class Anchoring {
 public:
  Anchoring(Anchor& anchor, Host& host, std::function<store::Head()> head);
  ~Anchoring();
  Anchoring(const Anchoring&) = delete;
  Anchoring& operator=(const Anchoring&) = delete;

  // Compares the log with its anchor, as DESIGN §3 says, and answers how many records that covers.
  // Nothing: a first start, to be anchored before anything else. Throws Halt, with what to do, if
  // the log is not the anchored one.
  static std::optional<std::uint64_t> check(const store::LogReader& log, Anchor& anchor);

  // Runs `then` once the anchor covers the first `size` records.
  void cover(std::uint64_t size, std::function<void()> then);
  // Anchors the present head, or a later one, within a second or so.
  void refresh();
  // Why the last write failed; empty if it did not.
  const std::string& trouble() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ratchet::engine
