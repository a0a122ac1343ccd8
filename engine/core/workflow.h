// What workflow code may do: steps, timers, signals, several at once, time. The only engine header
// that a workflow needs, with activity.h for its ports.
//
//   Task<UpgradeResult> upgrade(Workflow wf, UpgradeRequest request) {
//     co_await wf.step(pause_database, pause);
//     co_await wf.sleep(10s);
//     …
//   }
//   registry.add<UpgradeRequest, UpgradeResult>("upgrade", 1, upgrade);
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <source_location>
#include <string>
#include <utility>

#include "engine/core/activity.h"
#include "engine/core/await.h"
#include "engine/core/combinators.h"
#include "engine/core/event.h"
#include "engine/core/task.h"

namespace ratchet::engine {

// A handle, passed by value; valid for the life of the run's coroutine.
class Workflow {
 public:
  using Where = std::source_location;
  explicit Workflow(detail::Awaiting& run) : run_(&run) {}

  // Awaits the final outcome of an activity; retries are the engine's (Activity's Policy).
  template <Message In, Message Out>
  Step<Out> step(const Activity<In, Out>& activity, const In& input,
                 Where where = Where::current()) const {
    return Step<Out>(wait(where), activity.info(), input.SerializeAsString());
  }

  // A durable timer: due at now() + after, whatever happens to the process; Duration::max(): never.
  Sleep sleep(Duration after, Where where = Where::current()) const {
    return Sleep(wait(where), after);
  }

  // The next value of the signal; those received earlier are kept in order.
  template <Message T>
  Received<T> receive(const Signal<T>& signal, Where where = Where::current()) const {
    return Received<T>(wait(where), signal.name());
  }

  // Awaits a child run: the newest version of the workflow, as the run <this run>/<command>.
  // Whoever no longer awaits it (a lost race, a cancellation, a termination) cancels it.
  template <Message In, Message Out>
  Child<Out> child(const ChildWorkflow<In, Out>& workflow, const In& input,
                   Where where = Where::current()) const {
    return Child<Out>(wait(where), workflow.info(), input.SerializeAsString());
  }

  // Awaits the decision of a person who was shown exactly this payload: the decision carries its
  // hash, and one about anything else does not count (Engine::decide).
  template <Message T>
  Gated gate(const Gate<T>& gate, const T& payload, Where where = Where::current()) const {
    return Gated(wait(where), gate.info(), payload.SerializeAsString());
  }

  // Ends this run; the newest version of the workflow goes on with this input as another run, whose
  // history is empty. Everything else that is awaited is cancelled; signals that came and were not
  // awaited are the next run's too. For runs without an end:
  //
  //   if (wf.should_continue_as_new()) co_return co_await wf.continue_as_new<Result>(state);
  template <Message Out>
  Continued<Out> continue_as_new(const google::protobuf::Message& input,
                                 Where where = Where::current()) const {
    return Continued<Out>(wait(where), input.SerializeAsString());
  }
  // The history has become long.
  bool should_continue_as_new() const { return run_->should_continue_as_new(); }

  // Cancellation. When a person cancels the run, every open await fails with the code
  // cancelled_code; if none is open, the next one does. That happens once: what the workflow
  // awaits after it (its compensation) is not disturbed. A step whose effect lands once
  // (conditional, fenced, manual) is awaited to its outcome all the same, once it has begun:
  // whoever undoes must know. Awaits through a shielded handle do not fail either: for what must
  // not be interrupted, such as the way past a point of no return, or undoing after another
  // failure.
  Workflow shielded() const {
    Workflow copy = *this;
    copy.shielded_ = true;
    return copy;
  }
  bool cancel_requested() const { return run_->cancel_requested(); }

  // Changing the code of open runs: the newer way is taken by runs that come here for the first
  // time and recorded as a marker; a run that came by without it keeps to the older way.
  //
  //   if (wf.patched("look-twice")) { newer } else { older }
  //
  // Once no run without the marker is open: deprecate_patch("look-twice"); newer. Once all runs
  // with a marker of patched() have ended, that call can go too.
  bool patched(const std::string& patch, Where where = Where::current()) const {
    return run_->patched(patch, false, where);
  }
  void deprecate_patch(const std::string& patch, Where where = Where::current()) const {
    run_->patched(patch, true, where);
  }

  // Shows a value under this name to whoever queries the run, from this turn on. Never recorded:
  // replaying gives the value of any past turn.
  void expose(const std::string& name, const google::protobuf::Message& value) const {
    run_->expose(name, value);
  }

  // The time at which the last delivered fact was recorded. Never decreases.
  Time now() const { return run_->now(); }
  const std::string& run_id() const { return run_->run_id(); }

 private:
  detail::Wait wait(const Where& where) const { return {*run_, shielded_, where}; }

  detail::Awaiting* run_;
  bool shielded_ = false;
};

// The outcome of a task as a value: compensation cannot be awaited in a catch block.
template <class T>
struct Outcome {
  std::optional<T> value;         // unless it failed
  std::optional<Failure> failed;  // of the step that failed
  bool ok() const { return !failed; }
};
template <>
struct Outcome<void> {
  std::optional<Failure> failed;
  bool ok() const { return !failed; }
};

// Awaits a task, or anything else that can be awaited, and returns its step failure, if any, as a
// value. Other exceptions pass.
template <class A>
  requires is_durable<A>
Task<Outcome<detail::ValueOf<A>>> attempt(A awaitable) {
  Outcome<detail::ValueOf<A>> outcome;
  try {
    if constexpr (std::is_void_v<detail::ValueOf<A>>) {
      co_await std::move(awaitable);
    } else {
      outcome.value = co_await std::move(awaitable);
    }
  } catch (const StepFailure& failure) {
    outcome.failed = failure.failure();
  }
  co_return outcome;
}

// A workflow's code without its types.
struct WorkflowType {
  std::string name;
  std::uint32_t version = 1;
  const google::protobuf::Descriptor* (*input)() = nullptr;
  const google::protobuf::Descriptor* (*output)() = nullptr;
  // Starts the coroutine; throws StepFailure if the input does not parse.
  std::function<Task<Bytes>(Workflow, Bytes input)> code;
};

// The workflows that a program can run, by name and version (from 1 up). Filled at start, then
// read-only.
class Registry {
 public:
  template <Message In, Message Out>
  void add(std::string name, std::uint32_t version, Task<Out> (*code)(Workflow, In)) {
    add(WorkflowType{std::move(name), version, &In::descriptor, &Out::descriptor,
                     [code](Workflow wf, Bytes input) { return call<In, Out>(code, wf, input); }});
  }
  void add(WorkflowType type);
  // The given version, or the newest if `version` is 0; null if there is none.
  const WorkflowType* find(const std::string& name, std::uint32_t version) const;

 private:
  template <Message In, Message Out>
  static Task<Bytes> call(Task<Out> (*code)(Workflow, In), Workflow wf, Bytes input) {
    In in;
    if (!in.ParseFromString(input)) {
      throw StepFailure({"bad_payload", "the run's input is not a " + in.GetTypeName()});
    }
    Out out = co_await code(wf, std::move(in));
    co_return out.SerializeAsString();
  }

  std::map<std::string, std::map<std::uint32_t, WorkflowType>> types_;
};

}  // namespace ratchet::engine
