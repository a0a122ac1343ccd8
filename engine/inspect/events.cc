#include "engine/inspect/events.h"

#include <deque>
#include <utility>

namespace ratchet::engine {

namespace {

std::string own_name(const Event& event) {
  if (const auto* started = std::get_if<RunStarted>(&event)) return started->workflow;
  if (const auto* received = std::get_if<SignalReceived>(&event)) return received->signal;
  if (const auto* patch = std::get_if<PatchMarked>(&event)) return patch->patch;
  const auto of_fact = [](const auto& fact) { return own_name(Event{fact}); };
  if (const auto* held = std::get_if<Held>(&event)) return std::visit(of_fact, held->fact);
  if (const auto* late = std::get_if<LateFact>(&event)) return std::visit(of_fact, late->fact);
  return {};
}

// Folds events into the commands that are open after them.
class Waiting {
 public:
  void add(const Event& event) {
    std::visit([this](const auto& e) { fold(e); }, event);
  }
  void add_command(const Event& event) {
    if (class_of(event) != EventClass::command) return;
    if (const CommandId id = command_of(event); id != 0) open_[id].command = event;
  }
  std::map<CommandId, OpenCommand> take() { return std::move(open_); }

 private:
  template <class E>
  void fold(const E&) {}
  void fold(const StepCompleted& e) { open_.erase(e.command); }
  void fold(const StepFailed& e) { open_.erase(e.command); }
  void fold(const TimerFired& e) { open_.erase(e.command); }
  void fold(const StepSkipped& e) { open_.erase(e.command); }
  void fold(const ChildEnded& e) { open_.erase(e.command); }
  void fold(const GateDecided& e) { open_.erase(e.command); }
  void fold(const ContinuedAsNew&) { open_.clear(); }
  void fold(const CommandCancelled& e) {
    for (auto& [signal, commands] : waits_) std::erase(commands, e.command);
    open_.erase(e.command);
  }
  void fold(const Terminated&) { open_.clear(); }
  void fold(const StepRetried& e) {
    if (const auto it = open_.find(e.command); it != open_.end()) it->second.doubt.reset();
  }
  void fold(const RunCompleted&) { open_.clear(); }
  void fold(const RunFailed&) { open_.clear(); }
  void fold(const AttemptFailed& e) {
    if (const auto it = open_.find(e.command); it != open_.end()) {
      it->second.attempts = e.attempt;
      it->second.trouble = e.failure;
    }
  }
  void fold(const Probed& e) {
    const auto it = open_.find(e.command);
    if (it == open_.end()) return;
    it->second.doubt.reset();
    if (e.verdict == Verdict::unknown) it->second.doubt = e.why;
  }
  // Values and waits of a signal meet in order, whichever came first.
  void fold(const SignalReceived& e) {
    auto& waits = waits_[e.signal];
    if (waits.empty()) {
      ++early_[e.signal];
      return;
    }
    open_.erase(waits.front());
    waits.pop_front();
  }
  void fold(const SignalAwaited& e) {
    if (early_[e.signal] == 0) {
      waits_[e.signal].push_back(e.command);
      return;
    }
    --early_[e.signal];
    open_.erase(e.command);
  }

  std::map<CommandId, OpenCommand> open_;
  std::map<std::string, std::deque<CommandId>> waits_;
  std::map<std::string, std::uint32_t> early_;
};

}  // namespace

Opened Writers::find(const store::LogReader& log, std::uint64_t epoch) {
  const FetchBlob without_payloads = [](std::uint64_t, const store::Hash&) {
    return std::string();
  };
  const std::uint64_t end = by_epoch_.contains(epoch) ? read_ : log.head().size;
  if (read_ < end) {
    log.scan(read_, end, [&](const store::Record& record) {
      const Decoded decoded = engine::decode(record, definitions_, without_payloads);
      if (const auto* opened = std::get_if<Opened>(&decoded)) by_epoch_[opened->epoch] = *opened;
      read_ = record.index + 1;
      return true;
    });
  }
  const auto found = by_epoch_.find(epoch);
  return found != by_epoch_.end() ? found->second : Opened{epoch, "", "", {}};
}

RecordedEvent EventReader::explain(const HistoryTurn& record, const Event& event) {
  RecordedEvent out;
  out.index = record.index;
  out.turn = record.turn.turn;
  out.wall = record.turn.wall;
  out.event = event;
  out.command = command_of(event);
  out.payloads = payloads_.decode(event, definitions_);
  out.name = out.command != 0 ? payloads_.name_of_command(out.command) : own_name(event);
  return out;
}

std::vector<RecordedEvent> EventReader::next(const store::LogReader& log) {
  const std::vector<HistoryTurn> turns = read_history(log, run_, next_turn_);
  std::vector<RecordedEvent> events;
  if (turns.empty()) return events;
  load_definitions(log, definitions_);
  for (const HistoryTurn& record : turns) {
    const Opened writer = writers_.find(log, record.turn.epoch);
    std::uint32_t place = 0;
    for (const Event& event : record.turn.events) {
      events.push_back(explain(record, event));
      events.back().place = place++;
      events.back().writer = writer;
      ended_ = ended_ || std::holds_alternative<RunCompleted>(event) ||
               std::holds_alternative<RunFailed>(event) ||
               std::holds_alternative<Terminated>(event) ||
               std::holds_alternative<ContinuedAsNew>(event);
    }
  }
  next_turn_ = turns.back().turn.turn + 1;
  return events;
}

std::vector<OpenCommand> open_commands(const std::vector<HistoryTurn>& turns) {
  Waiting waiting;
  for (const HistoryTurn& record : turns) {
    for (const Event& event : record.turn.events) {
      waiting.add_command(event);
      waiting.add(event);
    }
  }
  std::vector<OpenCommand> open;
  for (auto& [id, command] : waiting.take()) open.push_back(std::move(command));
  return open;
}

}  // namespace ratchet::engine
