// The events of a run as plain data, and the turn that holds them. The bytes are in codec.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/facts.h"
#include "engine/core/values.h"

namespace ratchet::engine {

// Commands: decisions of the workflow, matched in order on replay.
struct StepScheduled {
  CommandId command = 0;
  std::string activity;
  Bytes input;
  std::uint32_t definition = 0;  // as read from a log: names the types that were current then
};
struct TimerStarted {
  CommandId command = 0;
  Time due{};
};
struct SignalAwaited {
  CommandId command = 0;
  std::string signal;
};
struct ChildStarted {
  CommandId command = 0;
  std::string run_id;
  std::string workflow;
  Bytes input;
  std::uint32_t definition = 0;  // of its types, under the workflow's name
};
// A person is asked to approve the payload.
struct GateOpened {
  CommandId command = 0;
  std::string gate;
  Bytes payload;
  std::uint32_t definition = 0;  // of its type, under the gate's name
};
// Nobody waits for the command any more: it lost a race, or the run was cancelled. What it had
// begun outside may still take place.
struct CommandCancelled {
  CommandId command = 0;
};
// Here the code took the newer of two ways: Workflow::patched.
struct PatchMarked {
  std::string patch;
  bool deprecated = false;  // the older way is gone from the code
};
struct RunCompleted {
  Bytes result;
};
struct RunFailed {
  Failure failure;
  // In place of what the workflow decided, which does not fit into a record: matched with nothing.
  bool by_engine = false;
};
// The end of this run; the same workflow goes on as another run, with an empty history.
struct ContinuedAsNew {
  std::string run_id;  // of the next run
  Bytes input;
};

// Hints: skipped by replay.
struct AttemptFailed {
  CommandId command = 0;
  std::uint32_t attempt = 0;
  Failure failure;
  std::uint32_t unrecorded = 0;   // attempts since the last recorded one
  std::string unrecorded_digest;  // SHA-256 over what they reported
};
struct Probed {
  CommandId command = 0;
  Verdict verdict = Verdict::unknown;
  std::string why;
};
// A person had the step tried again at once.
struct StepRetried {
  CommandId command = 0;
  By by;
};
struct Diverged {
  std::uint32_t turn = 0;
  std::string difference;
};
// The record of a quarantined run replays again.
struct QuarantineLifted {
  std::string build;
};
// From here on facts are held.
struct Paused {
  By by;
};
struct Resumed {
  By by;
};
// A person decided at a gate, but had not seen the payload that it asks about.
struct GateRejected {
  CommandId command = 0;
  bool approved = false;
  std::string payload_hash;  // of what that person had seen
  By by;
};
struct Note {
  std::string principal;
  std::string text;
};

// A completion that came while the run was quarantined, paused or queued; it is delivered when the
// run goes on.
struct Held {
  Fact fact;
};
// A completion that nobody waited for any more: of a step that lost a race, say.
struct LateFact {
  Fact fact;
};

using Event = std::variant<RunStarted, StepCompleted, StepFailed, TimerFired, SignalReceived,
                           StepSkipped, CancelRequested, Terminated, ChildEnded, GateDecided, Reset,
                           StepScheduled, TimerStarted, SignalAwaited, ChildStarted, GateOpened,
                           CommandCancelled, PatchMarked, RunCompleted, RunFailed, ContinuedAsNew,
                           AttemptFailed, Probed, StepRetried, Diverged, QuarantineLifted, Paused,
                           Resumed, GateRejected, Note, Held, LateFact>;

enum class EventClass : std::uint8_t { completion, command, hint };
EventClass class_of(const Event& event);
// Only hints can follow in its run.
bool ends_run(const Event& event);
// The event's name as people see it: "StepScheduled".
const char* name_of(const Event& event);
// The command that the event is, answers or is about; 0: none.
CommandId command_of(const Event& event);
CommandId command_of(const Fact& fact);
// The event as a fact; nothing if it is no completion.
std::optional<Fact> fact_of(const Event& event);
// Who acted on the run, and why; null if the event is not such an act.
const By* by_of(const Event& event);

// One record of a run: at most one completion, first; then the commands that followed; or hints.
struct Turn {
  std::uint64_t run = 0;  // the index of the run's first record
  std::uint32_t turn = 0;
  std::uint64_t epoch = 0;
  Time wall{};
  std::vector<Event> events;
  std::optional<std::uint32_t> releases;  // the turn that held the fact delivered here
};

}  // namespace ratchet::engine
