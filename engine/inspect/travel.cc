#include "engine/inspect/travel.h"

#include "engine/core/codec.h"
#include "engine/inspect/query.h"
#include "engine/inspect/replay.h"

namespace ratchet::engine {

Travel::Travel(const store::LogReader& log, const Registry& registry, const RunInfo& run)
    : turns_(read_history(log, run.run)), events_(EventReader(run.run).next(log)) {
  load_definitions(log, definitions_);
  run_.run = run.run;
  if (const WorkflowType* type = registry.find(run.workflow, run.version)) {
    replayed_.emplace(run.run_id, *type);
  } else {
    divergence_ = unknown_workflow(run);
  }
}

bool Travel::step() {
  if (done_ == turns_.size()) return false;
  const HistoryTurn& record = turns_[done_++];
  if (fold(run_, record.turn)) run_.as_of = record.index;
  begin_ = passed_;
  for (; passed_ < events_.size() && events_[passed_].turn == record.turn.turn; ++passed_) {
    timeline_.add(events_[passed_]);
  }
  if (!divergence_) divergence_ = replay_turn(*replayed_, record.turn, definitions_);
  return true;
}

Moment Travel::moment() const {
  const HistoryTurn& record = turns_.at(done_ - 1);
  Moment moment;
  moment.index = record.index;
  moment.turn = record.turn.turn;
  moment.wall = record.turn.wall;
  moment.events = {events_.begin() + static_cast<std::ptrdiff_t>(begin_),
                   events_.begin() + static_cast<std::ptrdiff_t>(passed_)};
  moment.run = run_;
  if (!run_.ended) moment.open = timeline_.open();
  if (divergence_) return moment;
  moment.exposed.emplace();
  for (const auto& [name, value] : replayed_->exposed()) {
    moment.exposed->emplace(name, json_of(value).value_or("null"));
  }
  return moment;
}

}  // namespace ratchet::engine
