// The engine's way into the log: encodes, appends, and runs what must wait for durability.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/core/codec.h"
#include "engine/core/definitions.h"
#include "engine/core/open_run.h"
#include "engine/core/summary.h"
#include "engine/runtime/host.h"
#include "store/log.h"

namespace ratchet::engine {

// On the engine's thread. After a failed append nothing waiting is ever run.
class Journal {
 public:
  using Then = std::function<void()>;

  Journal(store::Log& log, Host& host, Definitions& definitions,
          std::function<void(const std::string& why)> halted);

  // Appends a record of the log itself, and a projection if it is given one. `then` runs once both
  // are durable.
  void append(std::string record, std::optional<store::ProjectionWrite> projection, Then then);

  // Appends an entry without a turn.
  void append(store::Entry entry, Then then) { submit(std::move(entry), std::move(then)); }

  // Appends a turn, after it has folded it into its run's projections; turn 0 gets its own index as
  // its run. Throws std::length_error if the turn cannot fit; then nothing was appended or folded.
  void append(Turn& turn, RunSummary& summary, OpenRun& open, Then then);

  // The durable head.
  store::Head head() const { return log_.head(); }
  // Its size, as far as this thread has heard of it.
  std::uint64_t durable_size() const { return durable_size_; }

 private:
  struct Waiting {
    std::uint64_t index = 0;
    Then then;
  };
  struct Shared {  // outlives the journal in tasks already posted
    Journal* journal = nullptr;
  };

  void append_definitions();
  void submit(store::Entry entry, Then then);
  void durable(std::uint64_t size);

  store::Log& log_;
  Definitions& definitions_;
  std::uint64_t durable_size_ = 0;
  std::deque<Waiting> waiting_;
  std::shared_ptr<Shared> shared_;

 public:
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
};

}  // namespace ratchet::engine
