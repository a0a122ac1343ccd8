#include "engine/inspect/query.h"

#include <memory>

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>

#include "engine/core/codec.h"
#include "engine/inspect/replay.h"

namespace ratchet::engine {

PastView view_past(const store::LogReader& log, const Registry& registry, const RunInfo& info,
                   std::optional<std::uint32_t> last) {
  PastView view;
  const WorkflowType* type = registry.find(info.workflow, info.version);
  if (type == nullptr) {
    view.divergence = unknown_workflow(info);
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

std::optional<std::string> json_of(const Exposed& value) {
  namespace pb = google::protobuf;
  const std::unique_ptr<pb::Message> message(
      pb::MessageFactory::generated_factory()->GetPrototype(value.type)->New());
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!message->ParseFromString(value.value) ||
      !pb::util::MessageToJsonString(*message, &json, options).ok()) {
    return std::nullopt;
  }
  return json;
}

}  // namespace ratchet::engine
