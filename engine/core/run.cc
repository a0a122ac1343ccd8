#include "engine/core/run.h"

#include <algorithm>
#include <utility>

#include <google/protobuf/message.h>

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

Run::~Run() {
  closing_ = true;
  task_.reset();
}

bool Run::expects(const Fact& fact) const {
  if (std::holds_alternative<RunStarted>(fact)) return !task_ && !ended_;
  if (ended_) return false;
  if (std::holds_alternative<Terminated>(fact)) return true;
  if (!task_) return false;
  if (std::holds_alternative<CancelRequested>(fact)) return !cancel_requested_;
  const CommandId command = command_of(fact);
  if (command == 0) return true;
  return std::holds_alternative<TimerFired>(fact) ? is_open<TimerStarted>(open_, command)
                                                  : is_open<StepScheduled>(open_, command);
}

std::vector<Decision> Run::deliver(const Fact& fact, Time now,
                                   const std::vector<const Event*>* recorded) {
  now_ = std::max(now_, now);
  recorded_ = recorded;
  std::visit([this](const auto& f) { on(f); }, fact);
  recorded_ = nullptr;
  if (!ended_ && task_ && task_->done()) finish();
  return std::exchange(decisions_, {});
}

void Run::on(const RunStarted& fact) {
  task_.emplace(type_.code(Workflow(*this), fact.input));
  task_->start();
}

void Run::on(const StepCompleted& fact) { resolve(fact.command, fact.result, std::nullopt); }
void Run::on(const StepFailed& fact) { resolve(fact.command, {}, fact.failure); }
void Run::on(const StepSkipped& fact) { resolve(fact.command, fact.result, fact.failure); }
void Run::on(const TimerFired& fact) { resolve(fact.command, {}, std::nullopt); }

void Run::on(const SignalReceived& fact) {
  const auto waiters = signal_waiters_.find(fact.signal);
  if (waiters == signal_waiters_.end() || waiters->second.empty()) {
    signals_[fact.signal].push_back(fact.value);
    return;
  }
  resolve(waiters->second.front(), fact.value, std::nullopt);
}

// Fails what was open when the request came, in the order of the commands; not what the workflow
// awaits in answer to it.
void Run::on(const CancelRequested& fact) {
  cancel_requested_ = true;
  const Failure failure{cancelled_code,
                        "cancelled by " + fact.by.principal + ": " + fact.by.reason};
  const CommandId last = last_command_;
  bool told = false;
  for (CommandId command = 1; command <= last; ++command) {
    const auto open = slots_.find(command);
    if (open == slots_.end() || open->second->shielded) continue;
    decisions_.push_back({CommandCancelled{command}, open_.at(command).where, nullptr});
    told = true;
    resolve(command, {}, failure);
  }
  if (!told) cancel_next_ = failure;
}

void Run::on(const Terminated&) {
  ended_ = true;
  closing_ = true;
  task_.reset();
  open_.clear();
  slots_.clear();
}

// Takes a command out of all that waits.
detail::Slot& Run::release(CommandId command) {
  detail::Slot& slot = *slots_.at(command);
  slot.run = nullptr;
  slots_.erase(command);
  const auto open = open_.find(command);
  if (const auto* wait = std::get_if<SignalAwaited>(&open->second.command)) {
    std::erase(signal_waiters_[wait->signal], command);
  }
  open_.erase(open);
  return slot;
}

void Run::resolve(CommandId command, const Bytes& bytes, const std::optional<Failure>& failure) {
  detail::Slot& slot = release(command);
  slot.bytes = bytes;
  slot.failure = failure;
  slot.waiter.resume();
}

void Run::abandon(detail::Slot& slot) noexcept {
  if (closing_) return;
  decisions_.push_back({CommandCancelled{slot.command}, open_.at(slot.command).where, nullptr});
  release(slot.command);
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
  closing_ = true;
  task_.reset();
  slots_.clear();
}

// A pending cancellation fails the await instead of giving its command.
bool Run::cancelled_at_once(detail::Slot& slot) {
  if (slot.shielded || !cancel_next_) return false;
  slot.failure = std::exchange(cancel_next_, std::nullopt);
  return true;
}

void Run::wait(CommandId command, detail::Slot& slot, Decision decision) {
  slot.run = this;
  slot.command = command;
  slots_[command] = &slot;
  open_.emplace(command, std::move(decision));
}

bool Run::step(const ActivityInfo& activity, Bytes input, detail::Slot& slot,
               const std::source_location& where) {
  if (cancelled_at_once(slot)) return true;
  const CommandId command = ++last_command_;
  decisions_.push_back(
      {StepScheduled{command, activity.name, std::move(input), 0}, where, &activity});
  wait(command, slot, decisions_.back());
  return false;
}

bool Run::timer(Duration after, detail::Slot& slot, const std::source_location& where) {
  if (cancelled_at_once(slot)) return true;
  const CommandId command = ++last_command_;
  decisions_.push_back({TimerStarted{command, now_ + after}, where, nullptr});
  wait(command, slot, decisions_.back());
  return false;
}

bool Run::signal(const char* name, detail::Slot& slot, const std::source_location& where) {
  if (cancelled_at_once(slot)) return true;
  const CommandId command = ++last_command_;
  decisions_.push_back({SignalAwaited{command, name}, where, nullptr});
  auto& received = signals_[name];
  if (!received.empty()) {
    slot.bytes = std::move(received.front());
    received.pop_front();
    return true;
  }
  wait(command, slot, decisions_.back());
  signal_waiters_[name].push_back(command);
  return false;
}

bool Run::patched(const std::string& patch, bool deprecated, const std::source_location& where) {
  if (const auto known = patches_.find(patch); known != patches_.end()) return known->second;
  const bool newer =
      recorded_ == nullptr || std::ranges::any_of(*recorded_, [&](const Event* event) {
        const auto* marked = std::get_if<PatchMarked>(event);
        return marked != nullptr && marked->patch == patch;
      });
  patches_[patch] = newer;
  if (newer) decisions_.push_back({PatchMarked{patch, deprecated}, where, nullptr});
  return newer;
}

void Run::expose(const std::string& name, const google::protobuf::Message& value) {
  exposed_[name] = {value.GetDescriptor(), value.SerializeAsString()};
}

}  // namespace ratchet::engine
