// The events of a run as plain data, and the turn that holds them. The bytes are in codec.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ratchet::engine {

// Wall time with the resolution that the log keeps.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

// Names one command of a run. Given in the order of awaiting, from 1.
using CommandId = std::uint32_t;

// What may happen when an activity runs more than once; docs/EFFECTS.md lists every activity's.
enum class Effect : std::uint8_t {
  read = 1,         // changes nothing
  idempotent = 2,   // may repeat, same end
  conditional = 3,  // carries a precondition that its first success consumes
  fenced = 4,       // a newer attempt has provably shut out the older
  manual = 5        // in doubt, a person decides
};

// What a probe found out about an attempt that can no longer land.
enum class Verdict : std::uint8_t { done = 1, not_done = 2, unknown = 3 };

enum class RunState : std::uint8_t { running = 1, completed = 2, failed = 3, quarantined = 4 };

// Why something failed for good. `code` is for programs, `message` for people: what, where, what
// to do.
struct Failure {
  std::string code;
  std::string message;

  bool operator==(const Failure&) const = default;
};

// Serialised protobuf, kept as it was written.
using Bytes = std::string;

// Completions: facts from outside; their order is part of the history.
struct RunStarted {
  std::string run_id;
  std::string workflow;
  std::uint32_t version = 0;
  Bytes input;
  std::string principal;
  std::uint32_t definition = 0;  // as read from a log: names the types that were current then
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
struct SignalReceived {
  std::string signal;
  Bytes value;
  std::string principal;
};

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
struct RunCompleted {
  Bytes result;
};
struct RunFailed {
  Failure failure;
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
struct Diverged {
  std::uint32_t turn = 0;
  std::string difference;
};
struct Note {
  std::string principal;
  std::string text;
};

// A completion that came while the run was quarantined; it is delivered when the run goes on.
using Fact = std::variant<RunStarted, StepCompleted, StepFailed, TimerFired, SignalReceived>;
struct Held {
  Fact fact;
};

using Event = std::variant<RunStarted, StepCompleted, StepFailed, TimerFired, SignalReceived,
                           StepScheduled, TimerStarted, SignalAwaited, RunCompleted, RunFailed,
                           AttemptFailed, Probed, Diverged, Note, Held>;

enum class EventClass : std::uint8_t { completion, command, hint };
EventClass class_of(const Event& event);
// The event's name as people see it: "StepScheduled".
const char* name_of(const Event& event);

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
