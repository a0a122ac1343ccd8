#include "engine/inspect/events.h"

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

RecordedEvent tell_event(const HistoryTurn& record, std::uint32_t place, const Opened& writer,
                         const Definitions& definitions, Payloads& payloads) {
  const Event& event = record.turn.events.at(place);
  RecordedEvent out;
  out.index = record.index;
  out.turn = record.turn.turn;
  out.place = place;
  out.wall = record.turn.wall;
  out.writer = writer;
  out.event = event;
  out.command = command_of(event);
  out.payloads = payloads.decode(event, definitions);
  out.name = out.command != 0 ? payloads.name_of_command(out.command) : own_name(event);
  if (const auto* step = std::get_if<StepScheduled>(&event)) {
    const ActivityDefinition& activity = definitions.activity(step->definition);
    out.step = {activity.effect, activity.irreversible};
  }
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
      events.push_back(tell_event(record, place++, writer, definitions_, payloads_));
      ended_ = ended_ || ends_run(event);
    }
  }
  next_turn_ = turns.back().turn.turn + 1;
  return events;
}

}  // namespace ratchet::engine
