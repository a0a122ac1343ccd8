#include "engine/core/run.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <google/protobuf/message.h>

#include "store/merkle.h"

namespace ratchet::engine {

namespace {

// A damaged log may answer a command with the fact of another kind.
template <class Command>
bool is_open(const OpenCommands& open, CommandId command) {
  const auto it = open.find(command);
  return it != open.end() && std::holds_alternative<Command>(it->second.command);
}

}  // namespace

OpenCommands::const_iterator OpenCommands::find(CommandId command) const {
  const auto at = std::ranges::lower_bound(entries_, command, {}, &Entry::first);
  if (at == entries_.end() || at->first != command) return entries_.end();
  return at;
}

void OpenCommands::set_payload(CommandId command, const Bytes& payload) {
  const auto at = std::ranges::lower_bound(entries_, command, {}, &Entry::first);
  if (at == entries_.end() || at->first != command) return;
  Event& event = at->second.command;
  if (auto* step = std::get_if<StepScheduled>(&event)) step->input = payload;
  if (auto* child = std::get_if<ChildStarted>(&event)) child->input = payload;
  if (auto* gate = std::get_if<GateOpened>(&event)) gate->payload = payload;
}

Run::Run(std::string run_id, const WorkflowType& type) : run_id_(std::move(run_id)), type_(type) {}

Run::~Run() {
  closing_ = true;
  task_.reset();
}

bool Run::expects(const Fact& fact) const {
  if (std::holds_alternative<RunStarted>(fact)) return !task_ && !ended_;
  if (ended_) return false;
  if (std::holds_alternative<Terminated>(fact) || std::holds_alternative<Reset>(fact)) return true;
  if (!task_) return false;
  if (std::holds_alternative<CancelRequested>(fact)) return !cancel_requested_;
  const CommandId command = command_of(fact);
  if (command == 0) return true;
  if (std::holds_alternative<TimerFired>(fact)) return is_open<TimerStarted>(open_, command);
  if (std::holds_alternative<ChildEnded>(fact)) return is_open<ChildStarted>(open_, command);
  if (std::holds_alternative<GateDecided>(fact)) return is_open<GateOpened>(open_, command);
  return is_open<StepScheduled>(open_, command);
}

std::vector<Decision> Run::deliver(const Fact& fact, Time now,
                                   const std::vector<const Event*>* recorded) {
  now_ = std::max(now_, now);
  ++facts_;
  recorded_ = recorded;
  std::visit([this](const auto& f) { on(f); }, fact);
  recorded_ = nullptr;
  if (!ended_ && task_ && (next_run_ || task_->done())) finish();
  return std::exchange(decisions_, {});
}

void Run::on(const RunStarted& fact) {
  definition_ = fact.definition;
  for (const SignalReceived& earlier : fact.signals) {
    signals_[earlier.signal].push_back(earlier.value);
  }
  task_.emplace(type_.code(Workflow(*this), fact.input));
  task_->start();
}

void Run::on(const StepCompleted& fact) { resolve(fact.command, fact.result, std::nullopt); }
void Run::on(const ChildEnded& fact) { resolve(fact.command, fact.result, fact.failure); }
void Run::on(const GateDecided& fact) {
  resolve(fact.command, detail::keep({fact.approved, fact.by}), std::nullopt);
}
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
    const detail::Slot* slot = waiting(command);
    if (slot == nullptr || slot->shielded) continue;
    cancel(command);
    told = true;
    resolve(command, {}, failure);
  }
  if (!told) cancel_next_ = std::make_unique<Failure>(failure);
}

void Run::on(const Terminated&) { end(); }

void Run::on(const Reset&) { end(); }

// None of the run's code is executed any more.
void Run::end() {
  ended_ = true;
  closing_ = true;
  task_.reset();
  open_.clear();
  slots_.clear();
}

// Where the answer to the command goes; null if nobody waits for one.
detail::Slot* Run::waiting(CommandId command) const {
  const auto at = std::ranges::lower_bound(slots_, command, {}, &detail::Slot::command);
  return at != slots_.end() && (*at)->command == command ? *at : nullptr;
}

// Takes a command out of all that waits. It is open.
detail::Slot& Run::release(CommandId command) {
  const auto open = open_.find(command);
  detail::Slot* const waits = waiting(command);
  if (open == open_.end() || waits == nullptr) std::abort();
  detail::Slot& slot = *waits;
  slot.run = nullptr;
  std::erase(slots_, waits);
  if (const auto* wait = std::get_if<SignalAwaited>(&open->second.command)) {
    std::erase(signal_waiters_[wait->signal], command);
  }
  open_.erase(open);
  return slot;
}

void Run::resolve(CommandId command, const Bytes& bytes, const Rare<Failure>& failure) {
  detail::Slot& slot = release(command);
  slot.bytes = bytes;
  slot.failure = failure;
  slot.waiter.resume();
}

void Run::abandon(detail::Slot& slot) noexcept {
  if (closing_) return;
  cancel(slot.command);
  release(slot.command);
}

void Run::cancel(CommandId command) {
  const auto given = open_.find(command);
  if (given == open_.end()) std::abort();
  decide(CommandCancelled{command}, given->second.where);
}

void Run::finish() {
  ended_ = true;
  if (next_run_) {
    task_.reset();  // cancels what else is awaited
    decisions_.push_back(std::move(*next_run_));
    return;
  }
  const auto here = std::source_location::current();
  try {
    decide(RunCompleted{task_->result()}, here);
  } catch (const StepFailure& failure) {
    decide(RunFailed{recordable(failure.failure())}, here);
  } catch (const std::exception& error) {
    decide(RunFailed{recordable({"workflow_error", error.what()})}, here);
  } catch (...) {
    decide(RunFailed{{"workflow_error", "it threw something that is no std::exception"}}, here);
  }
  closing_ = true;
  task_.reset();
  slots_.clear();
}

