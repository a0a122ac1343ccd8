// The events of a run one by one, each with what the rest of the log says about it: what a history
// shows. Follows a run that is still being recorded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/codec.h"
#include "engine/core/definitions.h"
#include "engine/core/event.h"
#include "engine/inspect/history.h"
#include "engine/inspect/payloads.h"
#include "store/log.h"

namespace ratchet::engine {

// What the activity of a step may do.
struct StepNature {
  Effect effect = Effect::read;
  bool irreversible = false;
};

struct RecordedEvent {
  std::uint64_t index = 0;  // of the record
  std::uint32_t turn = 0;
  std::uint32_t place = 0;  // among the events of its turn
  Time wall{};
  Opened writer;  // the process that recorded it
  Event event;
  CommandId command = 0;           // that the event is or is about; 0: none
  std::string name;                // of the activity, signal or workflow; empty: none
  DecodedPayloads payloads;        // by the types that the log itself holds
  std::optional<StepNature> step;  // of a StepScheduled
};

// The event at `place` of that turn. `payloads` has seen the run's events before it.
// Throws store::Error (corrupt) if it refers to what the log never defined.
RecordedEvent tell_event(const HistoryTurn& record, std::uint32_t place, const Opened& writer,
                         const Definitions& definitions, Payloads& payloads);

// Who wrote the log when: the Opened records, by epoch.
class Writers {
 public:
  // Reads on from where the last call ended, each record of the log once. An epoch of which the
  // log tells nothing yields its number alone.
  Opened find(const store::LogReader& log, std::uint64_t epoch);
  // One that the caller read itself.
  void learn(const Opened& opened) { by_epoch_[opened.epoch] = opened; }

 private:
  std::map<std::uint64_t, Opened> by_epoch_;
  std::uint64_t read_ = 0;
  Definitions definitions_;
};

// Single-threaded. The log may be another object at each call, if it is the same log.
class EventReader {
 public:
  explicit EventReader(std::uint64_t run) : run_(run) {}

  // The events recorded since the last call; all at the first one.
  // Throws store::Error if a record cannot be read; then nothing is lost at the next call.
  std::vector<RecordedEvent> next(const store::LogReader& log);

  // The run has ended; only hints can follow.
  bool ended() const { return ended_; }

 private:
  std::uint64_t run_;
  std::uint32_t next_turn_ = 0;
  bool ended_ = false;
  Definitions definitions_;
  Payloads payloads_;
  Writers writers_;
};

}  // namespace ratchet::engine
