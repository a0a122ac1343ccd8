// The projection open/<run>: the runs that have not ended, and what those that only wait are
// waiting for, as data. With it a log is open without a replay, and a run that waits needs no
// coroutine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/event.h"

namespace ratchet::engine {

struct OpenTimer {
  CommandId command = 0;
  Time due{};
};

// What the turns of a run say about its commands, folded one by one.
class OpenRun {
 public:
  // Applies a turn. True if the projection changed: then it is written with that turn.
  bool fold(const Turn& turn);
  // The timers that are open and that nobody waits for after this turn, which is not folded yet;
  // but for one that fires in it.
  std::vector<OpenTimer> timers_dropped_by(const Turn& turn) const;

  // It waits for timers and signals, and for nothing that somebody must do: nothing of it is
  // needed in memory but its timers.
  bool suspended() const { return !ended_ && !must_act_; }
  bool ended() const { return ended_; }
  // The commands of its open steps and children, in rising order.
  const std::vector<CommandId>& steps_and_children() const { return steps_; }

  // Since a person accepted the log nothing is done for the run, until it is released.
  void await_release() { awaits_release_ = true; }
  void let_go() { awaits_release_ = false; }
  bool awaits_release() const { return awaits_release_; }

  // The projection's value, or nothing: an ended run has none.
  std::optional<std::string> encode() const;

 private:
  void apply(const Event& event);
  void begin(const RunStarted& started);
  void close(CommandId command);

  std::string run_id_;
  std::string key_;
  std::vector<CommandId> steps_;  // and children
  std::vector<OpenTimer> timers_;
  std::size_t held_ = 0;
  bool quarantined_ = false;
  bool child_ = false;    // its parent may have gone
  bool unknown_ = false;  // a command that this class was not taught: somebody may have to act
  bool must_act_ = false;
  bool ended_ = false;
  bool awaits_release_ = false;
  bool timers_written_ = false;  // as they are
  bool written_ = false;
  bool written_must_act_ = false;
};

// What is read back from the projection.
struct OpenRunEntry {
  std::uint64_t run = 0;
  std::string run_id;
  std::string key;  // empty: none
  bool suspended = false;
  std::vector<OpenTimer> timers;  // of a suspended run
  bool awaits_release = false;
};

std::string open_run_key(std::uint64_t run);
// Throws store::Error (corrupt).
OpenRunEntry decode_open_run(std::string_view key, std::string_view value);
// The same value, but for whether the run awaits its release. Throws store::Error (corrupt).
std::string with_release_awaited(std::string_view value, bool awaits);
inline constexpr std::string_view open_run_prefix = "open/";

}  // namespace ratchet::engine
