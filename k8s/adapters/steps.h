// How a coroutine on the executor answers the engine: one function for each activity that does it,
// one that looks whether it was done, and the rules between them.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "engine/runtime/engine.h"
#include "k8s/client/client.h"
#include "workflows/mysql/ports.pb.h"

namespace ratchet::k8s {

// No further attempt can help: the step fails now. Anything else that a handler throws is a failed
// attempt, and the engine tries again.
class Refused : public std::runtime_error {
 public:
  Refused(std::string code, const std::string& message)
      : std::runtime_error(message), code_(std::move(code)) {}
  engine::Failure failure() const { return {code_, what()}; }

 private:
  std::string code_;
};

// The code of a failed attempt that may succeed another time: the API server or a server did not
// answer, or not yet as it must.
inline constexpr const char* unavailable_code = "unavailable";

using SqlRows = std::vector<std::vector<std::string>>;  // NULL as empty text

// Runs statements one after another in one session with a server, as the database's root, and
// answers with the rows of each. Throws std::runtime_error if the server refuses one or cannot be
// reached. `pod` is the pod as it was just read.
using Sql = std::function<boost::asio::awaitable<std::vector<SqlRows>>(
    mysql::Server server, Json pod, std::vector<std::string> statements)>;

// What the handlers of the ports need of the process. Outlives the engine.
struct Environment {
  boost::asio::any_io_executor executor;  // the engine's thread runs it
  Client* client = nullptr;
  Sql sql;
  std::function<engine::Time()> now;
  // Waits between two looks at the cluster: a timer of the executor, or of a simulation.
  std::function<boost::asio::awaitable<void>(std::chrono::milliseconds)> pause;
  std::chrono::milliseconds look_every{1000};
  Key provisioner_lease{"", "ratchet-provisioner"};
};

template <class In, class Out>
using Doing = boost::asio::awaitable<Out> (*)(const Environment&, engine::AttemptInfo, In);
// Nothing: not done (yet). Throws where it cannot tell.
template <class In, class Out>
using Looking = boost::asio::awaitable<std::optional<Out>> (*)(const Environment&,
                                                               engine::AttemptInfo, In);

namespace detail {

template <class In, class Out>
boost::asio::awaitable<void> answer_doing(Doing<In, Out> act, const Environment& environment,
                                          engine::AttemptInfo info, In in,
                                          engine::Answer<Out> answer) {
  std::optional<engine::Failure> failure;
  bool again = true;
  try {
    answer.complete(co_await act(environment, std::move(info), std::move(in)));
    co_return;
  } catch (const Refused& refused) {
    failure = refused.failure();
    again = false;
  } catch (const std::exception& e) {
    failure = engine::Failure{unavailable_code, e.what()};
  }
  if (again) {
    answer.fail(*failure);
  } else {
    answer.fail_for_good(*failure);
  }
}

// A probe asks until it gets an answer: what cannot be seen now is not yet unknown.
template <class In, class Out>
boost::asio::awaitable<void> answer_looking(Looking<In, Out> look, const Environment& environment,
                                            engine::AttemptInfo info, In in,
                                            engine::ProbeAnswer<Out> answer) {
  std::string why;
  do {
    try {
      const std::optional<Out> found = co_await look(environment, info, in);
      found ? answer.done(*found) : answer.not_done();
      co_return;
    } catch (const Refused&) {
      answer.not_done();  // The next attempt meets the same refusal, and says so.
      co_return;
    } catch (const std::exception& e) {
      why = e.what();
    }
    co_await environment.pause(environment.look_every);
  } while (environment.now() < info.deadline);
  answer.unknown("nobody could look whether an earlier attempt was carried out: " + why);
}

}  // namespace detail

// Registers the handler of an activity that only reads, or may repeat.
template <class In, class Out>
void handle(engine::Handlers& handlers, const engine::Activity<In, Out>& activity,
            const Environment& environment, Doing<In, Out> act) {
  handlers.handle<In, Out>(activity, [&environment, act](const engine::AttemptInfo& info,
                                                         const In& in, engine::Answer<Out> answer) {
    boost::asio::co_spawn(environment.executor,
                          detail::answer_doing<In, Out>(act, environment, info, in, answer),
                          boost::asio::detached);
  });
}

// Registers handler and probe of an activity that writes.
template <class In, class Out>
void handle(engine::Handlers& handlers, const engine::Activity<In, Out>& activity,
            const Environment& environment, Doing<In, Out> act, Looking<In, Out> look) {
  handle<In, Out>(handlers, activity, environment, act);
  handlers.probe<In, Out>(
      activity, [&environment, look](const engine::AttemptInfo& info, const In& in,
                                     engine::ProbeAnswer<Out> answer) {
        boost::asio::co_spawn(environment.executor,
                              detail::answer_looking<In, Out>(look, environment, info, in, answer),
                              boost::asio::detached);
      });
}

}  // namespace ratchet::k8s
