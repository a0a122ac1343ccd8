// The API server over HTTP: authentication by bearer token, discovery, tables, and watches as
// streams of lines.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "k8s/embedded/api_server.h"
#include "k8s/embedded/route.h"
#include "k8s/http/http.h"

namespace ratchet::k8s::embedded {

struct FrontOptions {
  // Bearer token → user name. Empty: everybody is system:anonymous and may do everything;
  // otherwise a request without a known token gets 401.
  std::map<std::string, std::string> tokens;
  // The log of a pod's container, for `kubectl logs`; not set: there are no logs.
  std::function<std::optional<std::string>(const std::string& space, const std::string& pod)> log;
};

class HttpFront {
 public:
  // The API server must outlive the front, and the front every request that it answers.
  HttpFront(ApiServer& server, FrontOptions options)
      : server_(server), options_(std::move(options)) {}

  // To be called by http::Server's handler.
  boost::asio::awaitable<void> answer(const http::Request& request, http::Responder& responder);

 private:
  std::optional<std::string> user_of(const http::Request& request) const;
  http::Response answer_path(const Route& route) const;
  http::Response answer_call(const Route& route);
  boost::asio::awaitable<void> answer_watch(Route route, http::Responder& responder);
  boost::asio::awaitable<void> stream(Watch& watch, Route route, http::Responder& responder);
  std::string line_of(const Route& route, const Watch& watch, Json event) const;

  ApiServer& server_;
  FrontOptions options_;
};

}  // namespace ratchet::k8s::embedded
