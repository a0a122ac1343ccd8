// Run: one execution of a workflow as a pure machine. Facts in, decisions out; no I/O, clock or
// thread. Replay is the same machine, fed with recorded facts.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/activity.h"
#include "engine/core/definitions.h"
#include "engine/core/event.h"
#include "engine/core/workflow.h"

namespace ratchet::engine {

// One command that the workflow gave, and where in its code.
struct Decision {
  Event command;
  std::source_location where;
  const ActivityInfo* activity = nullptr;  // name and types of a step, child or gate
};

// The commands that a run waits for, by id; to be looked through as a map is. They are few, given
// in rising order, and some come and go at every turn: a vector keeps its memory where a map would
// return and ask for it each time. What it gives out is good until the run's next turn.
class OpenCommands {
 public:
  using Entry = std::pair<CommandId, Decision>;
  using const_iterator = std::vector<Entry>::const_iterator;

  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  const_iterator find(CommandId command) const;
  bool contains(CommandId command) const { return find(command) != end(); }

  // `command` is greater than all that are open.
  void add(CommandId command, const Decision& decision) {
    entries_.emplace_back(command, decision);
  }
  void erase(const_iterator at) { entries_.erase(at); }
  void set_payload(CommandId command, const Bytes& payload);  // if it is open
  void clear() { entries_.clear(); }

 private:
  std::vector<Entry> entries_;
};

// After this many facts should_continue_as_new() holds. Part of what is replayed: never changed.
inline constexpr std::uint32_t long_history = 10'000;

// A value that a workflow shows to whoever queries its run.
struct Exposed {
  const google::protobuf::Descriptor* type = nullptr;  // as long as the program
  Bytes value;
};
using ExposedValues = std::map<std::string, Exposed>;

class Run final : private detail::Awaiting {
 public:
  // `type` must outlive the run.
  Run(std::string run_id, const WorkflowType& type);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Delivers one fact, runs the workflow until it waits again, and returns what it decided, in
  // order. The fact must be expected. `now` is the time at which the fact is recorded and never
  // decreases. On replay `recorded` holds the turn's commands in the log: which patches to take.
  std::vector<Decision> deliver(const Fact& fact, Time now,
                                const std::vector<const Event*>* recorded = nullptr);

  // True if the fact is of a command that is open, or a signal, or the start of a run that has
  // not started, or the first request to cancel it, or its termination; otherwise it is late or a
  // duplicate.
  bool expects(const Fact& fact) const;

  // On replay: the command, if it is open, is performed and shown with the payload that it was
  // recorded with.
  void keep_payload(CommandId command, const Bytes& recorded) {
    open_.set_payload(command, recorded);
  }

  bool ended() const { return ended_; }
  // Of its workflow, if its start was read from a log; 0: it was not.
  std::uint32_t definition() const { return definition_; }
  // How many facts were delivered.
  std::uint32_t facts() const { return facts_; }
  // What the run waits for.
  const OpenCommands& open() const { return open_; }
  // What the workflow shows, as of the last delivered fact.
  const ExposedValues& exposed() const { return exposed_; }

 private:
  bool step(const ActivityInfo& activity, Bytes input, detail::Slot& slot,
            const std::source_location& where) override;
  bool timer(Duration after, detail::Slot& slot, const std::source_location& where) override;
  bool signal(const char* name, detail::Slot& slot, const std::source_location& where) override;
  bool child(const ActivityInfo& workflow, Bytes input, detail::Slot& slot,
             const std::source_location& where) override;
  bool gate(const ActivityInfo& gate, Bytes payload, detail::Slot& slot,
            const std::source_location& where) override;
  void continue_as_new(Bytes input, const std::source_location& where) override;
  void abandon(detail::Slot& slot) noexcept override;
  bool patched(const std::string& patch, bool deprecated,
               const std::source_location& where) override;
  void expose(const std::string& name, const google::protobuf::Message& value) override;
  Time now() const override { return now_; }
  const std::string& run_id() const override { return run_id_; }
  bool cancel_requested() const override { return cancel_requested_; }
  bool should_continue_as_new() const override { return facts_ >= long_history; }

  void on(const RunStarted& fact);
  void on(const StepCompleted& fact);
  void on(const StepFailed& fact);
  void on(const TimerFired& fact);
  void on(const SignalReceived& fact);
  void on(const StepSkipped& fact);
  void on(const CancelRequested& fact);
  void on(const Terminated& fact);
  void on(const Reset& fact);
  void on(const ChildEnded& fact);
  void on(const GateDecided& fact);

  void decide(Event command, const std::source_location& where,
              const ActivityInfo* activity = nullptr);
  bool cancelled_at_once(detail::Slot& slot);
  bool wait(detail::Slot& slot);
  void cancel(CommandId command);
  detail::Slot* waiting(CommandId command) const;
  detail::Slot& release(CommandId command);
  void resolve(CommandId command, const Bytes& bytes, const Rare<Failure>& failure);
  void finish();
  void end();

  std::string run_id_;
  const WorkflowType& type_;
  Time now_{};
  bool ended_ = false;
  bool closing_ = false;  // frames that go now give no commands
  std::uint32_t facts_ = 0;
  std::uint32_t definition_ = 0;
  CommandId last_command_ = 0;
  std::vector<Decision> decisions_;
  OpenCommands open_;
  std::vector<detail::Slot*> slots_;  // where the answers to them go; by command, too
  std::map<std::string, std::deque<CommandId>> signal_waiters_;
  std::map<std::string, std::deque<Bytes>> signals_;  // received, not yet awaited
  bool cancel_requested_ = false;
  // Of few runs, and large: thousands that sleep should not have room for them.
  std::unique_ptr<Failure> cancel_next_;  // fails the next await that is not shielded
  std::unique_ptr<Decision> next_run_;    // the run ends by continuing as new
  std::map<std::string, bool> patches_;
  const std::vector<const Event*>* recorded_ = nullptr;
  ExposedValues exposed_;
  std::optional<Task<Bytes>> task_;  // last: its frame refers to the rest
};

// The run ids of children, and of the run that goes on in another's place: "r" -> "r~2" -> "r~3".
std::string child_run_id(const std::string& parent, CommandId command);
std::string next_run_id(const std::string& run_id);
// The id of the run that goes on when one is reset, from 2: "r.reset-2"; of "r.reset-2" the same
// with another number.
std::string reset_run_id(const std::string& run_id, std::uint32_t number);
// "r" of "r.reset-2", and of "r" itself: what a run and those that it was reset to have in common.
std::string first_run_id(const std::string& run_id);

// SHA-256 of a gate's payload: what a decision must name.
std::string hash_of(const GateOpened& gate);

// Where a run's code parted from its record.
struct Divergence {
  std::uint32_t turn = 0;
  std::string recorded;   // the command as the log has it, or "nothing"
  std::string attempted;  // the command as the code gives it, or "nothing"
  std::string details;    // field by field, where both are the same step
  std::string where;      // file:line of the attempted command

  std::string text() const;
};

// Feeds one recorded turn to the run and compares its decisions: count, order, type, name, and
// inputs field by field over the fields that the recorded type knew. What is then performed and
// shown is what was recorded. Hints are skipped. A turn at which the engine failed the run ends it,
// whatever the workflow decides there.
std::optional<Divergence> replay_turn(Run& run, const Turn& turn, const Definitions& definitions);

// A command in a few words: "step 3 delete_pod".
std::string describe(const Event& command);

}  // namespace ratchet::engine
