// The projection run/<run id>: what a list of runs shows, folded from the run's turns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/event.h"
#include "engine/core/rare.h"

namespace ratchet::engine {

struct RunSummary {
  std::string run_id;
  std::uint64_t run = 0;
  std::string workflow;
  std::uint32_t version = 0;
  RunState state = RunState::running;
  Time started{};
  std::optional<Time> ended;
  Rare<Failure> failure;
  std::uint64_t as_of = 0;  // the index of the last turn that changed it
  bool paused = false;      // also while quarantined
  Rare<By> cancel_requested;
  Rare<By> steered;  // who paused or terminated it, and why
  Usual<Origin> origin;
  std::string successor;  // the run id of the run that goes on in its place
  bool pruned = false;    // its records were removed: this and their leaf hashes are what is left
};

// Applies a turn. True if anything changed: then the projection is written with that turn.
bool fold(RunSummary& summary, const Turn& turn);

std::string encode(const RunSummary& summary);
// Throws store::Error (corrupt).
RunSummary decode_summary(std::string_view bytes);

std::string summary_key(const std::string& run_id);
inline constexpr std::string_view summary_prefix = "run/";

}  // namespace ratchet::engine
