// What a workflow can await. Workflow code gets these from workflow.h and never names them.
#pragma once

#include <coroutine>
#include <cstdlib>
#include <source_location>
#include <string>
#include <utility>

#include "engine/core/awaiting.h"
#include "engine/core/task.h"

namespace ratchet::engine {

// Awaitable of Workflow::step: the activity's answer, or StepFailure.
template <Message Out>
class [[nodiscard]] Step : public detail::Wait {
 public:
  Step(detail::Wait wait, const ActivityInfo& activity, Bytes input)
      : Wait(std::move(wait)), activity_(&activity), input_(std::move(input)) {}
  bool await_suspend(std::coroutine_handle<> waiter) {
    slot_.waiter = waiter;
    return !run_->step(*activity_, std::move(input_), slot_, where_);
  }
  Out await_resume() { return answer_as<Out>("the recorded result of step", activity_->name); }

 private:
  const ActivityInfo* activity_;
  Bytes input_;
};

class [[nodiscard]] Sleep : public detail::Wait {
 public:
  Sleep(detail::Wait wait, Duration after) : Wait(std::move(wait)), after_(after) {}
  bool await_suspend(std::coroutine_handle<> waiter) {
    slot_.waiter = waiter;
    return !run_->timer(after_, slot_, where_);
  }
  void await_resume() { answer(); }

 private:
  Duration after_;
};

template <Message T>
class [[nodiscard]] Received : public detail::Wait {
 public:
  Received(detail::Wait wait, const char* name) : Wait(std::move(wait)), name_(name) {}
  bool await_suspend(std::coroutine_handle<> waiter) {
    slot_.waiter = waiter;
    return !run_->signal(name_, slot_, where_);
  }
  T await_resume() { return answer_as<T>("the value of signal", name_); }

 private:
  const char* name_;
};

// Awaitable of Workflow::child: the child's result, or its failure as a StepFailure.
template <Message Out>
class [[nodiscard]] Child : public detail::Wait {
 public:
  Child(detail::Wait wait, const ActivityInfo& workflow, Bytes input)
      : Wait(std::move(wait)), workflow_(&workflow), input_(std::move(input)) {}
  bool await_suspend(std::coroutine_handle<> waiter) {
    slot_.waiter = waiter;
    return !run_->child(*workflow_, std::move(input_), slot_, where_);
  }
  Out await_resume() { return answer_as<Out>("the result of child", workflow_->name); }

 private:
  const ActivityInfo* workflow_;
  Bytes input_;
};

// What a person decided at a gate.
struct GateAnswer {
  bool approved = false;
  By by;
};
namespace detail {
Bytes keep(const GateAnswer& answer);
GateAnswer gate_answer(const Bytes& kept);
}  // namespace detail

class [[nodiscard]] Gated : public detail::Wait {
 public:
  Gated(detail::Wait wait, const ActivityInfo& gate, Bytes payload)
      : Wait(std::move(wait)), gate_(&gate), payload_(std::move(payload)) {}
  bool await_suspend(std::coroutine_handle<> waiter) {
    slot_.waiter = waiter;
    return !run_->gate(*gate_, std::move(payload_), slot_, where_);
  }
  GateAnswer await_resume() { return detail::gate_answer(answer()); }

 private:
  const ActivityInfo* gate_;
  Bytes payload_;
};

// Awaitable of Workflow::continue_as_new; never resumed.
template <class Out>
class [[nodiscard]] Continued : public detail::Wait {
 public:
  Continued(detail::Wait wait, Bytes input) : Wait(std::move(wait)), input_(std::move(input)) {}
  void await_suspend(std::coroutine_handle<>) { run_->continue_as_new(std::move(input_), where_); }
  [[noreturn]] Out await_resume() { std::abort(); }

 private:
  Bytes input_;
};

template <class Out>
inline constexpr bool is_durable<Step<Out>> = true;
template <class Out>
inline constexpr bool is_durable<Child<Out>> = true;
template <>
inline constexpr bool is_durable<Gated> = true;
template <class Out>
inline constexpr bool is_durable<Continued<Out>> = true;
template <>
inline constexpr bool is_durable<Sleep> = true;
template <class T>
inline constexpr bool is_durable<Received<T>> = true;

}  // namespace ratchet::engine