void Run::decide(Event command, const std::source_location& where, const ActivityInfo* activity) {
  decisions_.emplace_back(std::move(command), where, activity);
}

// A pending cancellation fails the await instead of giving its command.
bool Run::cancelled_at_once(detail::Slot& slot) {
  if (slot.shielded || !cancel_next_) return false;
  slot.failure = std::move(*cancel_next_);
  cancel_next_.reset();
  return true;
}

// The command that was just given is answered in the slot. It is the greatest by now.
bool Run::wait(detail::Slot& slot) {
  slot.run = this;
  slot.command = last_command_;
  slots_.push_back(&slot);
  open_.add(last_command_, decisions_.back());
  return false;
}

bool Run::step(const ActivityInfo& activity, Bytes input, detail::Slot& slot,
               const std::source_location& where) {
  if (cancelled_at_once(slot)) return true;
  slot.shielded = slot.shielded || lands_once(activity.effect);
  decide(StepScheduled{++last_command_, activity.name, std::move(input), 0}, where, &activity);
  return wait(slot);
}

bool Run::timer(Duration after, detail::Slot& slot, const std::source_location& where) {
  if (cancelled_at_once(slot)) return true;
  // What no clock can show is never due.
  const Time due = after < Time::max() - now_ ? now_ + after : Time::max();
  decide(TimerStarted{++last_command_, due}, where);
  return wait(slot);
}

bool Run::child(const ActivityInfo& workflow, Bytes input, detail::Slot& slot,
                const std::source_location& where) {
  if (cancelled_at_once(slot)) return true;
  const CommandId command = ++last_command_;
  decide(ChildStarted{command, child_run_id(run_id_, command), workflow.name, std::move(input), 0},
         where, &workflow);
  return wait(slot);
}

bool Run::gate(const ActivityInfo& gate, Bytes payload, detail::Slot& slot,
               const std::source_location& where) {
  if (cancelled_at_once(slot)) return true;
  decide(GateOpened{++last_command_, gate.name, std::move(payload), 0}, where, &gate);
  return wait(slot);
}

bool Run::signal(const char* name, detail::Slot& slot, const std::source_location& where) {
  if (cancelled_at_once(slot)) return true;
  decide(SignalAwaited{++last_command_, name}, where);
  auto& received = signals_[name];
  if (!received.empty()) {
    slot.bytes = std::move(received.front());
    received.pop_front();
    return true;
  }
  signal_waiters_[name].push_back(last_command_);
  return wait(slot);
}

void Run::continue_as_new(Bytes input, const std::source_location& where) {
  if (next_run_) return;
  next_run_ = std::make_unique<Decision>(ContinuedAsNew{next_run_id(run_id_), std::move(input)},
                                         where, nullptr);
}

bool Run::patched(const std::string& patch, bool deprecated, const std::source_location& where) {
  if (const auto known = patches_.find(patch); known != patches_.end()) return known->second;
  const bool newer =
      recorded_ == nullptr || std::ranges::any_of(*recorded_, [&](const Event* event) {
        const auto* marked = std::get_if<PatchMarked>(event);
        return marked != nullptr && marked->patch == patch;
      });
  patches_[patch] = newer;
  if (newer) decide(PatchMarked{patch, deprecated}, where);
  return newer;
}

void Run::expose(const std::string& name, const google::protobuf::Message& value) {
  exposed_[name] = {value.GetDescriptor(), value.SerializeAsString()};
}

std::string child_run_id(const std::string& parent, CommandId command) {
  return parent + "/" + std::to_string(command);
}

std::string next_run_id(const std::string& run_id) {
  const std::size_t mark = run_id.rfind('~');
  const std::string number = mark == std::string::npos ? "" : run_id.substr(mark + 1);
  const bool counted = !number.empty() && number.size() < 10 &&
                       number.find_first_not_of("0123456789") == std::string::npos;
  if (!counted) return run_id + "~2";
  return run_id.substr(0, mark + 1) + std::to_string(std::stoul(number) + 1);
}

namespace {
constexpr std::string_view reset_mark = ".reset-";
}

std::string first_run_id(const std::string& run_id) {
  const std::size_t at = run_id.rfind(reset_mark);
  if (at == std::string::npos || at + reset_mark.size() == run_id.size()) return run_id;
  const std::size_t other = run_id.find_first_not_of("0123456789", at + reset_mark.size());
  return other == std::string::npos ? run_id.substr(0, at) : run_id;
}

std::string reset_run_id(const std::string& run_id, std::uint32_t number) {
  return first_run_id(run_id) + std::string(reset_mark) + std::to_string(number);
}

std::string hash_of(const GateOpened& gate) {
  const store::Hash hash = store::sha256(gate.payload);
  return std::string(hash.begin(), hash.end());
}

namespace detail {

Bytes keep(const GateAnswer& answer) {
  return (answer.approved ? "y" : "n") + answer.by.principal + '\0' + answer.by.reason;
}

GateAnswer gate_answer(const Bytes& kept) {
  const std::size_t end = kept.find('\0');
  return {kept.front() == 'y', {kept.substr(1, end - 1), kept.substr(end + 1)}};
}

}  // namespace detail

}  // namespace ratchet::engine
