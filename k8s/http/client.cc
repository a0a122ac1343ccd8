#include <deque>
#include <string_view>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>

#include "k8s/http/http.h"
#include "k8s/http/message.h"
#include "k8s/http/wire.h"

namespace ratchet::k8s::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using boost::system::system_error;
using Clock = Wire::Clock;
using ResponseParser = beast::http::response_parser<beast::http::string_body>;

constexpr std::size_t max_idle_connections = 8;
constexpr auto max_idle_time = std::chrono::seconds(60);  // servers give up after minutes

std::string origin(const Endpoint& endpoint) {
  bool bare_ipv6 = endpoint.host.find(':') != std::string::npos;
  return (bare_ipv6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" +
         std::to_string(endpoint.port);
}

// The answer on one connection while it is being read.
struct Exchange {
  explicit Exchange(std::unique_ptr<Wire> on) : wire(std::move(on)) {
    parser.header_limit(max_header_bytes);
    parser.eager(true);
  }
  Response head() {
    const auto& message = parser.get();
    Response response;
    response.status = static_cast<int>(message.result_int());
    response.headers = lower_case_headers(message.base());
    response.content_type = response.headers["content-type"];
    return response;
  }

  std::unique_ptr<Wire> wire;
  beast::flat_buffer buffer;
  ResponseParser parser;
};

std::string serialize(const Endpoint& endpoint, const Request& request) {
  std::string_view target = request.target;
  if (target.empty() || target[0] != '/' ||
      target.find_first_of(std::string_view(" \r\n\0", 4)) != std::string_view::npos) {
    throw std::invalid_argument("HTTP target must be an encoded path and query: " + request.target);
  }
  std::string bytes = request.method + " " + request.target + " HTTP/1.1\r\n";
  append_header(bytes, "Host", origin(endpoint));
  for (const auto& [name, value] : request.headers) {
    append_header(bytes, name, value);
  }
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    append_header(bytes, "Content-Length", std::to_string(request.body.size()));
  }
  return bytes + "\r\n" + request.body;
}

std::string reason(const error_code& error) {
  if (error == beast::error::timeout) {
    return "no answer within the deadline";
  }
  if (error == asio::error::eof || error == beast::http::error::end_of_stream) {
    return "the server closed the connection without an answer";
  }
  if (error == beast::http::error::partial_message) {
    return "the server closed the connection in the middle of the answer";
  }
  if (error == beast::http::error::body_limit) {
    return "the answer is larger than " + std::to_string(max_response_bytes >> 20) + " MiB";
  }
  return error.message();
}

// Errors that say no more than "the server had closed this connection already".
bool closed_before(const error_code& error) {
  return error == beast::http::error::end_of_stream || error == asio::error::eof ||
         error == asio::error::connection_reset || error == asio::error::broken_pipe ||
         error == asio::error::connection_aborted;
}

class Lines final : public LineStream {
 public:
  Lines(std::unique_ptr<Exchange> exchange, std::string where)
      : exchange_(std::move(exchange)), where_(std::move(where)) {
    take_body();
  }

  asio::awaitable<std::optional<std::string>> next_line(Clock::duration idle) override {
    try {
      while (true) {
        if (auto line = buffered_line()) {
          co_return line;
        }
        if (ended_) {
          co_return std::nullopt;
        }
        exchange_->wire->expires_at(Clock::now() + idle);
        co_await more();
      }
    } catch (const system_error& error) {
      ended_ = true;
      if (error.code() == asio::error::operation_aborted) {
        throw;  // the caller was cancelled
      }
      if (error.code() == beast::error::timeout) {
        throw std::runtime_error(where_ + ": nothing arrived within the idle time");
      }
      if (!closed_before(error.code()) && error.code() != beast::http::error::partial_message) {
        throw std::runtime_error(where_ + ": " + error.code().message());
      }
    }
    co_return std::nullopt;
  }

 private:
  asio::awaitable<void> more() {
    ended_ = exchange_->parser.is_done();
    if (!ended_) {
      bool open = co_await advance(*exchange_->wire, exchange_->buffer, exchange_->parser);
      take_body();
      ended_ = !open;
    }
  }

  void take_body() {
    std::string& body = exchange_->parser.get().body();
    text_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
    text_ += body;
    body.clear();
  }

  std::optional<std::string> buffered_line() {
    std::size_t end = text_.find('\n', searched_);
    if ((end == std::string::npos ? text_.size() : end) - begin_ > max_line_bytes) {
      ended_ = true;
      exchange_->wire->close();
      throw std::runtime_error(where_ + ": a line is longer than " +
                               std::to_string(max_line_bytes >> 20) + " MiB");
    }
    searched_ = end == std::string::npos ? text_.size() : end + 1;
    if (end == std::string::npos) {
      return std::nullopt;
    }
    std::string line = text_.substr(begin_, end - begin_);
    begin_ = searched_;
    return line;
  }

  std::unique_ptr<Exchange> exchange_;
  std::string where_;
  std::string text_;          // received and not yet erased
  std::size_t begin_ = 0;     // where the next line begins
  std::size_t searched_ = 0;  // no newline in [begin_, searched_)
  bool ended_ = false;
};

}  // namespace

