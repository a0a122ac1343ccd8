#include "tools/ratchetd/api.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "engine/inspect/history.h"
#include "tools/ratchetctl/words.h"
#include "tools/ratchetd/api_reads.h"
#include "tools/ratchetd/log_lines.h"

namespace ratchet::ratchetd {

namespace asio = boost::asio;
namespace http = k8s::http;

namespace {

constexpr std::chrono::milliseconds look_every{1'000};
constexpr std::chrono::milliseconds look_for_durable_every{2};

std::string text_of(const Json& body) {
  return body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

http::Response response_of(const Answer& answer) {
  http::Response response;
  response.status = answer.status;
  response.headers = answer.headers;
  response.headers["Cache-Control"] = "no-store";
  if (answer.text.empty()) {
    response.body = text_of(answer.body);
  } else {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = answer.text;
  }
  return response;
}

// What a read answers, whatever happens to the log meanwhile.
Answer guarded(Read read, const store::LogReader& log, const Call& call) {
  try {
    return read(log, call);
  } catch (const BadRequest& error) {
    return refusal(400, "bad_request", error.what());
  } catch (const std::exception& error) {
    return refusal(500, "internal", error.what());
  }
}

// A read under way on the other thread.
struct Reading {
  explicit Reading(const asio::any_io_executor& executor)
      : done(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer done;
  Answer answer;
};

asio::awaitable<void> wait(asio::steady_timer& timer) {
  boost::system::error_code woken;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

Wanted wanted_of(const Route& route, const Call& call) {
  const std::string path = route.path;
  return {route.verb, call.run, path.starts_with("/v1/runs") ? "" : path};
}

}  // namespace

bool Bucket::take(Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - filled_).count();
  left_ = std::min(most_, left_ + seconds * a_second_);
  filled_ = now;
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

Api::Api(asio::any_io_executor executor, engine::Engine& engine, const store::Log& log, Judge judge,
         ApiOptions options)
    : executor_(executor),
      engine_(engine),
      log_(log),
      judge_(std::move(judge)),
      options_(std::move(options)),
      bucket_(options_.requests_a_second, options_.burst),
      tick_(executor),
      server_(
          executor, options_.address, options_.port, options_.tls,
          [this](const http::Request& request, http::Responder& responder) {
            return serve(request, responder);
          },
          options_.limits) {
  metrics_.version = options_.version;
  metrics_.folder = options_.folder;
}

void Api::ready() {
  runs_.load(log_);
  metrics_.ready = true;
}

void Api::recorded(const engine::Recorded& recorded) {
  if (metrics_.ready) runs_.recorded(recorded);
}

void Api::look_at_log() {
  metrics_.durable = log_.head().size;
  const std::uint64_t all = log_.next_index();
  metrics_.queued = all - std::min(all, metrics_.durable);
  stall_.look(metrics_.durable, all, StallWatch::Clock::now());
  metrics_.stalled_seconds = stall_.stalled(StallWatch::Clock::now()).count();
}

asio::awaitable<void> Api::run() {
  while (!stopped_) {
    look_at_log();
    tick_.expires_after(look_every);
    co_await wait(tick_);
  }
}

void Api::stop() {
  stopped_ = true;
  tick_.cancel();
  server_.stop();
}

asio::awaitable<void> Api::serve(const http::Request& request, http::Responder& responder) {
  std::string operation = "none";
  const Answer given = co_await answer(request, operation);
  ++metrics_.requests[{operation, given.status}];
  co_await responder.send(response_of(given));
}

asio::awaitable<Answer> Api::answer(const http::Request& request, std::string& operation) {
  Match found;
  try {
    found = match(request.method, request.target);
  } catch (const BadRequest& error) {
    co_return refusal(400, "bad_request", error.what());
  }
  if (found.route == nullptr && found.others.empty()) {
    co_return refusal(404, "unknown_path", "there is nothing at this path");
  }
  if (found.route == nullptr) {
    Answer other = refusal(405, "wrong_method", "this path has " + found.others + " alone");
    other.headers["Allow"] = found.others;
    co_return other;
  }
  const Route& route = *found.route;
  operation = route.operation;
  if (*route.verb == '\0') co_return probe(std::get<Probe>(route.serve));
  if (!bucket_.take(Bucket::Clock::now())) {
    Answer many = refusal(429, "too_many_requests", "too many requests: try again in a second");
    many.headers["Retry-After"] = "1";
    co_return many;
  }
  Verdict verdict = co_await judge_(wanted_of(route, found.call), request.headers);
  if (verdict.refusal) co_return std::move(*verdict.refusal);
  found.call.caller = std::move(verdict.caller);
  co_return co_await answer_route(route, std::move(found.call), request);
}

asio::awaitable<Answer> Api::answer_route(const Route& route, Call call,
                                          const http::Request& request) {
  try {
    if (const auto* of = std::get_if<Probe>(&route.serve)) co_return probe(*of);
    if (const auto* reads = std::get_if<Read>(&route.serve)) {
      co_return co_await read(*reads, std::move(call));
    }
    if (!metrics_.ready) {
      co_return refusal(503, "not_ready", "the daemon waits for its Lease, or opens its log");
    }
    if (const auto* ask = std::get_if<Ask>(&route.serve)) co_return (*ask)(engine_, call);
    co_return co_await act(route, std::move(call), request.body);
  } catch (const BadRequest& error) {
    co_return refusal(400, "bad_request", error.what());
  } catch (const store::Error& error) {
    co_return refusal(500, "internal", error.what());
  }
}

Answer Api::probe(Probe probe) {
  switch (probe) {
    case Probe::alive:
      if (metrics_.halted) return refusal(503, "halted", "the log failed; the process ends");
      return {200, {{"alive", true}}, {}, {}};
    case Probe::ready:
      if (metrics_.ready && !metrics_.halted) return {200, {{"ready", true}}, {}, {}};
      return refusal(503, "not_ready", "the daemon waits for its Lease, or opens its log");
    case Probe::metrics:
      break;
  }
  look_at_log();
  return {200, {}, to_text(metrics_, runs_), {}};
}

asio::awaitable<Answer> Api::read(Read reads, Call call) {
  const auto reading = std::make_shared<Reading>(executor_);
  asio::post(reader_, [this, reading, reads, call = std::move(call)] {
    reading->answer = guarded(reads, log_, call);
    asio::post(reading->done.get_executor(),
               [reading] { reading->done.expires_at(asio::steady_timer::time_point::min()); });
  });
  co_await wait(reading->done);
  co_return std::move(reading->answer);
}

asio::awaitable<bool> Api::durable(std::uint64_t size) {
  const auto last = Bucket::Clock::now() + options_.act_deadline;
  asio::steady_timer timer(executor_);
  while (log_.head().size < size) {
    if (Bucket::Clock::now() >= last || metrics_.halted) co_return false;
    timer.expires_after(look_for_durable_every);
    co_await wait(timer);
  }
  co_return true;
}

asio::awaitable<Answer> Api::act(const Route& route, Call call, std::string body) {
  const auto& act = std::get<Act>(route.serve);
  call.body = parse_body(act, body);
  const auto run = engine::find_run(log_, call.run);
  if (!run) co_return unknown_run(call.run);
  if (engine::has_ended(run->state)) {
    co_return refusal(409, "refused",
                      "run " + call.run + " has ended: " + ratchetctl::name_of(run->state));
  }
  const engine::By by{call.caller, call.body["reason"]};
  const engine::Refusal refused = act.perform(engine_, log_, call, by);
  // Nothing is said before it is durable; a refusal may have been recorded too.
  if (!co_await durable(log_.next_index())) {
    co_return refusal(504, "unknown_outcome",
                      "nobody knows whether it was recorded: look at the run's history");
  }
  ++metrics_.acts[{route.operation, refused ? "refused" : "recorded"}];
  if (refused) {
    log_about(spdlog::level::info, call.run, 0,
              "refused: " + std::string(route.operation) + " by " + by.principal + ": " + *refused);
  }
  if (refused) co_return refusal(409, "refused", *refused);
  const auto now = engine::find_run(log_, call.run);
  co_return Answer{200,
                   {{"run", call.run},
                    {"act", route.operation},
                    {"by", by.principal},
                    {"reason", by.reason},
                    {"state", ratchetctl::name_of(now->state)}},
                   {},
                   {}};
}

}  // namespace ratchet::ratchetd
