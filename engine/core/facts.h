// Completions: what comes to a run from outside, as plain data.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/rare.h"
#include "engine/core/values.h"

namespace ratchet::engine {

// Why a run was started, beyond who did it.
struct Origin {
  std::string key;               // one open run per key; empty: none
  std::string parent;            // the run id of the parent; empty: none
  CommandId parent_command = 0;  // by which the parent waits for it
  std::string previous;          // the run id of the run that continued as this one; empty: none
  // If the previous run was reset (Engine::reset): how many of its turns are kept, and with how
  // many turns this run begins: those, then what signals came later, held.
  std::uint32_t kept = 0;
  std::uint32_t copied = 0;

  bool operator==(const Origin&) const = default;
};

struct SignalReceived {
  std::string signal;
  Bytes value;
  std::string principal;
  std::string reason{};  // of a person; programs that send signals give none
};
struct RunStarted {
  std::string run_id;
  std::string workflow;
  std::uint32_t version = 0;
  Bytes input;
  std::string principal;
  std::uint32_t definition = 0;  // as read from a log: names the types that were current then
  Usual<Origin> origin;
  // What the run that it goes on from had received and not awaited.
  std::vector<SignalReceived> signals{};
};
struct StepCompleted {
  CommandId command = 0;
  Bytes result;
  std::uint32_t attempts = 0;
  bool found_done = false;  // by a probe, not by the attempt's own answer
};
struct StepFailed {
  CommandId command = 0;
  Failure failure;
  std::uint32_t attempts = 0;
};
struct TimerFired {
  CommandId command = 0;
};
// A person gave a stuck step its outcome.
struct StepSkipped {
  CommandId command = 0;
  Bytes result;
  Rare<Failure> failure;  // absent: it counts as done, with the result
  By by;
};
// The run's open awaits fail with cancelled_code; its compensation runs.
struct CancelRequested {
  By by;
};
// The end of the run; none of its code runs.
struct Terminated {
  By by;
};
// The end of the run by a person: another goes on from its first `kept` turns.
struct Reset {
  std::string run_id;  // of the run that goes on
  std::uint32_t kept = 0;
  By by;
};

// A child has ended; after continuing as new, the last of its successors has.
struct ChildEnded {
  CommandId command = 0;
  std::string run_id;
  Bytes result;
  Rare<Failure> failure;  // absent: it completed
};
// A person decided at a gate, having seen the payload with this hash.
struct GateDecided {
  CommandId command = 0;
  bool approved = false;
  std::string payload_hash;
  By by;
  Rare<Signature> signature{};  // that came with an approval
};

using Fact = std::variant<RunStarted, StepCompleted, StepFailed, TimerFired, SignalReceived,
                          StepSkipped, CancelRequested, Terminated, ChildEnded, GateDecided, Reset>;

}  // namespace ratchet::engine
