#include "engine/core/open_run.h"

#include <algorithm>

#include "ratchet/v1/log.pb.h"
#include "store/log.h"

namespace ratchet::engine {

namespace {

[[noreturn]] void corrupt() {
  throw store::Error(store::Fault::corrupt,
                     "the entry of an open run cannot be decoded; `ratchetctl rebuild` makes it "
                     "anew from the records");
}

v1::OpenRun parse(std::string_view value) {
  v1::OpenRun m;
  if (!m.ParseFromArray(value.data(), static_cast<int>(value.size()))) corrupt();
  return m;
}

}  // namespace

void OpenRun::begin(const RunStarted& started) {
  run_id_ = started.run_id;
  key_ = started.origin->key;
  child_ = !started.origin->parent.empty();
}

void OpenRun::apply(const Event& event) {
  if (const auto* started = std::get_if<RunStarted>(&event)) {
    begin(*started);
  } else if (const auto* step = std::get_if<StepScheduled>(&event)) {
    steps_.push_back(step->command);
  } else if (const auto* child = std::get_if<ChildStarted>(&event)) {
    steps_.push_back(child->command);
  } else if (const auto* timer = std::get_if<TimerStarted>(&event)) {
    timers_.push_back({timer->command, timer->due});
    timers_written_ = false;
  } else if (const auto* held = std::get_if<Held>(&event)) {
    ++held_;
    if (const auto* queued = std::get_if<RunStarted>(&held->fact)) begin(*queued);
  } else if (std::holds_alternative<Diverged>(event)) {
    quarantined_ = true;
  } else if (std::holds_alternative<QuarantineLifted>(event)) {
    quarantined_ = false;
  } else if (ends_run(event)) {
    ended_ = true;
  } else if (class_of(event) == EventClass::completion ||
             std::holds_alternative<CommandCancelled>(event)) {
    close(command_of(event));
  } else if (class_of(event) == EventClass::command &&
             !std::holds_alternative<SignalAwaited>(event) &&
             !std::holds_alternative<GateOpened>(event) &&
             !std::holds_alternative<PatchMarked>(event)) {
    unknown_ = true;
  }
}

void OpenRun::close(CommandId command) {
  std::erase(steps_, command);
  const auto closed = [command](const OpenTimer& timer) { return timer.command == command; };
  if (std::erase_if(timers_, closed) > 0) timers_written_ = false;
}

std::vector<OpenTimer> OpenRun::timers_dropped_by(const Turn& turn) const {
  std::vector<OpenTimer> dropped;
  for (const OpenTimer& timer : timers_) {
    const auto fires = [&timer](const Event& event) {
      return std::holds_alternative<TimerFired>(event) && command_of(event) == timer.command;
    };
    const auto drops = [&timer](const Event& event) {
      const auto* cancelled = std::get_if<CommandCancelled>(&event);
      return cancelled != nullptr ? cancelled->command == timer.command : ends_run(event);
    };
    if (std::ranges::any_of(turn.events, fires)) continue;
    if (std::ranges::any_of(turn.events, drops)) dropped.push_back(timer);
  }
  return dropped;
}

bool OpenRun::fold(const Turn& turn) {
  if (turn.releases && held_ > 0) --held_;
  for (const Event& event : turn.events) apply(event);
  must_act_ = quarantined_ || child_ || unknown_ || held_ > 0 || !steps_.empty();
  const bool same =
      written_ && !ended_ && must_act_ == written_must_act_ && (must_act_ || timers_written_);
  if (same) return false;
  const bool was_written = std::exchange(written_, !ended_);
  written_must_act_ = must_act_;
  timers_written_ = !must_act_;
  return was_written || written_;
}

std::optional<std::string> OpenRun::encode() const {
  if (ended_) return std::nullopt;
  v1::OpenRun m;
  m.set_run_id(run_id_);
  m.set_key(key_);
  m.set_must_act(must_act_);
  m.set_awaits_release(awaits_release_);
  if (must_act_) return m.SerializeAsString();
  for (const OpenTimer& timer : timers_) {
    auto& t = *m.add_timers();
    t.set_command(timer.command);
    t.set_due_us(timer.due.time_since_epoch().count());
  }
  return m.SerializeAsString();
}

std::string open_run_key(std::uint64_t run) {
  std::string key{open_run_prefix};
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(run >> shift));
  return key;
}

OpenRunEntry decode_open_run(std::string_view key, std::string_view value) {
  if (key.size() != open_run_prefix.size() + 8) corrupt();
  const v1::OpenRun m = parse(value);
  OpenRunEntry entry{0, m.run_id(), m.key(), !m.must_act(), {}, m.awaits_release()};
  for (const char byte : key.substr(open_run_prefix.size())) {
    entry.run = entry.run << 8 | static_cast<std::uint8_t>(byte);
  }
  for (const auto& timer : m.timers()) {
    entry.timers.push_back({timer.command(), Time{Duration{timer.due_us()}}});
  }
  return entry;
}

std::string with_release_awaited(std::string_view value, bool awaits) {
  v1::OpenRun m = parse(value);
  m.set_awaits_release(awaits);
  return m.SerializeAsString();
}

}  // namespace ratchet::engine
