// Performs steps: attempts, time-outs, retries, and probes of what is in doubt. The one place
// where anything is retried. Knows nothing of runs but their numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "engine/core/event.h"
#include "engine/runtime/handlers.h"
#include "engine/runtime/host.h"

namespace ratchet::engine {

class Anchoring;

// A step whose intent is durable.
struct StepToPerform {
  std::uint64_t run = 0;
  std::string run_id;
  CommandId command = 0;
  std::string activity;
  Bytes input;
  Time since{};                // when the intent was recorded; overall time-outs count from it
  std::uint64_t intent = 0;    // index of a record at or after the intent
  std::uint32_t attempts = 0;  // recorded so far
  bool interrupted = false;    // an attempt may have been under way when the process ended
  // An irreversible one whose intent an earlier process had anchored: only then it may have begun.
  bool may_have_begun = false;
  Time asked{};  // since when a person is asked whether it had its effect, by the record
};

// On the engine's thread.
class Performer {
 public:
  struct Out {
    std::function<void(std::uint64_t run, Fact outcome)> outcome;
    std::function<void(std::uint64_t run, Event hint)> hint;
  };
  Performer(Host& host, const Handlers& handlers, Anchoring& anchoring, Out out);
  ~Performer();
  Performer(const Performer&) = delete;
  Performer& operator=(const Performer&) = delete;

  void perform(StepToPerform step);
  // Nobody waits for the step any more: it is not tried again. The answer of an attempt that is
  // under way is still reported.
  void cancel(std::uint64_t run, CommandId command);
  // True if the step waits for its next attempt or for a person.
  bool is_stuck(std::uint64_t run, CommandId command) const;
  // Ends that wait at once, as a person asked.
  void retry(std::uint64_t run, CommandId command);
  // Forgets the steps of a run; answers still to come are ignored.
  void forget(std::uint64_t run);
  // What the step is doing: "attempt 3 running", "attempt 4 in 8 s after …", "waits for a person".
  std::string status(std::uint64_t run, CommandId command) const;

 private:
  class Step;
  struct Alarm;
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace ratchet::engine
