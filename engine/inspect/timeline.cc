#include "engine/inspect/timeline.h"

#include <utility>

namespace ratchet::engine {

// What each event does to the timeline.
class Timeline::Folding {
 public:
  Folding(Timeline& to, const RecordedEvent& event) : to_(to), event_(event) {}

  // What answers a command ends it; held and late facts do not.
  template <class E>
  void operator()(const E&) const {
    const bool answers = class_of(event_.event) == EventClass::completion && event_.command != 0;
    if (answers) end(event_.command, event_);
  }
  void operator()(const CommandCancelled& e) const {
    for (auto& [signal, waits] : to_.waits_) std::erase(waits, e.command);
    end(e.command, event_);
  }
  void operator()(const AttemptFailed& e) const {
    TimelineEntry* entry = open(e.command);
    if (entry == nullptr) return;
    entry->failed_attempts = e.attempt;
    entry->trouble = e.failure;
  }
  void operator()(const Probed& e) const {
    TimelineEntry* entry = open(e.command);
    if (entry == nullptr) return;
    entry->doubt.reset();
    if (e.verdict == Verdict::unknown) entry->doubt = e.why;
  }
  void operator()(const StepRetried& e) const {
    if (TimelineEntry* entry = open(e.command)) entry->doubt.reset();
  }
  // Values and waits of a signal meet in order, whichever came first.
  void operator()(const SignalAwaited& e) const {
    auto& early = to_.early_[e.signal];
    if (early.empty()) {
      to_.waits_[e.signal].push_back(e.command);
      return;
    }
    RecordedEvent value = std::move(early.front());
    early.pop_front();
    value.wall = event_.wall;  // it was there already
    end(e.command, value);
  }
  void operator()(const SignalReceived& e) const {
    auto& waits = to_.waits_[e.signal];
    if (waits.empty()) {
      to_.early_[e.signal].push_back(event_);
      return;
    }
    end(waits.front(), event_);
    waits.pop_front();
  }

 private:
  TimelineEntry* open(CommandId command) const {
    const auto found = to_.entries_.find(command);
    return found == to_.entries_.end() || found->second.end ? nullptr : &found->second;
  }
  void end(CommandId command, const RecordedEvent& event) const {
    if (TimelineEntry* entry = open(command)) entry->end = event;
  }

  Timeline& to_;
  const RecordedEvent& event_;
};

void Timeline::add(const RecordedEvent& event) {
  const bool begins = class_of(event.event) == EventClass::command && event.command != 0 &&
                      !std::holds_alternative<CommandCancelled>(event.event);
  if (begins) entries_[event.command].command = event;
  std::visit(Folding(*this, event), event.event);
}

std::vector<TimelineEntry> Timeline::entries() const {
  std::vector<TimelineEntry> entries;
  entries.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) entries.push_back(entry);
  return entries;
}

std::vector<TimelineEntry> Timeline::open() const {
  std::vector<TimelineEntry> entries;
  for (const auto& [id, entry] : entries_) {
    if (!entry.end) entries.push_back(entry);
  }
  return entries;
}

std::vector<TimelineEntry> timeline(const std::vector<RecordedEvent>& events) {
  Timeline timeline;
  for (const RecordedEvent& event : events) timeline.add(event);
  return timeline.entries();
}

std::vector<TimelineEntry> open_commands(const std::vector<HistoryTurn>& turns) {
  Timeline timeline;
  for (const HistoryTurn& record : turns) {
    for (const Event& event : record.turn.events) {
      RecordedEvent bare;
      bare.wall = record.turn.wall;
      bare.event = event;
      bare.command = command_of(event);
      timeline.add(bare);
    }
  }
  return timeline.open();
}

}  // namespace ratchet::engine
