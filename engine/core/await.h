// What a workflow can await, and the failure that awaiting a step can throw. Workflow code gets
// these from workflow.h and never names them.
#pragma once

#include <coroutine>
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

}  // namespace ratchet::engine
