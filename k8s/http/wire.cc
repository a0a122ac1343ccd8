#include "k8s/http/wire.h"

#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>

namespace ratchet::k8s::http {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::beast::tcp_stream;
using boost::system::error_code;
using boost::system::system_error;
using TlsStream = ssl::stream<tcp_stream>;

constexpr auto as_pair = asio::as_tuple(asio::use_awaitable);

template <class Stream>
class StreamWire final : public Wire {
 public:
  template <class... Args>
  explicit StreamWire(TlsContext context, Args&&... args)
      : context_(std::move(context)), stream_(std::forward<Args>(args)...) {}

  Stream& stream() { return stream_; }
  tcp_stream& tcp() {
    if constexpr (std::is_same_v<Stream, tcp_stream>) {
      return stream_;
    } else {
      return stream_.next_layer();
    }
  }

  void expires_at(Clock::time_point until) override { tcp().expires_at(until); }

  asio::awaitable<std::size_t> read_some(asio::mutable_buffer into) override {
    auto [failure, count] = co_await stream_.async_read_some(into, as_pair);
    if (failure == asio::error::eof || failure == ssl::error::stream_truncated) {
      co_return 0;
    }
    if (failure) {
      throw system_error(failure);
    }
    co_return count;
  }

  asio::awaitable<void> write(asio::const_buffer all) override {
    co_await asio::async_write(stream_, all, asio::use_awaitable);
  }

  void shutdown_send() override {
    error_code ignored;
    tcp().socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  void close() override { tcp().close(); }
  bool peer_closed() override { return polled(POLLRDHUP); }
  bool readable() override { return polled(POLLIN | POLLRDHUP); }

 private:
  bool polled(short events) {
    if (!tcp().socket().is_open()) {
      return true;
    }
    pollfd state{tcp().socket().native_handle(), events, 0};
    return ::poll(&state, 1, 0) != 0;
  }

  TlsContext context_;  // outlives the stream that uses it
  Stream stream_;
};

template <class Load>
void load(const char* part, const Load& load_part) {
  error_code error;
  if (load_part(error)) {
    throw std::runtime_error(std::string("TLS: ") + part +
                             " is not usable PEM: " + error.message());
  }
}

TlsContext make_context(const Tls& tls, ssl::context::method method) {
  auto context = std::make_shared<ssl::context>(method);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  // Without this OpenSSL would ask the terminal for the passphrase of an encrypted key.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return ""; });
  if (!tls.ca_pem.empty()) {
    load("the certificate authority", [&](error_code& error) {
      return context->add_certificate_authority(asio::buffer(tls.ca_pem), error);
    });
  }
  if (tls.certificate_pem.empty()) {
    return context;
  }
  load("the certificate", [&](error_code& error) {
    return context->use_certificate_chain(asio::buffer(tls.certificate_pem), error);
  });
  load("the private key", [&](error_code& error) {
    return context->use_private_key(asio::buffer(tls.key_pem), ssl::context::pem, error);
  });
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    throw std::runtime_error("TLS: the private key does not belong to the certificate");
  }
  return context;
}

// getaddrinfo cannot be interrupted: past the deadline we leave it to end on its own.
struct Resolution {
  explicit Resolution(const asio::any_io_executor& executor) : resolver(executor), wake(executor) {}
  tcp::resolver resolver;
  asio::steady_timer wake;
  bool done = false;
  error_code error;
  tcp::resolver::results_type results;
};

asio::awaitable<tcp::resolver::results_type> resolve(asio::any_io_executor executor,
                                                     const Endpoint& endpoint,
                                                     Wire::Clock::time_point until) {
  error_code no_address;
  auto address = asio::ip::make_address(endpoint.host, no_address);
  if (!no_address) {
    co_return tcp::resolver::results_type::create(tcp::endpoint(address, endpoint.port),
                                                  endpoint.host, "");
  }
  auto state = std::make_shared<Resolution>(executor);
  state->wake.expires_at(until);
  state->resolver.async_resolve(endpoint.host, std::to_string(endpoint.port),
                                [state](error_code error, tcp::resolver::results_type results) {
                                  state->done = true;
                                  state->error = error;
                                  state->results = std::move(results);
                                  state->wake.cancel();
                                });
  auto [woken] = co_await state->wake.async_wait(as_pair);
  if (!state->done) {
    throw system_error(woken ? woken : error_code(boost::beast::error::timeout));
  }
  if (state->error) {
    throw system_error(state->error);
  }
  co_return state->results;
}

void expect_name(SSL* session, const Endpoint& endpoint) {
  const Tls& tls = *endpoint.tls;
  const std::string& name = tls.server_name.empty() ? endpoint.host : tls.server_name;
  error_code no_address;
  asio::ip::make_address(name, no_address);
  if (no_address) {  // RFC 6066 §3: no addresses in SNI
    SSL_set_tlsext_host_name(session, name.c_str());
  }
  if (tls.verify_peer) {
    SSL_set1_host(session, name.c_str());
  }
}

asio::awaitable<void> shake_hands(TlsStream& stream, const Endpoint& endpoint) {
  SSL* session = stream.native_handle();
  expect_name(session, endpoint);
  auto [error] = co_await stream.async_handshake(ssl::stream_base::client, as_pair);
  long verdict = SSL_get_verify_result(session);
  if (error && endpoint.tls->verify_peer && verdict != X509_V_OK) {
    const std::string& name = endpoint.tls->server_name;
    throw std::runtime_error("the server's certificate is refused: " +
                             std::string(X509_verify_cert_error_string(verdict)) +
                             " (expected: " + (name.empty() ? endpoint.host : name) +
                             "); check the certificate authority and the server's name");
  }
  if (error) {
    throw system_error(error, "TLS handshake");
  }
}

// Small messages go out at once, and a peer whose machine has died is noticed within a minute,
// which matters to a quiet watch.
void tune(tcp_stream& stream) {
  using asio::detail::socket_option::integer;
  const auto try_to_set = [&stream](const auto& option) {
    error_code ignored;
    std::ignore = stream.socket().set_option(option, ignored);
  };
  try_to_set(tcp::no_delay(true));
  try_to_set(tcp::socket::keep_alive(true));
  try_to_set(integer<IPPROTO_TCP, TCP_KEEPIDLE>(30));
  try_to_set(integer<IPPROTO_TCP, TCP_KEEPINTVL>(10));
  try_to_set(integer<IPPROTO_TCP, TCP_KEEPCNT>(3));
}

}  // namespace

