// A byte stream, plain or TLS, with deadlines: what the client and the server have in common below
// HTTP. It is virtual so that HTTP is compiled once and not once per kind of stream.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "k8s/http/http.h"

namespace ratchet::k8s::http {

// One connection. One read and one write may be under way at a time. Failures throw
// boost::system::system_error; an operation that passes the deadline fails with
// beast::error::timeout and closes the connection.
class Wire {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~Wire() = default;
  // Bounds every operation that starts from now on, until the next call.
  virtual void expires_at(Clock::time_point until) = 0;
  // 0 at the end of the stream, be it closed properly or cut by a TLS peer without a farewell.
  virtual boost::asio::awaitable<std::size_t> read_some(boost::asio::mutable_buffer into) = 0;
  virtual boost::asio::awaitable<void> write(boost::asio::const_buffer all) = 0;
  virtual void shutdown_send() = 0;
  virtual void close() = 0;
  // True once the peer has closed its side, or nothing can be read any more.
  virtual bool peer_closed() = 0;
  // True if there is something to read, be it only the end. On an idle connection: it is stale.
  virtual bool readable() = 0;
};

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

// Null for plain connections. Throws std::runtime_error naming the part that is no valid PEM.
TlsContext client_context(const std::optional<Tls>& tls);
TlsContext server_context(const std::optional<Tls>& tls);

// Resolves, connects and shakes hands. A refused certificate throws std::runtime_error that says
// why; the name is verified against Tls::server_name or the host.
boost::asio::awaitable<std::unique_ptr<Wire>> dial(boost::asio::any_io_executor executor,
                                                   const Endpoint& endpoint, TlsContext context,
                                                   Wire::Clock::time_point until);

// The server's side of an accepted connection; shakes hands where there is a context.
boost::asio::awaitable<std::unique_ptr<Wire>> welcome(boost::asio::ip::tcp::socket socket,
                                                      TlsContext context,
                                                      Wire::Clock::time_point until);

}  // namespace ratchet::k8s::http
