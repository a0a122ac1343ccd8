// Runs one coroutine to its end.
#pragma once

#include <exception>
#include <functional>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "k8s/adapters/sql.h"

namespace ratchet::k8s::testing {

inline void run(std::function<boost::asio::awaitable<void>()> body) {
  boost::asio::io_context context;
  std::exception_ptr failure;
  boost::asio::co_spawn(context, std::move(body), [&](std::exception_ptr e) { failure = e; });
  context.run();
  if (failure) std::rethrow_exception(failure);
}

// The error that a coroutine ends with; a test failure if it ends well.
inline sql::Error error_of(std::function<boost::asio::awaitable<void>()> body) {
  try {
    run(std::move(body));
  } catch (const sql::Error& error) {
    return error;
  }
  ADD_FAILURE() << "ended without an error";
  return sql::Error(-1, "");
}

}  // namespace ratchet::k8s::testing
