// Re-performs the decisions of recorded runs with the workflow code at hand; touches nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/run.h"
#include "engine/core/workflow.h"
#include "engine/inspect/history.h"
#include "engine/inspect/progress.h"
#include "store/log.h"

namespace ratchet::engine {

struct ReplayReport {
  RunInfo run;
  std::uint32_t turns = 0;  // replayed with the same decisions
  std::uint32_t events = 0;
  std::optional<Divergence> divergence;
};

// That the code at hand has no such workflow, or not in this version.
Divergence unknown_workflow(const RunInfo& run);

// A pruned run has no turns to replay. `progress` is told of the turns of one run, of the records
// of all. Throws store::Error if the run's records cannot be read.
ReplayReport replay(const store::LogReader& log, const Registry& registry, const RunInfo& run,
                    const Progress& progress = {});
std::vector<ReplayReport> replay_all(const store::LogReader& log, const Registry& registry,
                                     const Progress& progress = {});

}  // namespace ratchet::engine
