// The small words of which events are made: time, ids, effects, states, failures.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

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

// Its effect takes place at most once: whether it did must be known before anything else is done.
constexpr bool lands_once(Effect effect) {
  return effect != Effect::read && effect != Effect::idempotent;
}

// What a probe found out about an attempt that can no longer land.
enum class Verdict : std::uint8_t { done = 1, not_done = 2, unknown = 3 };

enum class RunState : std::uint8_t {
  running = 1,
  completed = 2,
  failed = 3,
  quarantined = 4,  // its code and its record part; facts are held
  cancelled = 5,    // ended as asked: its compensation ran
  terminated = 6,   // ended by a person, at once: none of its code ran
  paused = 7,       // by a person; facts are held
  queued = 8,       // waits for its turn among the runs of its workflow
  continued = 9     // ended; a new run goes on in its place
};
// Nothing but hints can follow.
constexpr bool has_ended(RunState state) {
  return state == RunState::completed || state == RunState::failed ||
         state == RunState::cancelled || state == RunState::terminated ||
         state == RunState::continued;
}

// Why something failed for good. `code` is for programs, `message` for people: what, where, what
// to do.
struct Failure {
  std::string code;
  std::string message;

  bool operator==(const Failure&) const = default;
};
// The code of the failure by which a workflow learns that its run was cancelled.
inline constexpr const char* cancelled_code = "cancelled";
// The code of the failure of a run whose decisions do not fit into a record.
inline constexpr const char* too_large_code = "turn_too_large";

// Of either, and of what is told of a divergence, in what is newly recorded: texts do not move out
// of a record as payloads do, so that one which is too long would leave nothing recorded.
inline constexpr std::size_t most_code_bytes = 256;
inline constexpr std::size_t most_message_bytes = 16'384;
// To so many bytes, cut between two characters of UTF-8; a "…" tells of it. Bytes that are no UTF-8
// become U+FFFD first (utf8.h).
void shorten(std::string& text, std::size_t most);
// The failure as it can be recorded.
Failure recordable(Failure failure);

// Who did something to a run, and why. Recorded with it.
struct By {
  std::string principal;
  std::string reason;

  bool operator==(const By&) const = default;
};
// Of each of the two, in what is newly recorded.
inline constexpr std::size_t most_reason_bytes = 4096;

// A detached signature as it was given or recorded: whose it is said to be, and its bytes. It says
// nothing before it was checked: engine/core/approval.h.
struct Signature {
  std::string signer;
  std::string bytes;

  bool operator==(const Signature&) const = default;
};

// Serialised protobuf, kept as it was written.
using Bytes = std::string;

}  // namespace ratchet::engine
