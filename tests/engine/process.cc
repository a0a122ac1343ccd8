#include "tests/engine/process.h"

#include <sstream>

#include "engine/core/run.h"
#include "engine/inspect/history.h"

namespace ratchet::engine::testing {

namespace {
std::string line(const Event& event) {
  if (class_of(event) == EventClass::command) return describe(event);
  std::string text = name_of(event);
  const auto inner = [](const auto& fact) { return line(Event{fact}); };
  if (const auto* held = std::get_if<Held>(&event)) {
    text += " " + std::visit(inner, held->fact);
  } else if (const auto* late = std::get_if<LateFact>(&event)) {
    text += " " + std::visit(inner, late->fact);
  } else if (const By* by = by_of(event)) {
    if (command_of(event) != 0) text += " " + std::to_string(command_of(event));
    text += " by " + by->principal;
  } else if (const auto* done = std::get_if<StepCompleted>(&event)) {
    text += " " + std::to_string(done->command) + " after " + std::to_string(done->attempts) +
            (done->found_done ? ", found done" : "");
  } else if (const auto* failed = std::get_if<StepFailed>(&event)) {
    text += " " + std::to_string(failed->command) + " after " + std::to_string(failed->attempts) +
            ": " + failed->failure.code;
  } else if (const auto* attempt = std::get_if<AttemptFailed>(&event)) {
    text += " " + std::to_string(attempt->command) + " #" + std::to_string(attempt->attempt) +
            ": " + attempt->failure.code;
    if (attempt->unrecorded > 0) text += " (+" + std::to_string(attempt->unrecorded) + ")";
  } else if (const auto* child = std::get_if<ChildEnded>(&event)) {
    text += " " + std::to_string(child->command) + " " + child->run_id;
  } else if (const auto* fired = std::get_if<TimerFired>(&event)) {
    text += " " + std::to_string(fired->command);
  } else if (const auto* probed = std::get_if<Probed>(&event)) {
    constexpr const char* verdicts[] = {"", "done", "not done", "unknown"};
    text +=
        " " + std::to_string(probed->command) + ": " + verdicts[static_cast<int>(probed->verdict)];
  } else if (const auto* signal = std::get_if<SignalReceived>(&event)) {
    text += " " + signal->signal + " from " + signal->principal;
  }
  return text;
}
}  // namespace

std::string history_of(const store::LogReader& log, const std::string& run_id) {
  std::ostringstream out;
  const auto run = find_run(log, run_id);
  if (!run) return "no run";
  for (const HistoryTurn& record : read_history(log, run->run)) {
    for (const Event& event : record.turn.events) {
      out << record.turn.turn << " " << line(event) << "\n";
    }
  }
  return out.str();
}

}  // namespace ratchet::engine::testing
