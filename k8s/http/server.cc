#include <algorithm>
#include <list>
#include <tuple>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/status.hpp>

#include "k8s/http/http.h"
#include "k8s/http/message.h"
#include "k8s/http/wire.h"

namespace ratchet::k8s::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using boost::system::system_error;
using Clock = Wire::Clock;
using RequestParser = beast::http::request_parser<beast::http::string_body>;

constexpr auto handshake_time = std::chrono::seconds(10);
constexpr auto write_time = std::chrono::seconds(30);
constexpr auto linger_time = std::chrono::seconds(2);
constexpr auto accept_pause = std::chrono::milliseconds(100);
constexpr auto look_pause = std::chrono::milliseconds(5);

std::string status_line(int status) {
  auto phrase = beast::http::obsolete_reason(static_cast<beast::http::status>(status));
  return "HTTP/1.1 " + std::to_string(status) + " " + std::string(phrase) + "\r\n";
}

class WireResponder final : public Responder {
 public:
  WireResponder(Wire& wire, bool head_only, bool keep_alive)
      : wire_(wire), head_only_(head_only), keep_alive_(keep_alive) {}

  bool untouched() const { return state_ == State::untouched; }

  asio::awaitable<void> send(Response response) override {
    enter(State::untouched, State::finished);
    std::string bytes = status_line(response.status);
    append_header(bytes, "Content-Type", response.content_type);
    append_header(bytes, "Content-Length", std::to_string(response.body.size()));
    for (const auto& [name, value] : response.headers) {
      append_header(bytes, name, value);
    }
    bytes += end_of_head();
    if (!head_only_) {
      bytes += response.body;
    }
    co_await put(std::move(bytes));
  }

  asio::awaitable<void> start(int status, std::string content_type) override {
    enter(State::untouched, State::started);
    std::string bytes = status_line(status);
    append_header(bytes, "Content-Type", content_type);
    append_header(bytes, "Transfer-Encoding", "chunked");
    co_await put(bytes + end_of_head());
  }

  asio::awaitable<void> write(std::string chunk) override {
    enter(State::started, State::started);
    if (chunk.empty() || head_only_) {
      co_return;  // an empty chunk would end the body
    }
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
    co_await put(size + chunk + "\r\n");
  }

  bool gone() override { return wire_.peer_closed(); }

  asio::awaitable<void> finish() {
    if (state_ == State::started && !head_only_) {
      co_await put("0\r\n\r\n");
    }
    state_ = State::finished;
  }

 private:
  enum class State { untouched, started, finished };

  void enter(State from, State to) {
    if (state_ != from) {
      throw std::logic_error("http::Responder: send once, or start and then write");
    }
    state_ = to;
  }

  std::string end_of_head() const { return keep_alive_ ? "\r\n" : "Connection: close\r\n\r\n"; }

  asio::awaitable<void> put(std::string bytes) {
    wire_.expires_at(Clock::now() + write_time);
    co_await wire_.write(asio::buffer(bytes));
  }

  Wire& wire_;
  bool head_only_;
  bool keep_alive_;
  State state_ = State::untouched;
};

Response refusal(int status, const std::string& why) {
  return Response{status, "text/plain; charset=utf-8", why + "\n", {}};
}

// What to answer to a request that could not be read; status 0: nothing, the peer has gone.
Response answer_to(const error_code& error, std::size_t most) {
  if (error == beast::http::error::body_limit) {
    return refusal(413, "the request is larger than " + std::to_string(most) + " bytes");
  }
  if (error == beast::http::error::header_limit) {
    return refusal(431, "the request's header is too large");
  }
  bool bad =
      error.category() == beast::http::make_error_code(beast::http::error::bad_method).category() &&
      error != beast::http::error::end_of_stream && error != beast::http::error::partial_message;
  return bad ? refusal(400, "bad request: " + error.message()) : refusal(0, "");
}

