// How long the records of ended runs stay: a live engine prunes those that are due, by outcome.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/core/event.h"
#include "engine/core/summary.h"
#include "engine/runtime/host.h"
#include "store/log.h"

namespace ratchet::engine {

// By outcome, a state that has_ended(); an outcome that is not named is kept for ever.
using KeepFor = std::map<RunState, Duration>;

// On the engine's thread. A few runs at a time, the next ones once these are durable. A run whose
// records another one still needs (care.h, can_be_pruned) is looked at again later.
class Retention {
 public:
  // Prunes one run, and calls `then` when that is durable.
  using Then = std::function<void()>;
  using Prune = std::function<void(const RunSummary& run, const std::string& why, Then then)>;

  // Throws std::invalid_argument for a state that is no outcome, or a negative time.
  Retention(const store::LogReader& log, Host& host, KeepFor keep, Prune prune);

  // Finds the runs that have ended; looks at every summary. Without an outcome to prune: nothing.
  void look();
  // A run's end is durable.
  void ended(const RunSummary& run);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ratchet::engine
