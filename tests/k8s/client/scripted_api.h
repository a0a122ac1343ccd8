// An HTTP server that gives prepared answers, one a request, and keeps the requests.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "k8s/client/http_client.h"
#include "k8s/http/http.h"
#include "tests/k8s/http/loop.h"

namespace ratchet::k8s::testing {

struct Answer {
  enum class End { clean, cut, hold };  // of a stream; `hold` without lines: no answer at all

  static Answer object(int status, const Json& body) { return {status, body.dump(), {}, {}}; }
  static Answer stream(std::vector<std::string> lines, End end) {
    return {200, "", std::move(lines), end};
  }
  static Answer never() { return {0, "", {}, End::hold}; }

  int status = 200;
  std::string body;
  std::vector<std::string> lines;
  End end = End::clean;
};

class ScriptedApi {
 public:
  explicit ScriptedApi(http::testing::Loop& loop, const std::optional<http::Tls>& tls = {})
      : server_(loop.executor(), "127.0.0.1", 0, tls,
                [this](const http::Request& request, http::Responder& responder) {
                  return answer(request, responder);
                }) {}

  std::uint16_t port() const { return server_.port(); }
  // Without TLS.
  Access access() const {
    Access access;
    access.endpoint = {"127.0.0.1", server_.port(), std::nullopt};
    return access;
  }

  std::deque<Answer> script;  // 500 once it is used up
  std::vector<http::Request> requests;

 private:
  boost::asio::awaitable<void> answer(const http::Request& request, http::Responder& responder) {
    requests.push_back(request);
    if (script.empty()) {
      co_await responder.send({500, "text/plain", "the script is at its end", {}});
      co_return;
    }
    Answer next = std::move(script.front());
    script.pop_front();
    if (next.status != 0 && next.lines.empty()) {
      co_await responder.send({next.status, "application/json", next.body, {}});
      co_return;
    }
    co_await stream(next, responder);
  }

  boost::asio::awaitable<void> stream(const Answer& next, http::Responder& responder) {
    if (next.status != 0) {
      co_await responder.start(next.status, "application/json");
    }
    for (const std::string& line : next.lines) {
      co_await responder.write(line + "\n");
    }
    if (next.end == Answer::End::cut) {
      throw std::runtime_error("cut");
    }
    if (next.end == Answer::End::hold) {
      boost::asio::steady_timer never(co_await boost::asio::this_coro::executor,
                                      std::chrono::hours(1));
      co_await never.async_wait(boost::asio::use_awaitable);
    }
  }

  http::Server server_;
};

inline Json pod(const std::string& name, const std::string& version,
                const std::string& uid = "uid-1") {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"name", name}, {"namespace", "demo"}, {"uid", uid}, {"resourceVersion", version}}}};
}

inline Json list_of(const std::string& version, std::vector<Json> items,
                    const std::string& more = "") {
  Json list{{"kind", "PodList"},
            {"apiVersion", "v1"},
            {"metadata", {{"resourceVersion", version}}},
            {"items", std::move(items)}};
  if (!more.empty()) {
    list["metadata"]["continue"] = more;
    list["metadata"]["remainingItemCount"] = 1;
  }
  return list;
}

inline Json status_of(int code, const std::string& reason) {
  return {{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Failure"},
          {"code", code},     {"reason", reason},   {"message", "because " + reason}};
}

inline std::string watch_line(const std::string& type, const Json& object) {
  return Json{{"type", type}, {"object", object}}.dump();
}

}  // namespace ratchet::k8s::testing
