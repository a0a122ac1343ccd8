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

#include <coroutine>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/core/activity.h"
#include "engine/core/event.h"
#include "engine/core/task.h"

namespace ratchet::engine {

// A step's final failure, thrown at its co_await; attempt() turns it into a value.
class StepFailure : public std::runtime_error {
 public:
  explicit StepFailure(Failure failure)
      : std::runtime_error(failure.code + ": " + failure.message), failure_(std::move(failure)) {}
  const Failure& failure() const { return failure_; }

 private:
  Failure failure_;
};

namespace detail {

// Where the answer to one awaited command arrives. Lives in the awaiting coroutine's frame.
struct Slot {
  std::coroutine_handle<> waiter;
  Bytes bytes;
  std::optional<Failure> failure;
};

// What the awaitables tell the run; implemented by Run. An awaitable owns nothing but its slot.
class Awaiting {
 public:
  virtual void step(const ActivityInfo& activity, Bytes input, Slot& slot,
                    const std::source_location& where) = 0;
  virtual void timer(Duration after, Slot& slot, const std::source_location& where) = 0;
  // True: the slot was filled at once, from a signal received earlier.
  virtual bool signal(const char* name, Slot& slot, const std::source_location& where) = 0;
  virtual Time now() const = 0;
  virtual const std::string& run_id() const = 0;

 protected:
  ~Awaiting() = default;
};

}  // namespace detail

// Awaitable of Workflow::step: the activity's answer, or StepFailure.
template <Message Out>
class [[nodiscard]] Step {
 public:
  Step(detail::Awaiting& run, const ActivityInfo& activity, Bytes input, std::source_location where)
      : run_(run), activity_(activity), input_(std::move(input)), where_(where) {}
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    slot_.waiter = waiter;
    run_.step(activity_, std::move(input_), slot_, where_);
  }
  Out await_resume() {
    if (slot_.failure) throw StepFailure(*slot_.failure);
    Out out;
    if (!out.ParseFromString(slot_.bytes)) {
      throw StepFailure({"bad_payload", std::string("the recorded result of step ") +
                                            activity_.name + " is not a " + out.GetTypeName()});
    }
    return out;
  }

 private:
  detail::Awaiting& run_;
  const ActivityInfo& activity_;
  Bytes input_;
  std::source_location where_;
  detail::Slot slot_;
};

class [[nodiscard]] Sleep {
 public:
  Sleep(detail::Awaiting& run, Duration after, std::source_location where)
      : run_(run), after_(after), where_(where) {}
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    slot_.waiter = waiter;
    run_.timer(after_, slot_, where_);
  }
  void await_resume() {}

 private:
  detail::Awaiting& run_;
  Duration after_;
  std::source_location where_;
  detail::Slot slot_;
};

template <Message T>
class [[nodiscard]] Received {
 public:
  Received(detail::Awaiting& run, const char* name, std::source_location where)
      : run_(run), name_(name), where_(where) {}
  bool await_ready() { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    slot_.waiter = waiter;
    return !run_.signal(name_, slot_, where_);
  }
  T await_resume() {
    T value;
    if (!value.ParseFromString(slot_.bytes)) {
      throw StepFailure({"bad_payload", std::string("the signal ") + name_ + " does not carry a " +
                                            value.GetTypeName()});
    }
    return value;
  }

 private:
  detail::Awaiting& run_;
  const char* name_;
  std::source_location where_;
  detail::Slot slot_;
};

template <class Out>
inline constexpr bool is_durable<Step<Out>> = true;
template <>
inline constexpr bool is_durable<Sleep> = true;
template <class T>
inline constexpr bool is_durable<Received<T>> = true;

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
