// The HTTPS server that the API server asks about MySQLs and MySQLOpsRequests.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "k8s/http/http.h"
#include "k8s/http/tls_files.h"
#include "k8s/operator/review.h"

namespace ratchet::k8s {

struct WebhookOptions {
  std::string address = "0.0.0.0";
  std::uint16_t port = 8443;          // 0: any free one
  std::filesystem::path certificate;  // PEM files, read again when they have changed
  std::filesystem::path key;
  std::chrono::milliseconds reload_period{10'000};
  // Less than the configurations' timeoutSeconds, so that a late answer has a reason.
  std::chrono::milliseconds deadline{4'000};
  ReviewOptions review;
};

class Webhook {
 public:
  // Listens at once. Throws std::runtime_error that names the file or the port which cannot be
  // used. The client must outlive it and what it has under way.
  Webhook(const boost::asio::any_io_executor& executor, Client& client, WebhookOptions options);
  Webhook(const Webhook&) = delete;
  Webhook& operator=(const Webhook&) = delete;

  std::uint16_t port() const { return server_.port(); }
  // Keeps the certificate fresh; until `stop`, and then until what was asked before is answered. A
  // pair that cannot be used is reported, and the one before goes on.
  boost::asio::awaitable<void> run();
  void stop();

 private:
  void refresh();
  boost::asio::awaitable<void> serve(const http::Request& request, http::Responder& responder);
  boost::asio::awaitable<http::Response> respond(const http::Request& request);

  WebhookOptions options_;
  Reviewer reviewer_;
  http::TlsFiles files_;
  http::Server server_;
  boost::asio::steady_timer tick_;
  bool stopped_ = false;
};

// A version 4 UUID from OpenSSL's generator. Throws std::runtime_error if there is no entropy.
std::string random_uuid();

}  // namespace ratchet::k8s
