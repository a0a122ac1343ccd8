#include "engine/inspect/timeline.h"

#include <deque>
#include <map>
#include <utility>

namespace ratchet::engine {

namespace {

class Folding {
 public:
  void add(const RecordedEvent& event) {
    if (class_of(event.event) == EventClass::command && event.command != 0) begin(event);
    std::visit([&](const auto& e) { fold(event, e); }, event.event);
  }

  std::vector<TimelineEntry> take() {
    std::vector<TimelineEntry> entries;
    for (auto& [id, entry] : entries_) entries.push_back(std::move(entry));
    return entries;
  }

 private:
  void begin(const RecordedEvent& event) {
    if (std::holds_alternative<CommandCancelled>(event.event)) return;
    entries_[event.command].command = event;
  }

  TimelineEntry* open(CommandId command) {
    const auto found = entries_.find(command);
    return found == entries_.end() || found->second.end ? nullptr : &found->second;
  }
  void end(CommandId command, const RecordedEvent& event) {
    if (TimelineEntry* entry = open(command)) entry->end = event;
  }

  // What answers a command ends it; held and late facts do not.
  template <class E>
  void fold(const RecordedEvent& event, const E&) {
    const bool answers = class_of(event.event) == EventClass::completion && event.command != 0;
    if (answers) end(event.command, event);
  }
  void fold(const RecordedEvent& event, const CommandCancelled& e) {
    for (auto& [signal, waits] : waits_) std::erase(waits, e.command);
    end(e.command, event);
  }
  void fold(const RecordedEvent&, const AttemptFailed& e) {
    TimelineEntry* entry = open(e.command);
    if (entry == nullptr) return;
    entry->failed_attempts = e.attempt;
    entry->trouble = e.failure;
  }
  void fold(const RecordedEvent&, const Probed& e) {
    TimelineEntry* entry = open(e.command);
    if (entry == nullptr) return;
    entry->doubt.reset();
    if (e.verdict == Verdict::unknown) entry->doubt = e.why;
  }
  void fold(const RecordedEvent&, const StepRetried& e) {
    if (TimelineEntry* entry = open(e.command)) entry->doubt.reset();
  }
  // Values and waits of a signal meet in order, whichever came first.
  void fold(const RecordedEvent& event, const SignalAwaited& e) {
    auto& early = early_[e.signal];
    if (early.empty()) {
      waits_[e.signal].push_back(e.command);
      return;
    }
    RecordedEvent value = std::move(early.front());
    early.pop_front();
    value.wall = event.wall;  // it was there already
    end(e.command, value);
  }
  void fold(const RecordedEvent& event, const SignalReceived& e) {
    auto& waits = waits_[e.signal];
    if (waits.empty()) {
      early_[e.signal].push_back(event);
      return;
    }
    end(waits.front(), event);
    waits.pop_front();
  }

  std::map<CommandId, TimelineEntry> entries_;
  std::map<std::string, std::deque<CommandId>> waits_;
  std::map<std::string, std::deque<RecordedEvent>> early_;
};

}  // namespace

std::vector<TimelineEntry> timeline(const std::vector<RecordedEvent>& events) {
  Folding folding;
  for (const RecordedEvent& event : events) folding.add(event);
  return folding.take();
}

std::vector<TimelineEntry> open_commands(const std::vector<HistoryTurn>& turns) {
  Folding folding;
  for (const HistoryTurn& record : turns) {
    for (const Event& event : record.turn.events) {
      RecordedEvent bare;
      bare.wall = record.turn.wall;
      bare.event = event;
      bare.command = command_of(event);
      folding.add(bare);
    }
  }
  std::vector<TimelineEntry> entries = folding.take();
  std::erase_if(entries, [](const TimelineEntry& entry) { return entry.end.has_value(); });
  return entries;
}

}  // namespace ratchet::engine
