#include "engine/inspect/query.h"

#include "engine/core/codec.h"

namespace ratchet::engine {

PastView view_past(const store::LogReader& log, const Registry& registry, const RunInfo& info,
                   std::optional<std::uint32_t> last) {
  PastView view;
  const WorkflowType* type = registry.find(info.workflow, info.version);
  if (type == nullptr) {
    view.divergence =
        Divergence{0, "workflow " + info.workflow + " version " + std::to_string(info.version),
                   "this build has no such workflow or version", "", ""};
    return view;
  }
  Definitions definitions;
  load_definitions(log, definitions);
  Run run(info.run_id, *type);
  for (const HistoryTurn& record : read_history(log, info.run)) {
    if (last && record.turn.turn > *last) break;
    view.divergence = replay_turn(run, record.turn, definitions);
    if (view.divergence) break;
    view.values = run.exposed();
    ++view.turns;
  }
  return view;
}

}  // namespace ratchet::engine
