#include "engine/core/run.h"

#include <utility>

namespace ratchet::engine {

namespace {

// A damaged log may answer a command with the fact of another kind.
template <class Command>
bool is_open(const std::map<CommandId, Decision>& open, CommandId command) {
  const auto it = open.find(command);
  return it != open.end() && std::holds_alternative<Command>(it->second.command);
}

}  // namespace

Run::Run(std::string run_id, const WorkflowType& type) : run_id_(std::move(run_id)), type_(type) {}

bool Run::expects(const Fact& fact) const {
  if (std::holds_alternative<RunStarted>(fact)) return !task_ && !ended_;
  if (ended_ || !task_) return false;
  if (const auto* done = std::get_if<StepCompleted>(&fact)) {
    return is_open<StepScheduled>(open_, done->command);
  }
  if (const auto* failed = std::get_if<StepFailed>(&fact)) {
    return is_open<StepScheduled>(open_, failed->command);
  }
  if (const auto* fired = std::get_if<TimerFired>(&fact)) {
    return is_open<TimerStarted>(open_, fired->command);
  }
  return true;
}

std::vector<Decision> Run::deliver(const Fact& fact, Time now) {
  now_ = std::max(now_, now);
  if (const auto* started = std::get_if<RunStarted>(&fact)) {
    start(*started);
  } else if (const auto* done = std::get_if<StepCompleted>(&fact)) {
    resolve(done->command, done->result, std::nullopt);
  } else if (const auto* failed = std::get_if<StepFailed>(&fact)) {
    resolve(failed->command, {}, failed->failure);
  } else if (const auto* fired = std::get_if<TimerFired>(&fact)) {
    resolve(fired->command, {}, std::nullopt);
  } else {
    receive(std::get<SignalReceived>(fact));
  }
  if (!ended_ && task_ && task_->done()) finish();
  return std::exchange(decisions_, {});
}

void Run::start(const RunStarted& fact) {
  task_.emplace(type_.code(Workflow(*this), fact.input));
  task_->start();
}

void Run::resolve(CommandId command, const Bytes& bytes, const std::optional<Failure>& failure) {
  const auto it = slots_.find(command);
  detail::Slot& slot = *it->second;
  slots_.erase(it);
  open_.erase(command);
  slot.bytes = bytes;
  slot.failure = failure;
  slot.waiter.resume();
}

void Run::receive(const SignalReceived& fact) {
  auto& waiters = signal_waiters_[fact.signal];
  if (waiters.empty()) {
    signals_[fact.signal].push_back(fact.value);
    return;
  }
  const CommandId command = waiters.front();
  waiters.pop_front();
  resolve(command, fact.value, std::nullopt);
}

void Run::finish() {
  ended_ = true;
  const auto here = std::source_location::current();
  try {
    decisions_.push_back({RunCompleted{task_->result()}, here, nullptr});
  } catch (const StepFailure& failure) {
    decisions_.push_back({RunFailed{failure.failure()}, here, nullptr});
  } catch (const std::exception& error) {
    decisions_.push_back({RunFailed{{"workflow_error", error.what()}}, here, nullptr});
  }
}

void Run::step(const ActivityInfo& activity, Bytes input, detail::Slot& slot,
               const std::source_location& where) {
  const CommandId command = ++last_command_;
  slots_[command] = &slot;
  Decision decision{StepScheduled{command, activity.name, std::move(input), 0}, where, &activity};
  open_.emplace(command, decision);
  decisions_.push_back(std::move(decision));
}

void Run::timer(Duration after, detail::Slot& slot, const std::source_location& where) {
  const CommandId command = ++last_command_;
  slots_[command] = &slot;
  Decision decision{TimerStarted{command, now_ + after}, where, nullptr};
  open_.emplace(command, decision);
  decisions_.push_back(std::move(decision));
}

bool Run::signal(const char* name, detail::Slot& slot, const std::source_location& where) {
  const CommandId command = ++last_command_;
  Decision decision{SignalAwaited{command, name}, where, nullptr};
  decisions_.push_back(decision);
  auto& received = signals_[name];
  if (!received.empty()) {
    slot.bytes = std::move(received.front());
    received.pop_front();
    return true;
  }
  slots_[command] = &slot;
  open_.emplace(command, std::move(decision));
  signal_waiters_[name].push_back(command);
  return false;
}

}  // namespace ratchet::engine
