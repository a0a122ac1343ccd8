// What a workflow can await. Workflow code gets these from workflow.h and never names them.
#pragma once

#include <coroutine>
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
  Out await_resume() {
    return answer_as<Out>(std::string("the recorded result of step ") + activity_->name);
  }

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
  T await_resume() { return answer_as<T>(std::string("the value of signal ") + name_); }

 private:
  const char* name_;
};

template <class Out>
inline constexpr bool is_durable<Step<Out>> = true;
template <>
inline constexpr bool is_durable<Sleep> = true;
template <class T>
inline constexpr bool is_durable<Received<T>> = true;

}  // namespace ratchet::engine
