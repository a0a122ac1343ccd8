// The daemon's HTTP/JSON API: reads runs, and lets people steer them. docs/openapi.yaml describes
// it; decision 015 says who may what.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "k8s/http/http.h"
#include "tools/ratchetd/api_events.h"
#include "tools/ratchetd/api_judge.h"
#include "tools/ratchetd/api_metrics.h"
#include "tools/ratchetd/api_routes.h"

namespace ratchet::ratchetd {

struct ApiOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  std::optional<k8s::http::Tls> tls;
  k8s::http::ServerLimits limits{.body = std::size_t{2} << 20,
                                 .connections = 64,
                                 .request = std::chrono::milliseconds(10'000)};
  // Requests beyond get 429; probes count neither way.
  double requests_a_second = 50;
  double burst = 100;
  // Of server-sent events: so many connections at once, a sign of life after so much silence.
  std::size_t streams = 16;
  std::chrono::milliseconds heartbeat{15'000};
  // Until an act's record must be durable; past it nobody knows.
  std::chrono::milliseconds act_deadline{10'000};
  // At the end: what is being answered then is, for so long at most.
  std::chrono::milliseconds farewell{3'000};
  std::string version;
  std::filesystem::path folder;                                // of the log
  std::function<std::vector<engine::Time>()> fence_ends = {};  // Metrics::fence_ends; null: none
};

// At most so many requests a second, and so many at once.
class Bucket {
 public:
  using Clock = std::chrono::steady_clock;
  Bucket(double a_second, double most) : a_second_(a_second), most_(most), left_(most) {}
  bool take(Clock::time_point now);

 private:
  double a_second_;
  double most_;
  double left_;
  Clock::time_point filled_ = Clock::now();
};

// On the engine's thread, which the executor runs; logs are read on another one, and runs replayed
// for that. Engine, log and workflows must outlive it.
class Api {
 public:
  // Listens at once. Throws std::runtime_error if it cannot listen there.
  Api(const boost::asio::any_io_executor& executor, engine::Engine& engine, const store::Log& log,
      const engine::Registry& workflows, Judge judge, ApiOptions options);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  std::uint16_t port() const { return server_.port(); }
  // The engine is open: acts are taken from now on, and runs counted.
  void ready();
  void halted() { metrics_.halted = true; }
  // For Engine::observe.
  void recorded(const engine::Recorded& recorded);
  // A new certificate, for connections that come from now on.
  void use(const k8s::http::Tls& tls) { server_.use(tls); }

  // Watches over the log's progress; until `stop`, and then until what was asked before is
  // answered. Acts that have not begun by then are refused.
  boost::asio::awaitable<void> run();
  void stop();

 private:
  // A stream that was admitted, and its place.
  struct Watch {
    std::shared_ptr<EventStream> events;
    std::shared_ptr<const void> place;
  };

  boost::asio::awaitable<void> serve(const k8s::http::Request& request,
                                     k8s::http::Responder& responder);
  // An answer that is the beginning of a stream sets `watch`.
  boost::asio::awaitable<Answer> answer(const k8s::http::Request& request, std::string& operation,
                                        Watch& watch);
  boost::asio::awaitable<Answer> answer_route(const Route& route, Call call,
                                              const k8s::http::Request& request, Watch& watch);
  Answer probe(Probe probe);
  // What `work` returns, which is called on the reader's thread.
  template <class Work>
  auto on_reader(Work work) -> boost::asio::awaitable<decltype(work())>;
  boost::asio::awaitable<Answer> read(Read read, Call call);
  Answer admit(const Call& call, const k8s::http::Request& request, Watch& watch);
  boost::asio::awaitable<void> stream(Watch watch, k8s::http::Responder& responder);
  boost::asio::awaitable<Answer> act(const Route& route, Call call, std::string body);
  boost::asio::awaitable<bool> durable(std::uint64_t size);
  void look_at_log();

  boost::asio::any_io_executor executor_;
  engine::Engine& engine_;
  const store::Log& log_;
  const engine::Registry& workflows_;
  Judge judge_;
  ApiOptions options_;
  Bucket bucket_;
  Places places_;
  Metrics metrics_;
  RunGauges runs_;
  StallWatch stall_;
  boost::asio::steady_timer tick_;
  bool stopped_ = false;
  boost::asio::thread_pool reader_{
      1};  // at most as many reads wait for it as there are connections
  k8s::http::Server server_;
};

}  // namespace ratchet::ratchetd
