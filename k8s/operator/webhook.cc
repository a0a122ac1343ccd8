#include "k8s/operator/webhook.h"

#include <stdexcept>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/rand.h>
#include <spdlog/spdlog.h>

namespace ratchet::k8s {

namespace asio = boost::asio;

namespace {

// Two objects of etcd's largest size, and room; and the API server opens few connections.
constexpr http::ServerLimits limits{.body = std::size_t{8} << 20, .connections = 64};

// Nothing that the API server sends is nested deeper, and what is walks its readers off the stack.
constexpr int deepest = 200;

Json parse_review(const std::string& body) {
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > deepest;
    return !too_deep;
  };
  Json review = Json::parse(body, watch, false);
  if (too_deep) throw BadReview("the body is nested too deeply");
  if (review.is_discarded()) throw BadReview("the body is no JSON");
  return review;
}

http::Response plain(int status, const std::string& why) {
  return {status, "text/plain; charset=utf-8", why + "\n", {}};
}

}  // namespace

std::string random_uuid() {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) {
    throw std::runtime_error("the system gives no random numbers for a UUID");
  }
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);  // version 4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);  // RFC 9562's variant
  std::string text;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return text;
}

Webhook::Webhook(const asio::any_io_executor& executor, Client& client, WebhookOptions options)
    : options_(std::move(options)),
      reviewer_(client, options_.review),
      files_(options_.certificate, options_.key),
      server_(
          executor, options_.address, options_.port, files_.tls(),
          [this](const http::Request& request, http::Responder& responder) {
            return serve(request, responder);
          },
          limits),
      tick_(executor) {}

void Webhook::refresh() {
  try {
    if (!files_.refresh()) return;
    server_.use(files_.tls());
    spdlog::info("webhook: has a new certificate");
  } catch (const std::exception& error) {
    spdlog::warn("webhook: keeps its certificate: {}", error.what());
  }
}

asio::awaitable<void> Webhook::run() {
  while (!stopped_) {
    tick_.expires_after(options_.reload_period);
    boost::system::error_code woken;
    co_await tick_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (!stopped_) refresh();
  }
  co_await server_.finish(options_.deadline);
}

void Webhook::stop() {
  stopped_ = true;
  tick_.cancel();
}

asio::awaitable<void> Webhook::serve(const http::Request& request, http::Responder& responder) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer late(co_await asio::this_coro::executor, options_.deadline);
  auto either = co_await (respond(request) || late.async_wait(asio::use_awaitable));
  if (auto* response = std::get_if<0>(&either)) {
    co_await responder.send(std::move(*response));
  } else {
    co_await responder.send(plain(504, "the API server did not answer the webhook in time"));
  }
}

asio::awaitable<http::Response> Webhook::respond(const http::Request& request) {
  if (request.method != "POST") co_return plain(405, "an AdmissionReview is sent by POST");
  const std::string path = request.target.substr(0, request.target.find('?'));
  try {
    const Json answer = co_await reviewer_.answer(path, parse_review(request.body));
    co_return http::Response{200, "application/json", answer.dump(), {}};
  } catch (const BadReview& error) {
    co_return plain(400, error.what());
  } catch (const std::exception& error) {
    spdlog::warn("webhook: {}: {}", path, error.what());
    co_return plain(500, error.what());
  }
}

}  // namespace ratchet::k8s
