#include "tools/ratchetd/run_gauges.h"

#include <algorithm>

#include "engine/inspect/history.h"
#include "engine/runtime/care.h"

namespace ratchet::ratchetd {

namespace {

void consider(RunGauges::Waiting& waiting, const std::optional<engine::Time>& since) {
  if (!since) return;
  ++waiting.runs;
  waiting.since = std::min(waiting.since.value_or(*since), *since);
}

}  // namespace

void RunGauges::load(const store::LogReader& log) {
  log_ = &log;
  open_.clear();
  ended_.clear();
  for (const engine::RunInfo& info : engine::list_runs(log)) {
    if (engine::has_ended(info.state)) {
      ++ended_[{info.workflow, info.state}];
      continue;
    }
    OpenRun& run = open_[info.run_id];
    run.run = info.run;
    run.workflow = info.workflow;
    run.state = info.state;
    const auto turns = engine::read_history(log, info.run);
    for (const auto& record : turns) fold(run, record.turn);
    // Of the acceptance itself a run's record says nothing: it came after the last turn.
    if (engine::awaits_release(log, info)) run.awaits_release_since = turns.back().turn.wall;
  }
}

void RunGauges::fold(OpenRun& run, const engine::Turn& turn) {
  for (const engine::Event& event : turn.events) {
    const engine::CommandId command = engine::command_of(event);
    const auto* probed = std::get_if<engine::Probed>(&event);
    const bool in_doubt = probed != nullptr && probed->verdict == engine::Verdict::unknown;
    if (std::holds_alternative<engine::Paused>(event)) {
      run.paused_since = turn.wall;
    } else if (std::holds_alternative<engine::Resumed>(event)) {
      run.paused_since.reset();
    } else if (std::holds_alternative<engine::GateOpened>(event) || in_doubt) {
      run.asks.emplace(command, turn.wall);
    } else if (!std::holds_alternative<engine::GateRejected>(event)) {
      run.asks.erase(command);  // whatever else is about the command: it was answered or goes on
    }
  }
}

void RunGauges::recorded(const engine::Recorded& recorded) {
  if (engine::has_ended(recorded.state)) {
    open_.erase(recorded.run_id);
    // Hints that come after the end do not count it again.
    const bool ends = std::ranges::any_of(recorded.turn.events, [](const engine::Event& event) {
      return std::holds_alternative<engine::RunCompleted>(event) ||
             std::holds_alternative<engine::RunFailed>(event) ||
             std::holds_alternative<engine::ContinuedAsNew>(event) ||
             std::holds_alternative<engine::Reset>(event) ||
             std::holds_alternative<engine::Terminated>(event);
    });
    if (ends) ++ended_[{recorded.workflow, recorded.state}];
    return;
  }
  OpenRun& run = open_[recorded.run_id];
  run.run = recorded.turn.run;
  run.workflow = recorded.workflow;
  run.state = recorded.state;
  fold(run, recorded.turn);
}

RunGauges::Counts RunGauges::counts() const {
  Counts counts = ended_;
  for (const auto& [id, run] : open_) ++counts[{run.workflow, run.state}];
  return counts;
}

std::optional<engine::Time> RunGauges::asks_since(const OpenRun& run) const {
  std::optional<engine::Time> since;
  for (const auto& [command, time] : run.asks) since = std::min(since.value_or(time), time);
  if (!run.awaits_release_since) return since;
  engine::RunInfo info;
  info.run = run.run;
  info.state = run.state;
  if (!engine::awaits_release(*log_, info)) return since;
  return std::min(since.value_or(*run.awaits_release_since), *run.awaits_release_since);
}

RunGauges::Waiting RunGauges::for_a_person() const {
  Waiting waiting;
  for (const auto& [id, run] : open_) consider(waiting, asks_since(run));
  return waiting;
}

RunGauges::Waiting RunGauges::paused() const {
  Waiting waiting;
  for (const auto& [id, run] : open_) consider(waiting, run.paused_since);
  return waiting;
}

}  // namespace ratchet::ratchetd
