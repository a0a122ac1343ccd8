#include "k8s/embedded/http_front.h"

#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "k8s/embedded/discovery.h"
#include "k8s/embedded/json_access.h"
#include "k8s/embedded/refusal.h"
#include "k8s/embedded/table.h"

namespace ratchet::k8s::embedded {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr auto longest_watch = std::chrono::minutes(30);
constexpr auto bookmark_interval = std::chrono::seconds(30);
constexpr auto poll_interval = std::chrono::seconds(1);  // to see that the peer has gone

http::Response json_response(int status, const Json& body) {
  return {status, "application/json", body.dump() + "\n", {}};
}

http::Response plain(int status, std::string body) {
  return {status, "text/plain; charset=utf-8", std::move(body), {}};
}

Json unauthorized() { return failure(401, "Unauthorized", "Unauthorized", nullptr); }

// Paths that the real server knows nothing of, it answers in plain text.
bool unknown_resource(const Answer& answer) {
  return answer.code == 404 && !dig(answer.body, {"details"}).contains("name");
}

}  // namespace

std::optional<std::string> HttpFront::user_of(const http::Request& request) const {
  if (options_.tokens.empty()) return "system:anonymous";
  constexpr std::string_view scheme = "Bearer ";
  const auto found = request.headers.find("authorization");
  if (found == request.headers.end() || !found->second.starts_with(scheme)) return std::nullopt;
  const auto user = options_.tokens.find(found->second.substr(scheme.size()));
  return user == options_.tokens.end() ? std::nullopt : std::optional(user->second);
}

asio::awaitable<void> HttpFront::answer(const http::Request& request, http::Responder& responder) {
  std::optional<http::Response> response;
  Route route;
  try {
    route = route_of(request);
  } catch (const Refusal& refusal) {
    response = json_response(refusal.status().value("code", 400), refusal.status());
  }
  const auto user = user_of(request);
  if (response) {
    // said above
  } else if (!route.call) {
    response = answer_path(route);
  } else if (!user) {
    response = json_response(401, unauthorized());
  } else {
    route.call->user = *user;
    if (route.call->verb == Verb::watch) {
      co_await answer_watch(std::move(route), responder);
      co_return;
    }
    response = answer_call(route);
  }
  if (response->status == 0) {  // a fault: no answer for as long as the client waits
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (!responder.gone()) {
      timer.expires_after(poll_interval);
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return;
  }
  co_await responder.send(std::move(*response));
}

http::Response HttpFront::answer_path(const Route& route) const {
  if (route.path == "/healthz" || route.path == "/readyz" || route.path == "/livez") {
    return plain(200, "ok");
  }
  const auto document = discovery_document(server_.kinds(), route.path);
  return document ? json_response(200, *document) : plain(404, "404 page not found\n");
}

http::Response HttpFront::answer_call(const Route& route) {
  const Call& call = *route.call;
  if (call.plural == "pods" && call.subresource == "log" && call.verb == Verb::get) {
    const auto log = options_.log ? options_.log(call.space, call.name) : std::nullopt;
    if (log) return plain(200, *log);
    return json_response(404, not_found("pods", call.name).status());
  }
  Answer answer = server_.handle(call);
  if (answer.lost) return {0, "", "", {}};
  if (unknown_resource(answer) && call.subresource.empty()) {
    return plain(404, "404 page not found\n");
  }
  const KindPtr kind = server_.kinds().find(call.group, call.version, call.plural);
  const bool printable = call.verb == Verb::get || call.verb == Verb::list;
  if (route.table && printable && answer.code == 200 && kind) {
    answer.body = as_table(*kind, call.version, answer.body, server_.now(), route.whole_rows);
  }
  return json_response(answer.code, answer.body);
}

asio::awaitable<void> HttpFront::answer_watch(Route route, http::Responder& responder) {
  WatchReply reply = server_.watch(*route.call);
  if (!reply.watch) {
    co_await responder.send(json_response(reply.refusal.code, reply.refusal.body));
    co_return;
  }
  co_await responder.start(200, "application/json");
  co_await stream(*reply.watch, std::move(route), responder);
}

asio::awaitable<void> HttpFront::stream(Watch& watch, Route route, http::Responder& responder) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  const auto asked = std::chrono::seconds(route.timeout_seconds.value_or(0));
  const auto end = Clock::now() + (asked.count() > 0 ? asked : longest_watch);
  auto next_bookmark = Clock::now() + bookmark_interval;
  watch.on_change([&timer] { timer.cancel(); });
  while (!watch.ended() && !responder.gone() && Clock::now() < end) {
    std::string lines;
    while (auto event = watch.next()) lines += line_of(route, watch, std::move(*event));
    if (watch.call().bookmarks && Clock::now() >= next_bookmark) {
      next_bookmark = Clock::now() + bookmark_interval;
      lines += line_of(route, watch, watch.bookmark());
    }
    if (!lines.empty()) {
      co_await responder.write(std::move(lines));
      continue;  // more may have come while this was on its way
    }
    timer.expires_at(std::min(end, Clock::now() + poll_interval));
    boost::system::error_code woken;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

std::string HttpFront::line_of(const Route& route, const Watch& watch, Json event) const {
  const bool object = event["type"] != "ERROR" && event["type"] != "BOOKMARK";
  if (route.table && object) {
    event["object"] = as_table(watch.kind(), watch.call().version, event["object"], server_.now(),
                               route.whole_rows);
  }
  return event.dump() + "\n";
}

}  // namespace ratchet::k8s::embedded
