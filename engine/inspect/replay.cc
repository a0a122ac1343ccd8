#include "engine/inspect/replay.h"

#include "engine/core/codec.h"

namespace ratchet::engine {

ReplayReport replay(const store::LogReader& log, const Registry& registry, const RunInfo& info) {
  ReplayReport report{info, 0, 0, {}};
  const WorkflowType* type = registry.find(info.workflow, info.version);
  if (type == nullptr) {
    report.divergence =
        Divergence{0, "workflow " + info.workflow + " version " + std::to_string(info.version),
                   "this build has no such workflow or version", "", ""};
    return report;
  }
  Definitions definitions;
  load_definitions(log, definitions);
  Run run(info.run_id, *type);
  for (const HistoryTurn& record : read_history(log, info.run)) {
    report.divergence = replay_turn(run, record.turn, definitions);
    if (report.divergence) break;
    ++report.turns;
    report.events += static_cast<std::uint32_t>(record.turn.events.size());
  }
  return report;
}

std::vector<ReplayReport> replay_all(const store::LogReader& log, const Registry& registry) {
  std::vector<ReplayReport> reports;
  for (const RunInfo& run : list_runs(log)) reports.push_back(replay(log, registry, run));
  return reports;
}

}  // namespace ratchet::engine
