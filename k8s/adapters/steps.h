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

// What a failed attempt means once the database object is gone.
enum class WithoutDatabase {
  ends,     // whatever failed, it will fail again: the step ends with mysql::database_gone_code
  goes_on,  // the step lets something go, or has words of its own for that
};

// The database object that a step is about. No name: it is about none.
struct Subject {
  mysql::DatabaseRef database;
  std::string uid;  // empty: whichever has the name
};

// What to say instead of `failure` if the subject is gone. Nothing: it is there, or nobody can
// tell.
boost::asio::awaitable<std::optional<engine::Failure>> failure_without(
    const Environment& environment, Subject subject, engine::Failure failure);

namespace detail {

template <class In>
Subject subject_of(const In& in) {
  Subject subject;
  if constexpr (requires { in.moved().uid(); }) {
    subject = subject_of(in.moved());
  } else if constexpr (requires { in.group().uid(); }) {
    subject = subject_of(in.group());
  } else if constexpr (requires { in.server().pod(); }) {
    subject = subject_of(in.server());
  } else if constexpr (requires { in.candidate().database(); }) {
    subject.database = in.candidate().database();
    subject.uid = in.uid();
  } else if constexpr (requires { in.database().space(); }) {
    subject.database = in.database();
    if constexpr (requires { in.uid(); }) subject.uid = in.uid();
  } else if constexpr (requires {
                         in.space();
                         in.name();
                         in.uid();
                       }) {
    subject.database.set_space(in.space());
    subject.database.set_name(in.name());
    subject.uid = in.uid();
  }
  return subject;
}

template <class In, class Out>
boost::asio::awaitable<void> answer_doing(Doing<In, Out> act, const Environment& environment,
                                          engine::AttemptInfo info, In in,
                                          engine::Answer<Out> answer, WithoutDatabase without) {
  const Subject subject = without == WithoutDatabase::ends ? subject_of(in) : Subject{};
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
  if (const auto gone = co_await failure_without(environment, subject, *failure)) {
    failure = gone;
    again = false;
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
            const Environment& environment, Doing<In, Out> act,
            WithoutDatabase without = WithoutDatabase::ends) {
  handlers.handle<In, Out>(
      activity, [&environment, act, without](const engine::AttemptInfo& info, const In& in,
                                             engine::Answer<Out> answer) {
        boost::asio::co_spawn(
            environment.executor,
            detail::answer_doing<In, Out>(act, environment, info, in, answer, without),
            boost::asio::detached);
      });
}

// Registers handler and probe of an activity that writes.
template <class In, class Out>
void handle(engine::Handlers& handlers, const engine::Activity<In, Out>& activity,
            const Environment& environment, Doing<In, Out> act, Looking<In, Out> look,
            WithoutDatabase without = WithoutDatabase::ends) {
  handle<In, Out>(handlers, activity, environment, act, without);
  handlers.probe<In, Out>(
      activity, [&environment, look](const engine::AttemptInfo& info, const In& in,
                                     engine::ProbeAnswer<Out> answer) {
        boost::asio::co_spawn(environment.executor,
                              detail::answer_looking<In, Out>(look, environment, info, in, answer),
                              boost::asio::detached);
      });
}

}  // namespace ratchet::k8s
