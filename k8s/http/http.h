// HTTP/1.1 for the Kubernetes layer: a client with TLS and a small server. Beast stays behind this
// header. Everything runs on the executor that it is given; nothing here is thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace ratchet::k8s::http {

struct Request {
  std::string method = "GET";
  std::string target = "/";                    // path and query, percent-encoded
  std::map<std::string, std::string> headers;  // as received: names in lower case
  std::string body;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  // As received: all, names in lower case. To be sent: those besides type and length.
  std::map<std::string, std::string> headers;
};

struct Tls {
  // Trust anchors; empty: the system's. On a server: of its clients, which then must show a
  // certificate; empty: they need none.
  std::string ca_pem;
  std::string certificate_pem;  // client: optional; server: required
  std::string key_pem;
  std::string server_name;  // name to verify; empty: Endpoint::host
  bool verify_peer = true;  // client only
};

struct Endpoint {
  std::string host;  // name or address
  std::uint16_t port = 443;
  std::optional<Tls> tls;
};

// Lines of a long answer (a watch).
class LineStream {
 public:
  virtual ~LineStream() = default;
  // The next line without its newline; nothing at the end of the stream, be it clean or cut.
  // Throws std::runtime_error if nothing arrives for `idle`, or a line is over 16 MiB.
  virtual boost::asio::awaitable<std::optional<std::string>> next_line(
      std::chrono::steady_clock::duration idle) = 0;
};

struct StreamReply {
  Response head;  // body is filled, and lines empty, unless status is 200
  std::unique_ptr<LineStream> lines;
};

// A pool of keep-alive connections to one endpoint. Calls can be cancelled (asio's terminal
// cancellation of the calling coroutine); they may outlive the client. Failures of transport and
// deadlines throw std::runtime_error with host, port and reason; an HTTP status is never a failure
// here.
class Client {
 public:
  Client(boost::asio::any_io_executor executor, Endpoint endpoint);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends the request and reads the whole answer (64 MiB at most) within `deadline`.
  // A kept-alive connection that turns out closed before a byte of the answer came is replaced
  // once, for GET only: any other request may have been carried out.
  boost::asio::awaitable<Response> fetch(Request request,
                                         std::chrono::steady_clock::duration deadline);

  // As fetch, but hands out the body line by line, on a connection of its own.
  boost::asio::awaitable<StreamReply> stream(Request request,
                                             std::chrono::steady_clock::duration deadline);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Answers one request: `send` once, or `start` and then `write`s.
class Responder {
 public:
  virtual ~Responder() = default;
  virtual boost::asio::awaitable<void> send(Response response) = 0;
  virtual boost::asio::awaitable<void> start(int status, std::string content_type) = 0;
  // Sends one chunk; throws when the peer has gone or does not read for 30 s.
  virtual boost::asio::awaitable<void> write(std::string chunk) = 0;
  // True once the peer has closed its side; a stream's producer polls it while it has nothing.
  virtual bool gone() = 0;
};

// What one server takes from its peers at most.
struct ServerLimits {
  std::size_t body = std::size_t{16} << 20;  // a larger request gets 413
  std::size_t connections = 1024;            // further ones are closed
  // For a whole request, the wait for it on a connection that is kept included; and for the
  // handshake, which has 10 s at most.
  std::chrono::milliseconds request{120'000};
};

// Listens at once on construction; a handler runs per request. A handler that throws, or does not
// answer, gets 500 sent for it; if it had begun to, a cut stream.
class Server {
 public:
  using Handler =
      std::function<boost::asio::awaitable<void>(const Request& request, Responder& responder)>;

  // `port` 0: any free port.
  Server(const boost::asio::any_io_executor& executor, const std::string& address,
         std::uint16_t port, const std::optional<Tls>& tls, Handler handler,
         ServerLimits limits = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  // For connections that come from now on; those there are go on. Throws std::runtime_error, and
  // changes nothing, if it cannot be used.
  void use(const Tls& tls);
  // Takes no further connections and no further requests. Those that are being answered are, for
  // `most` at most; then as stop. The server must live until it returns.
  boost::asio::awaitable<void> finish(std::chrono::milliseconds most);
  // Closes the listener and every connection, and cancels the handlers under way: each ends at its
  // next co_await. What they use must live until the executor has run them to that end.
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ratchet::k8s::http
