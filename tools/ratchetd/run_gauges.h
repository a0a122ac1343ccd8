// How many runs there are of each workflow and state, and since when people keep runs waiting:
// folded from the turns, so that a scrape of the metrics costs the same however long the log is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "engine/runtime/engine.h"
#include "store/log.h"

namespace ratchet::ratchetd {

// On the engine's thread.
class RunGauges {
 public:
  // Counts what the log holds. When the engine is ready: turns that are recorded from then on are
  // told by `recorded`. The log must outlive it.
  void load(const store::LogReader& log);
  void recorded(const engine::Recorded& recorded);

  using Counts = std::map<std::pair<std::string, engine::RunState>, std::uint64_t>;
  // By workflow and state; of ended runs those whose records were pruned too.
  Counts counts() const;

  struct Waiting {
    std::uint64_t runs = 0;
    std::optional<engine::Time> since;  // of the one that has waited longest
  };
  // At a gate, with a step in doubt, or for its release: until somebody decides.
  Waiting for_a_person() const;
  Waiting paused() const;

 private:
  struct OpenRun {
    std::uint64_t run = 0;
    std::string workflow;
    engine::RunState state = engine::RunState::running;
    std::optional<engine::Time> paused_since;
    std::optional<engine::Time> awaits_release_since;
    std::map<engine::CommandId, engine::Time> asks;  // gates, and steps in doubt
  };

  static void fold(OpenRun& run, const engine::Turn& turn);
  std::optional<engine::Time> asks_since(const OpenRun& run) const;

  const store::LogReader* log_ = nullptr;
  std::map<std::string, OpenRun> open_;  // by run id
  Counts ended_;
};

}  // namespace ratchet::ratchetd
