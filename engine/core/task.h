// Task<T>: a lazy, single-threaded coroutine that can await only durable operations and other
// tasks. It is the type of workflow code; I/O has a type of its own, and the two cannot be mixed:
// `co_await` of anything that is not durable does not compile.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace ratchet::engine {

template <class T = void>
class Task;

// Types that a workflow may await; each awaitable of workflow.h opts in.
template <class A>
inline constexpr bool is_durable = false;
template <class T>
inline constexpr bool is_durable<Task<T>> = true;

namespace detail {

template <class A>
struct ValueOfAwait {};
template <class A>
  requires requires(A& awaitable) { awaitable.await_resume(); }
struct ValueOfAwait<A> {
  using type = decltype(std::declval<A&>().await_resume());
};
template <class T>
struct ValueOfAwait<Task<T>> {
  using type = T;
};
// What awaiting an A gives.
template <class A>
using ValueOf = typename ValueOfAwait<A>::type;

struct PromiseBase {
  std::coroutine_handle<> continuation;
  std::exception_ptr error;

  struct Final {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) noexcept {
      auto next = done.promise().continuation;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };

  std::suspend_always initial_suspend() noexcept { return {}; }
  Final final_suspend() noexcept { return {}; }
  void unhandled_exception() { error = std::current_exception(); }

  template <class A>
  A&& await_transform(A&& awaitable) {
    static_assert(is_durable<std::remove_cvref_t<A>>,
                  "workflow code awaits only steps, timers, signals and tasks: see is_durable");
    return std::forward<A>(awaitable);
  }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  void return_value(T v) { value.emplace(std::move(v)); }
  T take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() {}
  void take() {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace detail

// Owns its frame; destroying it at any suspension point is safe. Awaited once, by moving it into
// co_await. Parameters of a task's coroutine are passed by value.
template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  struct Awaiter {
    Handle handle;
    bool await_ready() { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) {
      handle.promise().continuation = parent;
      return handle;
    }
    T await_resume() { return handle.promise().take(); }
  };
  Awaiter operator co_await() && { return Awaiter{handle_}; }

  // For the owner of a run's outermost task.
  void start() { handle_.resume(); }
  bool done() const { return handle_.done(); }
  T result() { return handle_.promise().take(); }

 private:
  Handle handle_;
};

template <class T>
Task<T> detail::Promise<T>::get_return_object() {
  return Task<T>{std::coroutine_handle<Promise>::from_promise(*this)};
}
inline Task<void> detail::Promise<void>::get_return_object() {
  return Task<void>{std::coroutine_handle<Promise>::from_promise(*this)};
}

}  // namespace ratchet::engine
