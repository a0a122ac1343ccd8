#include "tests/k8s/contract/backend.h"

#include <cstdlib>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "k8s/client/http_client.h"
#include "k8s/embedded/controllers/controllers.h"
#include "k8s/embedded/http_front.h"
#include "k8s/embedded/in_process_client.h"

namespace ratchet::k8s::contract {
namespace {

namespace asio = boost::asio;

// The embedded server with its controllers, which run whenever something has changed.
struct Embedded {
  explicit Embedded(asio::io_context& context) : io(context) {
    changes = server.store().subscribe([this] { schedule(); });
  }
  void schedule() {
    if (std::exchange(scheduled, true)) return;
    asio::post(io, [this] {
      scheduled = false;
      if (controllers.pass()) schedule();
    });
  }

  asio::io_context& io;
  embedded::ApiServer server;
  embedded::Controllers controllers{server};
  embedded::Store::Handle changes;
  bool scheduled = false;
};

class InProcessEvents : public Events {
 public:
  explicit InProcessEvents(std::unique_ptr<embedded::Watch> watch) : watch_(std::move(watch)) {}

  asio::awaitable<Json> next() override {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      if (auto event = watch_->next()) co_return std::move(*event);
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(asio::use_awaitable);
    }
    throw std::runtime_error("no event came");
  }

 private:
  std::unique_ptr<embedded::Watch> watch_;
};

class HttpEvents : public Events {
 public:
  explicit HttpEvents(std::unique_ptr<http::LineStream> lines) : lines_(std::move(lines)) {}

  asio::awaitable<Json> next() override {
    while (true) {
      const auto line = co_await lines_->next_line(patience);
      if (!line) throw std::runtime_error("the watch ended");
      Json event = Json::parse(*line);
      if (event["type"] != "BOOKMARK") co_return event;
    }
  }

 private:
  std::unique_ptr<http::LineStream> lines_;
};

asio::awaitable<std::unique_ptr<Events>> http_watch(HttpClient& client, Resource resource,
                                                    std::string space, std::string version) {
  WatchQuery query;
  query.resource_version = std::move(version);
  WatchReply reply = co_await client.open_watch(std::move(resource), std::move(space), query);
  if (!reply.lines) throw std::runtime_error("watch refused: " + reply.refusal.message());
  co_return std::make_unique<HttpEvents>(std::move(reply.lines));
}

class InProcess : public Backend {
 public:
  Client& client() override { return client_; }
  void forget_history() override {
    embedded_.server.store().compact(embedded_.server.store().version());
  }
  asio::awaitable<std::unique_ptr<Events>> watch(Resource resource, std::string space,
                                                 std::string version) override {
    embedded::Call call;
    call.verb = embedded::Verb::watch;
    call.group = resource.group;
    call.version = resource.version;
    call.plural = resource.plural;
    call.space = space;
    call.resource_version = version;
    embedded::WatchReply reply = embedded_.server.watch(call);
    if (!reply.watch) throw std::runtime_error("watch refused");
    co_return std::make_unique<InProcessEvents>(std::move(reply.watch));
  }

 private:
  Embedded embedded_{io};
  embedded::InProcessClient client_{embedded_.server, "contract"};
};

class OverHttp : public Backend {
 public:
  ~OverHttp() override { server_.stop(); }
  Client& client() override { return client_; }
  void forget_history() override {
    embedded_.server.store().compact(embedded_.server.store().version());
  }
  asio::awaitable<std::unique_ptr<Events>> watch(Resource resource, std::string space,
                                                 std::string version) override {
    return http_watch(client_, std::move(resource), std::move(space), std::move(version));
  }

 private:
  Access access() const {
    Access result;
    result.endpoint.host = "127.0.0.1";
    result.endpoint.port = server_.port();
    result.token = "secret";
    return result;
  }

  Embedded embedded_{io};
  embedded::HttpFront front_{embedded_.server, {{{"secret", "contract"}}, {}}};
  http::Server server_{io.get_executor(), "127.0.0.1", 0, std::nullopt,
                       [this](const http::Request& request, http::Responder& responder) {
                         return front_.answer(request, responder);
                       }};
  HttpClient client_{io.get_executor(), access()};
};

class Real : public Backend {
 public:
  Client& client() override { return client_; }
  void forget_history() override {}  // a real server's version 1 is long gone
  asio::awaitable<std::unique_ptr<Events>> watch(Resource resource, std::string space,
                                                 std::string version) override {
    return http_watch(client_, std::move(resource), std::move(space), std::move(version));
  }

 private:
  HttpClient client_{io.get_executor(),
                     read_kubeconfig(std::getenv("RATCHET_CONTRACT_KUBECONFIG"))};
};

}  // namespace

std::vector<std::string> backend_names() {
  if (std::getenv("RATCHET_CONTRACT_KUBECONFIG") != nullptr) return {"real"};
  return {"in_process", "http"};
}

std::unique_ptr<Backend> make_backend(const std::string& name) {
  if (name == "real") return std::make_unique<Real>();
  if (name == "http") return std::make_unique<OverHttp>();
  return std::make_unique<InProcess>();
}

}  // namespace ratchet::k8s::contract
