#include "engine/inspect/waiting.h"

#include <algorithm>
#include <variant>

#include "engine/core/codec.h"
#include "engine/core/definitions.h"
#include "engine/core/run.h"
#include "engine/runtime/retry.h"

namespace ratchet::engine {

namespace {

// One step while its events come.
class StepWaiting {
 public:
  StepWaiting(const ActivityInfo& activity, const std::string& run_id, Time scheduled)
      : activity_(activity), run_id_(run_id), since_(scheduled) {
    wait_.from = scheduled;
  }

  void see(const RecordedEvent& event) {
    if (const auto* failed = std::get_if<AttemptFailed>(&event.event)) {
      wait_.attempt = failed->attempt + 1;
      wait_.from = event.wall + backoff(activity_.policy, run_id_, failed->attempt);
      wait_.looks_first = lands_once(activity_.effect);
      follows_ = has_another(failed->attempt);
    } else if (const auto* probed = std::get_if<Probed>(&event.event)) {
      wait_.from = event.wall;
      wait_.looks_first = false;
      if (probed->verdict == Verdict::unknown) follows_ = false;
    } else if (std::holds_alternative<StepRetried>(event.event)) {
      wait_.from = since_ = event.wall;
      follows_ = true;
    } else if (std::holds_alternative<Held>(event.event)) {
      follows_ = false;
    }
  }

  std::optional<StepWait> wait() {
    if (!follows_) return std::nullopt;
    const Policy& policy = activity_.policy;
    wait_.from = std::max(wait_.from, since_);
    wait_.last_attempt = policy.max_attempts;
    wait_.or_later = !is_recorded(wait_.attempt);
    wait_.answer_by = wait_.from + policy.attempt_timeout;
    if (policy.overall_timeout.count() != 0) {
      wait_.last_moment = since_ + policy.overall_timeout;
      wait_.answer_by = std::min(wait_.answer_by, *wait_.last_moment);
    }
    return wait_;
  }

 private:
  // As the performer decides it.
  bool has_another(std::uint32_t attempt) const {
    const Policy& policy = activity_.policy;
    if (policy.max_attempts != 0 && attempt >= policy.max_attempts) return false;
    return policy.overall_timeout.count() == 0 || wait_.from < since_ + policy.overall_timeout;
  }

  const ActivityInfo& activity_;
  const std::string& run_id_;
  Time since_;  // overall time-outs count from it
  StepWait wait_;
  bool follows_ = true;
};

// How many turns the run begins with that are copies of another's.
std::uint32_t copied_in(const std::vector<RecordedEvent>& events) {
  for (const RecordedEvent& event : events) {
    if (const auto* start = std::get_if<RunStarted>(&event.event)) return start->origin->copied;
  }
  return 0;
}

// From when the step has its time: what a run was reset with has it anew (runtime/recovery.cc),
// from about the first turn of its own. None: it has no such turn yet.
std::optional<Time> since(const RecordedEvent& step, const std::vector<RecordedEvent>& events) {
  const std::uint32_t copied = copied_in(events);
  if (step.turn >= copied) return step.wall;
  const auto own = std::ranges::find_if(
      events, [copied](const RecordedEvent& event) { return event.turn >= copied; });
  if (own == events.end()) return std::nullopt;
  return own->wall;
}

bool is_performed(const RunInfo& run) {
  return run.state == RunState::running || run.state == RunState::paused;
}

}  // namespace

std::optional<StepWait> step_wait(const ActivityInfo& activity, const std::string& run_id,
                                  const TimelineEntry& entry,
                                  const std::vector<RecordedEvent>& events) {
  const std::optional<Time> scheduled = since(entry.command, events);
  if (!scheduled) return std::nullopt;
  StepWaiting waiting(activity, run_id, *scheduled);
  for (const RecordedEvent& event : events) {
    if (event.command == entry.command.command) waiting.see(event);
  }
  return waiting.wait();
}

StepWaits step_waits(const store::LogReader& log, const Registry& workflows, const RunInfo& run,
                     const std::vector<RecordedEvent>& events,
                     const std::vector<TimelineEntry>& entries) {
  StepWaits waits;
  const WorkflowType* type = workflows.find(run.workflow, run.version);
  if (type == nullptr || !is_performed(run)) return waits;
  Definitions definitions;
  load_definitions(log, definitions);
  Run replayed(run.run_id, *type);
  for (const HistoryTurn& record : read_history(log, run.run)) {
    if (replay_turn(replayed, record.turn, definitions)) return waits;
  }
  for (const TimelineEntry& entry : entries) {
    if (entry.end || !std::holds_alternative<StepScheduled>(entry.command.event)) continue;
    const auto open = replayed.open().find(entry.command.command);
    if (open == replayed.open().end() || open->second.activity == nullptr) continue;
    const auto wait = step_wait(*open->second.activity, run.run_id, entry, events);
    if (wait) waits.emplace(entry.command.command, *wait);
  }
  return waits;
}

}  // namespace ratchet::engine