// Reads away what a refused peer is still sending: closing now would reset the connection, and
// the peer might never see the refusal.
asio::awaitable<void> linger(Wire& wire) {
  wire.shutdown_send();
  wire.expires_at(Clock::now() + linger_time);
  std::string sink(read_bytes, '\0');
  while (co_await wire.read_some(asio::buffer(sink)) > 0) {
  }
}

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  struct Session {
    std::unique_ptr<Wire> wire;
    bool answering = false;
    asio::cancellation_signal cancel;
  };
  using Sessions = std::list<Session>;

  Impl(const asio::any_io_executor& on, TlsContext with, Handler answer, ServerLimits most)
      : executor(on),
        context(std::move(with)),
        handler(std::move(answer)),
        limits(most),
        acceptor(on) {}

  void listen(const std::string& address, std::uint16_t port) {
    try {
      tcp::endpoint endpoint(asio::ip::make_address(address), port);
      acceptor.open(endpoint.protocol());
      acceptor.set_option(tcp::acceptor::reuse_address(true));
      acceptor.bind(endpoint);
      acceptor.listen();
    } catch (const system_error& error) {
      throw std::runtime_error("cannot listen on " + address + " port " + std::to_string(port) +
                               ": " + error.code().message());
    }
  }

  asio::awaitable<void> accept_all() {
    auto self = shared_from_this();
    asio::steady_timer pause(executor);
    while (acceptor.is_open()) {
      error_code error;
      tcp::socket socket =
          co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (!acceptor.is_open()) {
        co_return;
      }
      if (error) {  // out of descriptors, most often: it passes
        pause.expires_after(accept_pause);
        co_await pause.async_wait(asio::use_awaitable);
      } else if (sessions.size() < limits.connections) {
        begin(std::move(socket));
      }
    }
  }

  void begin(tcp::socket socket) {
    auto session = sessions.emplace(sessions.end());
    asio::co_spawn(
        executor, serve(std::move(socket), session),
        asio::bind_cancellation_slot(session->cancel.slot(), [self = shared_from_this(),
                                                              session](const std::exception_ptr&) {
          self->sessions.erase(session);
        }));
  }

  asio::awaitable<void> serve(tcp::socket socket, Sessions::iterator session) {
    const auto most = std::min<Clock::duration>(handshake_time, limits.request);
    session->wire = co_await welcome(std::move(socket), context, Clock::now() + most);
    beast::flat_buffer buffer;
    while (co_await serve_one(*session, buffer)) {
    }
  }

  // Reads and answers one request; false: the connection is at its end.
  asio::awaitable<bool> serve_one(Session& session, beast::flat_buffer& buffer) {
    Wire& wire = *session.wire;
    RequestParser parser;
    parser.header_limit(max_header_bytes);
    parser.body_limit(limits.body);
    parser.eager(true);
    wire.expires_at(Clock::now() + limits.request);
    error_code bad;
    try {
      co_await read(wire, buffer, parser);
    } catch (const system_error& error) {
      bad = error.code();
    }
    if (bad) {
      co_await refuse(wire, answer_to(bad, limits.body));
      co_return false;
    }
    bool keep_alive = parser.keep_alive();
    session.answering = true;
    co_await answer(wire, parser.get(), keep_alive);
    session.answering = false;
    co_return keep_alive&& acceptor.is_open();
  }

  static asio::awaitable<void> read(Wire& wire, beast::flat_buffer& buffer, RequestParser& parser) {
    bool told_to_go_on = false;
    while (!parser.is_done()) {
      co_await advance(wire, buffer, parser);
      if (parser.is_header_done() && !parser.is_done() && !told_to_go_on &&
          beast::iequals(parser.get()[beast::http::field::expect], "100-continue")) {
        told_to_go_on = true;
        co_await wire.write(asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25));
      }
    }
  }

  static asio::awaitable<void> refuse(Wire& wire, Response response) {
    if (response.status != 0) {
      WireResponder responder(wire, false, false);
      co_await responder.send(std::move(response));
      co_await linger(wire);
    }
  }

  asio::awaitable<void> answer(Wire& wire, RequestParser::value_type& message, bool keep_alive) {
    Request request{std::string(message.method_string()), std::string(message.target()),
                    lower_case_headers(message.base()), std::move(message.body())};
    WireResponder responder(wire, request.method == "HEAD", keep_alive);
    std::string failure;
    try {
      co_await handler(request, responder);
      failure = "the handler gave no answer";
    } catch (const std::exception& error) {
      if (!responder.untouched()) {
        throw;  // cut, so that the peer does not take a part for the whole
      }
      failure = error.what();
    }
    if (responder.untouched()) {
      co_await responder.send(refusal(500, failure));
    }
    co_await responder.finish();
  }

  asio::awaitable<void> finish(std::chrono::milliseconds most) {
    const auto self = shared_from_this();
    const auto until = Clock::now() + most;
    close(false);
    asio::steady_timer look(executor);
    while (!sessions.empty() && Clock::now() < until) {
      look.expires_after(look_pause);
      co_await look.async_wait(asio::use_awaitable);
    }
    close(true);
  }

  // The listener, and the connections: all, or those on which nothing is being answered.
  void close(bool all) {
    error_code ignored;
    std::ignore = acceptor.close(ignored);
    // A session may end, and leave the list, while it is being cancelled.
    for (auto next = sessions.begin(); next != sessions.end();) {
      auto session = next++;
      if (session->answering && !all) {
        continue;
      }
      if (session->wire) {
        session->wire->close();
      }
      session->cancel.emit(asio::cancellation_type::terminal);
    }
  }

  asio::any_io_executor executor;
  TlsContext context;
  Handler handler;
  ServerLimits limits;
  tcp::acceptor acceptor;
  Sessions sessions;
};

Server::Server(const asio::any_io_executor& executor, const std::string& address,
               std::uint16_t port, const std::optional<Tls>& tls, Handler handler,
               ServerLimits limits)
    : impl_(std::make_shared<Impl>(executor, server_context(tls), std::move(handler), limits)) {
  impl_->listen(address, port);
  asio::co_spawn(executor, impl_->accept_all(), [](const std::exception_ptr&) {});
}

Server::~Server() { stop(); }

std::uint16_t Server::port() const {
  error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

void Server::use(const Tls& tls) { impl_->context = server_context(tls); }

asio::awaitable<void> Server::finish(std::chrono::milliseconds most) { return impl_->finish(most); }

void Server::stop() { impl_->close(true); }

}  // namespace ratchet::k8s::http