TlsContext client_context(const std::optional<Tls>& tls) {
  if (!tls) {
    return nullptr;
  }
  auto context = make_context(*tls, ssl::context::tls_client);
  if (tls->ca_pem.empty()) {
    context->set_default_verify_paths();
  }
  context->set_verify_mode(tls->verify_peer ? ssl::verify_peer : ssl::verify_none);
  return context;
}

TlsContext server_context(const std::optional<Tls>& tls) {
  if (!tls) {
    return nullptr;
  }
  if (tls->certificate_pem.empty()) {
    throw std::runtime_error("TLS: a server needs a certificate and its private key");
  }
  auto context = make_context(*tls, ssl::context::tls_server);
  if (!tls->ca_pem.empty()) {
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  }
  return context;
}

asio::awaitable<std::unique_ptr<Wire>> dial(asio::any_io_executor executor,
                                            const Endpoint& endpoint, TlsContext context,
                                            Wire::Clock::time_point until) {
  auto addresses = co_await resolve(executor, endpoint, until);
  tcp_stream tcp(executor);
  tcp.expires_at(until);
  co_await tcp.async_connect(addresses, asio::use_awaitable);
  tune(tcp);
  if (!context) {
    co_return std::make_unique<StreamWire<tcp_stream>>(nullptr, std::move(tcp));
  }
  auto wire = std::make_unique<StreamWire<TlsStream>>(context, std::move(tcp), *context);
  wire->expires_at(until);
  co_await shake_hands(wire->stream(), endpoint);
  co_return wire;
}

asio::awaitable<std::unique_ptr<Wire>> welcome(tcp::socket socket, TlsContext context,
                                               Wire::Clock::time_point until) {
  tcp_stream tcp(std::move(socket));
  tune(tcp);
  if (!context) {
    co_return std::make_unique<StreamWire<tcp_stream>>(nullptr, std::move(tcp));
  }
  auto wire = std::make_unique<StreamWire<TlsStream>>(context, std::move(tcp), *context);
  wire->expires_at(until);
  co_await wire->stream().async_handshake(ssl::stream_base::server, asio::use_awaitable);
  co_return wire;
}

}  // namespace ratchet::k8s::http