struct Client::Impl {
  struct Idle {
    std::unique_ptr<Wire> wire;
    Clock::time_point since;
  };

  Impl(asio::any_io_executor on, Endpoint to)
      : executor(std::move(on)), endpoint(std::move(to)), context(client_context(endpoint.tls)) {}

  // The youngest idle connection that is still open, or null.
  std::unique_ptr<Wire> take_idle() {
    while (!idle.empty()) {
      Idle last = std::move(idle.back());
      idle.pop_back();
      if (Clock::now() - last.since < max_idle_time && !last.wire->readable()) {
        return std::move(last.wire);
      }
    }
    return nullptr;
  }

  void keep(std::unique_ptr<Wire> wire) {
    idle.push_back({std::move(wire), Clock::now()});
    if (idle.size() > max_idle_connections) {
      idle.pop_front();
    }
  }

  std::string where(const Request& request) const {
    return (context ? "https://" : "http://") + origin(endpoint) + ": " + request.method + " " +
           request.target.substr(0, request.target.find('?'));
  }

  // Sends, and reads the header.
  asio::awaitable<std::unique_ptr<Exchange>> open(std::unique_ptr<Wire> wire,
                                                  const Request& request, const std::string& bytes,
                                                  Clock::time_point until) {
    if (!wire) {
      wire = co_await dial(executor, endpoint, context, until);
    }
    auto exchange = std::make_unique<Exchange>(std::move(wire));
    exchange->parser.skip(request.method == "HEAD");
    exchange->parser.body_limit(boost::none);  // the header decides which limit holds
    exchange->wire->expires_at(until);
    co_await exchange->wire->write(asio::buffer(bytes));
    while (!exchange->parser.is_header_done()) {
      co_await advance(*exchange->wire, exchange->buffer, exchange->parser);
    }
    co_return exchange;
  }

  asio::awaitable<Response> finish(std::unique_ptr<Exchange> exchange) {
    auto& parser = exchange->parser;
    while (!parser.is_done()) {
      if (parser.get().body().size() > max_response_bytes ||
          parser.content_length_remaining().value_or(0) > max_response_bytes) {
        throw system_error(beast::http::error::body_limit);
      }
      co_await advance(*exchange->wire, exchange->buffer, parser);
    }
    Response response = exchange->head();
    response.body = std::move(parser.get().body());
    if (parser.keep_alive() && exchange->buffer.size() == 0) {
      keep(std::move(exchange->wire));
    }
    co_return response;
  }

  asio::awaitable<Response> fetch(const Request& request, Clock::time_point until) {
    std::string bytes = serialize(endpoint, request);
    if (auto kept = take_idle()) {
      bool may_repeat = request.method == "GET";
      std::unique_ptr<Exchange> exchange;
      try {
        exchange = co_await open(std::move(kept), request, bytes, until);
      } catch (const system_error& error) {
        if (!may_repeat || !closed_before(error.code())) {
          throw;
        }
      }
      if (exchange) {
        co_return co_await finish(std::move(exchange));
      }
    }
    auto exchange = co_await open(nullptr, request, bytes, until);
    co_return co_await finish(std::move(exchange));
  }

  asio::awaitable<StreamReply> stream(const Request& request, Clock::time_point until) {
    std::string bytes = serialize(endpoint, request);
    auto exchange = co_await open(nullptr, request, bytes, until);
    if (exchange->parser.get().result_int() != 200) {
      co_return StreamReply{co_await finish(std::move(exchange)), nullptr};
    }
    Response head = exchange->head();
    co_return StreamReply{std::move(head),
                          std::make_unique<Lines>(std::move(exchange), where(request))};
  }

  asio::any_io_executor executor;
  Endpoint endpoint;
  TlsContext context;
  std::deque<Idle> idle;
};

namespace {

// Runs one call; failures get the address and the request in front.
template <class Result, class Call>
asio::awaitable<Result> explained(std::string where, Call call) {
  std::string why;
  try {
    co_return co_await call();
  } catch (const system_error& error) {
    if (error.code() == asio::error::operation_aborted) {
      throw;  // the caller was cancelled
    }
    why = reason(error.code());
  } catch (const std::runtime_error& error) {
    why = error.what();
  }
  throw std::runtime_error(where + ": " + why);
}

}  // namespace

Client::Client(asio::any_io_executor executor, Endpoint endpoint)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(endpoint))) {}

Client::~Client() = default;

asio::awaitable<Response> Client::fetch(Request request, Clock::duration deadline) {
  auto impl = impl_;  // a call under way outlives the client
  auto until = Clock::now() + deadline;
  auto call = [&] { return impl->fetch(request, until); };
  co_return co_await explained<Response>(impl->where(request), call);
}

asio::awaitable<StreamReply> Client::stream(Request request, Clock::duration deadline) {
  auto impl = impl_;
  auto until = Clock::now() + deadline;
  auto call = [&] { return impl->stream(request, until); };
  co_return co_await explained<StreamReply>(impl->where(request), call);
}

}  // namespace ratchet::k8s::http
