// Run: one execution of a workflow as a pure machine. Facts in, decisions out; no I/O, clock or
// thread. Replay is the same machine, fed with recorded facts.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <source_location>
#include <string>
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
  const ActivityInfo* activity = nullptr;  // of a StepScheduled
};

class Run final : private detail::Awaiting {
 public:
  // `type` must outlive the run.
  Run(std::string run_id, const WorkflowType& type);

  // Delivers one fact, runs the workflow until it waits again, and returns what it decided, in
  // order. The fact must be expected: RunStarted once and first, completions of open commands,
  // any signal. `now` is the time at which the fact is recorded and never decreases.
  std::vector<Decision> deliver(const Fact& fact, Time now);

  // True if the fact is of a command that is open, or a signal, or the start of a run that has
  // not started; otherwise it is late or a duplicate.
  bool expects(const Fact& fact) const;

  bool ended() const { return ended_; }
  // The open commands, by id: what the run waits for.
  const std::map<CommandId, Decision>& open() const { return open_; }

 private:
  void step(const ActivityInfo& activity, Bytes input, detail::Slot& slot,
            const std::source_location& where) override;
  void timer(Duration after, detail::Slot& slot, const std::source_location& where) override;
  bool signal(const char* name, detail::Slot& slot, const std::source_location& where) override;
  Time now() const override { return now_; }
  const std::string& run_id() const override { return run_id_; }

  void start(const RunStarted& fact);
  void resolve(CommandId command, const Bytes& bytes, const std::optional<Failure>& failure);
  void receive(const SignalReceived& fact);
  void finish();

  std::string run_id_;
  const WorkflowType& type_;
  Time now_{};
  bool ended_ = false;
  CommandId last_command_ = 0;
  std::vector<Decision> decisions_;
  std::map<CommandId, Decision> open_;
  std::map<CommandId, detail::Slot*> slots_;
  std::map<std::string, std::deque<CommandId>> signal_waiters_;
  std::map<std::string, std::deque<Bytes>> signals_;  // received, not yet awaited
  std::optional<Task<Bytes>> task_;                   // last: its frame refers to the rest
};

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
// inputs field by field over the fields that the recorded type knew. Hints are skipped.
std::optional<Divergence> replay_turn(Run& run, const Turn& turn, const Definitions& definitions);

// A command in a few words: "step 3 delete_pod".
std::string describe(const Event& command);

}  // namespace ratchet::engine
