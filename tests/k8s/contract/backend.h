// An API server for the contract suite: the embedded one in process, the embedded one over HTTP,
// or a real one (RATCHET_CONTRACT_KUBECONFIG). The suite must not be able to tell them apart.
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "k8s/client/client.h"

namespace ratchet::k8s::contract {

constexpr std::chrono::seconds patience{30};

class Events {
 public:
  virtual ~Events() = default;
  // The next event {type, object} but bookmarks; throws if none comes in time.
  virtual boost::asio::awaitable<Json> next() = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  virtual Client& client() = 0;
  virtual boost::asio::awaitable<std::unique_ptr<Events>> watch(Resource resource,
                                                                std::string space,
                                                                std::string version) = 0;
  // Makes sure that a watch from version 1 is too old.
  virtual void forget_history() = 0;

  // Runs the event loop until the coroutine has its result; what it throws is thrown.
  template <typename T>
  T run(boost::asio::awaitable<T> work) {
    std::optional<T> result;
    std::exception_ptr failure;
    bool done = false;
    boost::asio::co_spawn(io, std::move(work), [&](const std::exception_ptr& error, T value) {
      failure = error;
      if (!error) result = std::move(value);
      done = true;
    });
    const auto end = std::chrono::steady_clock::now() + 2 * patience;
    io.restart();
    while (!done && std::chrono::steady_clock::now() < end) {
      io.run_one_for(std::chrono::milliseconds(100));
    }
    if (failure) std::rethrow_exception(failure);
    if (!result) throw std::runtime_error("the API server did not answer in time");
    return std::move(*result);
  }
  // Lets others work for a moment.
  void idle() {
    io.restart();
    io.run_for(std::chrono::milliseconds(20));
  }

  boost::asio::io_context io{1};
};

std::vector<std::string> backend_names();
std::unique_ptr<Backend> make_backend(const std::string& name);

}  // namespace ratchet::k8s::contract
