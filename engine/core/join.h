// How several awaits are waited for at once: see combinators.h. Workflow code never names these.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "engine/core/task.h"

namespace ratchet::engine {

namespace detail {

class Join;

// One branch: a coroutine that awaits and keeps the outcome in its parent's frame.
class Branch {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;
  explicit Branch(Handle handle) : handle_(handle) {}
  Branch(Branch&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Branch& operator=(Branch&&) = delete;
  ~Branch() { cancel(); }

  void begin(Join& join, std::size_t place);
  void cancel() {
    if (const Handle handle = std::exchange(handle_, {})) handle.destroy();
  }
  const std::exception_ptr& error() const;

 private:
  Handle handle_;
};

// Awaits branches until all have ended, or one has failed, or (a race) one has ended. What has not
// ended by then is cancelled, in list order.
class Join {
 public:
  Join(std::vector<Branch> branches, bool race)
      : branches_(std::move(branches)), open_(branches_.size()), race_(race) {}

  Join(const Join&) = delete;
  Join& operator=(const Join&) = delete;
  ~Join() { cancel(); }

  bool await_ready() const { return branches_.empty(); }
  bool await_suspend(std::coroutine_handle<> parent) {
    for (std::size_t i = 0; i < branches_.size() && !decided_; ++i) branches_[i].begin(*this, i);
    if (decided_) return false;
    parent_ = parent;
    return true;
  }
  // The place of the branch that decided.
  std::size_t await_resume() {
    const std::size_t decisive = decided_.value_or(0);
    const std::exception_ptr error = branches_.empty() ? nullptr : branches_[decisive].error();
    cancel();
    if (error) std::rethrow_exception(error);
    return decisive;
  }

  // A branch has ended. Returns who goes on.
  std::coroutine_handle<> ended(std::size_t place, bool failed) {
    --open_;
    if (decided_ || (!race_ && !failed && open_ > 0)) return std::noop_coroutine();
    decided_ = place;
    return parent_ ? parent_ : std::noop_coroutine();
  }

 private:
  void cancel() {
    for (Branch& branch : branches_) branch.cancel();
  }

  std::vector<Branch> branches_;
  std::size_t open_;
  bool race_;
  std::optional<std::size_t> decided_;
  std::coroutine_handle<> parent_;
};

struct Branch::promise_type : PromiseBase {
  Join* join = nullptr;
  std::size_t place = 0;

  struct Final {
    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(Handle done) noexcept {
      promise_type& self = done.promise();
      return self.join->ended(self.place, self.error != nullptr);
    }
    void await_resume() noexcept {}
  };
  Branch get_return_object() { return Branch{Handle::from_promise(*this)}; }
  Final final_suspend() noexcept { return {}; }
  void return_void() {}
};

inline void Branch::begin(Join& join, std::size_t place) {
  handle_.promise().join = &join;
  handle_.promise().place = place;
  handle_.resume();
}
inline const std::exception_ptr& Branch::error() const { return handle_.promise().error; }

}  // namespace detail

template <>
inline constexpr bool is_durable<detail::Join> = true;

}  // namespace ratchet::engine
