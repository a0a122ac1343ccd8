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
constexpr std::chrono::milliseconds look_for_events_every{100};

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
Answer guarded(Read read, const Sources& from, const Call& call) {
  try {
    return read(from, call);
  } catch (const BadRequest& error) {
    return refusal(400, "bad_request", error.what());
  } catch (const std::exception& error) {
    return refusal(500, "internal", error.what());
  }
}

// Nothing if the log cannot be read.
std::optional<std::string> next_of(EventStream& events, const store::LogReader& log) {
  try {
    return events.next(log);
  } catch (const std::exception& error) {
    spdlog::error("events: {}", error.what());
    return std::nullopt;
  }
}

// A read under way on the other thread.
template <class Result>
struct Reading {
  explicit Reading(const asio::any_io_executor& executor)
      : done(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer done;
  Result result;
};

asio::awaitable<void> wait(asio::steady_timer& timer) {
  boost::system::error_code woken;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

Wanted wanted_of(const Route& route, const Call& call) {
  const std::string path = route.path;
  return {route.verb, call.run, path.starts_with("/v1/") ? "" : path};
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

Api::Api(const asio::any_io_executor& executor, engine::Engine& engine, const store::Log& log,
         const engine::Registry& workflows, Judge judge, ApiOptions options)
    : executor_(executor),
      engine_(engine),
      log_(log),
      workflows_(workflows),
      judge_(std::move(judge)),
      options_(std::move(options)),
      bucket_(options_.requests_a_second, options_.burst),
      places_(options_.streams),
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
  co_await server_.finish(options_.farewell);
}

void Api::stop() {
  stopped_ = true;
  tick_.cancel();
}

asio::awaitable<void> Api::serve(const http::Request& request, http::Responder& responder) {
  std::string operation = "none";
  Watch watch;
  const Answer given = co_await answer(request, operation, watch);
  ++metrics_.requests[{operation, given.status}];
  if (watch.events) {
    co_await stream(std::move(watch), responder);
  } else {
    co_await responder.send(response_of(given));
  }
}

asio::awaitable<Answer> Api::answer(const http::Request& request, std::string& operation,
                                    Watch& watch) {
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
  co_return co_await answer_route(route, std::move(found.call), request, watch);
}

asio::awaitable<Answer> Api::answer_route(const Route& route, Call call,
                                          const http::Request& request, Watch& watch) {
  try {
    if (std::holds_alternative<Stream>(route.serve)) co_return admit(call, request, watch);
    if (const auto* of = std::get_if<Probe>(&route.serve)) co_return probe(*of);
    if (const auto* reads = std::get_if<Read>(&route.serve)) {
      co_return co_await read(*reads, std::move(call));
    }
    if (!metrics_.ready) {
      co_return refusal(503, "not_ready", "the daemon waits for its Lease, or opens its log");
    }
    if (stopped_) co_return refusal(503, "not_ready", "the daemon ends");
    if (metrics_.halted) co_return refusal(503, "halted", "the log failed; the process ends");
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
  if (options_.fence_ends) metrics_.fence_ends = options_.fence_ends();
  return {200, {}, to_text(metrics_, runs_), {}};
}

template <class Work>
auto Api::on_reader(Work work) -> asio::awaitable<decltype(work())> {
  const auto reading = std::make_shared<Reading<decltype(work())>>(executor_);
  asio::post(reader_, [reading, work = std::move(work)]() mutable {
    reading->result = work();
    asio::post(reading->done.get_executor(),
               [reading] { reading->done.expires_at(asio::steady_timer::time_point::min()); });
  });
  co_await wait(reading->done);
  co_return std::move(reading->result);
}

asio::awaitable<Answer> Api::read(Read reads, Call call) {
  co_return co_await on_reader(
      [this, reads, call = std::move(call)] { return guarded(reads, {log_, workflows_}, call); });
}

Answer Api::admit(const Call& call, const http::Request& request, Watch& watch) {
  const auto last = request.headers.find("last-event-id");
  auto events = std::make_shared<EventStream>(
      log_, call, last == request.headers.end() ? std::string() : last->second);
  if (!events->run().empty() && !engine::find_run(log_, events->run())) {
    return unknown_run(events->run());
  }
  watch.place = places_.take();
  if (!watch.place) {
    Answer many = refusal(503, "too_many_streams",
                          std::to_string(options_.streams) +
                              " connections watch events already: try again when one has ended");
    many.headers["Retry-After"] = "10";
    return many;
  }
  watch.events = std::move(events);
  return {};
}

// Reads on only when the peer has taken what it was sent.
asio::awaitable<void> Api::stream(Watch watch, http::Responder& responder) {
  using Clock = Bucket::Clock;
  co_await responder.start(200, "text/event-stream");
  co_await responder.write("retry: 2000\n\n");
  asio::steady_timer pause(executor_);
  auto last = Clock::now();
  while (!stopped_ && !responder.gone()) {
    if (log_.head().size > watch.events->place()) {
      std::optional<std::string> text =
          co_await on_reader([this, events = watch.events] { return next_of(*events, log_); });
      if (!text) co_return;  // the peer asks again, and is told what is wrong
      if (text->empty()) continue;
      co_await responder.write(std::move(*text));
      last = Clock::now();
      continue;
    }
    if (!watch.events->follows()) co_return;
    if (Clock::now() - last >= options_.heartbeat) {
      co_await responder.write(": nothing new\n\n");
      last = Clock::now();
    }
    pause.expires_after(look_for_events_every);
    co_await wait(pause);
  }
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
  if (engine::has_ended(run->state) && !act.on_ended) {
    co_return refusal(409, "refused",
                      "run " + call.run + " has ended: " + ratchetctl::name_of(run->state));
  }
  const engine::By by{call.caller, call.body["reason"]};
  const auto [refused, more] = act.perform(engine_, log_, call, by);
  // Nothing is said before it is durable; a refusal may have been recorded too.
  if (!co_await durable(log_.next_index())) {
    co_return refusal(504, "unknown_outcome",
                      "nobody knows whether it was recorded: look at the run's history");
  }
  ++metrics_.acts[{route.operation, refused ? "refused" : "recorded"}];
  if (refused) {
    // `step` is a field of those acts alone that are about one; performing them has checked it.
    log_about(spdlog::level::info, call.run, call.body.value("step", engine::CommandId{0}),
              "refused: " + std::string(route.operation) + " by " + by.principal + ": " + *refused);
  }
  if (refused) co_return refusal(409, "refused", *refused);
  const auto now = engine::find_run(log_, call.run);
  Answer answer{200,
                {{"run", call.run},
                 {"act", route.operation},
                 {"by", by.principal},
                 {"reason", by.reason},
                 {"state", ratchetctl::name_of(now->state)}},
                {},
                {}};
  answer.body.update(more);
  co_return answer;
}

}  // namespace ratchet::ratchetd
