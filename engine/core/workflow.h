// What workflow code may do: steps, timers, signals, time. The only engine header that a workflow
// needs, with activity.h for its ports.
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
#include "engine/core/event.h"
#include "engine/core/task.h"

namespace ratchet::engine {

// A handle of one pointer, passed by value; valid for the life of the run's coroutine.
class Workflow {
 public:
  explicit Workflow(detail::Awaiting& run) : run_(&run) {}

  // Awaits the final outcome of an activity; retries are the engine's (Activity's Policy).
  template <Message In, Message Out>
  Step<Out> step(const Activity<In, Out>& activity, const In& input,
                 std::source_location where = std::source_location::current()) const {
    return Step<Out>(*run_, activity.info(), input.SerializeAsString(), where);
  }

  // A durable timer: due at now() + after, whatever happens to the process.
  Sleep sleep(Duration after, std::source_location where = std::source_location::current()) const {
    return Sleep(*run_, after, where);
  }

  // The next value of the signal; those received earlier are kept in order.
  template <Message T>
  Received<T> receive(const Signal<T>& signal,
                      std::source_location where = std::source_location::current()) const {
    return Received<T>(*run_, signal.name(), where);
  }

  // The time at which the last delivered fact was recorded. Never decreases.
  Time now() const { return run_->now(); }
  const std::string& run_id() const { return run_->run_id(); }

 private:
  detail::Awaiting* run_;
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

// Awaits the task and returns its step failure, if any, as a value. Other exceptions pass.
template <class T>
Task<Outcome<T>> attempt(Task<T> task) {
  Outcome<T> outcome;
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
    } else {
      outcome.value = co_await std::move(task);
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

// The workflows that a program can run, by name and version. Filled at start, then read-only.
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
