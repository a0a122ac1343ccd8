// Runs one coroutine to its end on an io_context, for tests. Whatever hangs is ended after 20 s.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace ratchet::k8s::http::testing {

class Loop {
 public:
  boost::asio::io_context& context() { return context_; }
  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  // The coroutine's result; its exception is thrown here.
  template <class T>
  T run(boost::asio::awaitable<T> task) {
    std::exception_ptr failure;
    std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> result;
    if constexpr (std::is_void_v<T>) {
      boost::asio::co_spawn(context_, std::move(task), [&](std::exception_ptr error) {
        failure = error;
        result = true;
      });
    } else {
      boost::asio::co_spawn(context_, std::move(task), [&](std::exception_ptr error, T value) {
        failure = error;
        result = std::move(value);
      });
    }
    until([&] { return result.has_value(); });
    if (failure) {
      std::rethrow_exception(failure);
    }
    if constexpr (!std::is_void_v<T>) {
      return std::move(*result);
    }
  }

  // Runs handlers until the condition holds; it is asked after each of them.
  template <class Condition>
  void until(const Condition& holds) {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    context_.restart();
    while (!holds()) {
      if (context_.run_one_until(end) == 0) {
        throw std::runtime_error("the test hangs: nothing left to do, or 20 s are over");
      }
    }
  }

 private:
  boost::asio::io_context context_;
};

}  // namespace ratchet::k8s::http::testing
