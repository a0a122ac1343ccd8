#include "k8s/operator/dry_run.h"

#include <exception>
#include <functional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "engine/inspect/history.h"
#include "engine/runtime/anchor.h"
#include "engine/runtime/asio_host.h"
#include "engine/runtime/engine.h"
#include "k8s/adapters/adapters.h"
#include "k8s/client/kinds.h"
#include "k8s/operator/ops_manager.h"
#include "k8s/operator/projection.h"
#include "k8s/operator/read_only_client.h"
#include "store/memory_log.h"
#include "workflows/mysql/ports.pb.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::k8s {

namespace asio = boost::asio;

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// Somebody waits for the answer: an attempt that fails thrice is told, not repeated for minutes.
constexpr std::uint32_t most_attempts = 3;
constexpr const char* run_id = "dry-run";

asio::awaitable<void> pause(std::chrono::milliseconds length) {
  asio::steady_timer timer(co_await asio::this_coro::executor, length);
  co_await timer.async_wait(asio::use_awaitable);
}

// Works until `done` holds; false if it does not by then.
bool work_until(asio::io_context& io, const std::function<bool()>& done, SteadyTime deadline) {
  const auto kept_alive = asio::make_work_guard(io);
  while (!done()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    io.restart();
    io.run_one_until(deadline);
  }
  return true;
}

// A log that nobody keeps needs none.
class NoAnchor final : public engine::Anchor {
 public:
  explicit NoAnchor(engine::Host& host) : host_(host) {}
  std::optional<store::Head> read() override { return std::nullopt; }
  void write(const store::Head&, std::function<void(const std::string&)> done) override {
    host_.post([done = std::move(done)] { done(""); });
  }

 private:
  engine::Host& host_;
};

// The first command of a turn that a dry run does not carry out; empty: there is none.
std::string stop_in(const engine::Turn& turn, const engine::Handlers& handlers) {
  for (const engine::Event& event : turn.events) {
    if (const auto* step = std::get_if<engine::StepScheduled>(&event)) {
      const auto* known = handlers.find(step->activity);
      if (known == nullptr || known->info.effect != engine::Effect::read) return step->activity;
    }
    if (const auto* gate = std::get_if<engine::GateOpened>(&event)) return gate->gate;
    if (const auto* timer = std::get_if<engine::TimerStarted>(&event)) {
      return "a wait until " + api_time(timer->due);
    }
  }
  return "";
}

// Everything that the engine's handlers refer to; declared in the order of dependence.
struct Works {
  Works(asio::io_context& io, Client& client, Sql sql)
      : host(io),
        anchor(host),
        log(disk, [this](std::function<void()> task) { host.post(std::move(task)); }) {
    environment.executor = io.get_executor();
    environment.client = &client;
    environment.sql = std::move(sql);
    environment.now = [this] { return host.now(); };
    environment.pause = pause;
    handlers = dry_run_handlers(environment);
    mysql::add_workflows(registry);
    engine = std::make_unique<engine::Engine>(log, host, registry, handlers, anchor,
                                              engine::EngineOptions{"dry run", "dry run"});
    engine->observe([this](const engine::Recorded& recorded) {
      if (stopped()) return;
      stopped_before = stop_in(recorded.turn, handlers);
      ended = engine::has_ended(recorded.state);
    });
  }

  bool stopped() const { return ended || !stopped_before.empty(); }

  // False if that took too long.
  bool run(asio::io_context& io, const mysql::UpdateRequest& input, SteadyTime deadline) {
    bool ready = false;
    engine->open([&ready] { ready = true; });
    if (!work_until(io, [&ready] { return ready; }, deadline)) return false;
    engine->start(run_id, mysql::update_version_name, input.SerializeAsString(), "dry run");
    return work_until(io, [this] { return stopped(); }, deadline);
  }

  std::shared_ptr<store::MemoryDisk> disk = std::make_shared<store::MemoryDisk>();
  engine::AsioHost host;
  NoAnchor anchor;
  store::MemoryLog log;
  Environment environment;
  engine::Handlers handlers;
  engine::Registry registry;
  std::unique_ptr<engine::Engine> engine;
  std::string stopped_before;
  bool ended = false;
};

engine::Failure too_long(const engine::Engine& engine, std::chrono::milliseconds within) {
  std::string waits;
  for (const std::string& phrase : engine.waiting_for(run_id)) waits += "; " + phrase;
  return {too_long_code, "the dry run did not come to an end within " +
                             std::to_string(within.count() / 1000) + " s" + waits};
}

// The MySQL of the request, or nothing if there is none. The client gives every call a deadline.
std::optional<Json> read_database(asio::io_context& io, Client& client, const OpsRequest& request) {
  struct Read {
    std::exception_ptr error;
    std::optional<Reply> reply;
    bool done = false;
  };
  const auto read = std::make_shared<Read>();
  asio::co_spawn(io, client.get(kinds::mysql, {request.space, request.database}),
                 [read](std::exception_ptr error, Reply reply) {
                   read->error = std::move(error);
                   read->reply = std::move(reply);
                   read->done = true;
                 });
  work_until(io, [read] { return read->done; }, SteadyTime::max());
  if (read->error) std::rethrow_exception(read->error);
  if (!read->reply->ok()) return std::nullopt;
  return std::move(read->reply->body);
}

}  // namespace

OpsRequest request_for(const std::string& space, const std::string& database,
                       const std::string& target, const std::string& window) {
  Json manifest = {{"apiVersion", kinds::mysql_ops_request.api_version()},
                   {"kind", kinds::mysql_ops_request.kind},
                   {"metadata", {{"name", run_id}, {"namespace", space}}},
                   {"spec",
                    {{"type", "UpdateVersion"},
                     {"databaseRef", {{"name", database}}},
                     {"updateVersion", {{"targetVersion", target}}}}}};
  if (!window.empty()) manifest["metadata"]["annotations"] = {{window_annotation, window}};
  return read_request(manifest);
}

engine::Handlers dry_run_handlers(const Environment& environment) {
  engine::Handlers all;
  add_database_handlers(all, environment);
  add_stateful_set_handlers(all, environment);
  add_pod_handlers(all, environment);
  add_server_handlers(all, environment);
  add_group_handlers(all, environment);
  add_preflight_handlers(all, environment);
  engine::Handlers fit;
  engine::reads_only(all).for_each([&fit](const engine::Handlers::Entry& entry) {
    engine::Handlers::Entry hasty = entry;
    hasty.info.policy.attempts(most_attempts);
    fit.put(std::move(hasty));
  });
  return fit;
}

DryRun dry_run(asio::io_context& io, Client& client, Sql sql, const OpsRequest& request,
               std::chrono::milliseconds within) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + within;
  DryRun found;
  ReadOnlyClient reader(client);
  std::optional<Json> database;
  if (request.malformed.empty()) database = read_database(io, reader, request);
  const Decision decision = admit(request, {}, std::nullopt, database);
  if (decision.admission == Admission::fail) {
    found.failure = engine::Failure{decision.reason, decision.message};
    return found;
  }
  if (decision.admission == Admission::wait) found.waits = decision.message;

  std::shared_ptr<store::MemoryDisk> disk;
  {
    Works works(io, reader, std::move(sql));
    if (!works.run(io, input_of(request), deadline))
      found.failure = too_long(*works.engine, within);
    found.stopped_before = works.stopped_before;
    disk = works.disk;
  }
  auto log = std::make_unique<store::MemoryLog>(std::move(disk), [](const auto&) {});
  found.run_id = run_id;
  if (const auto run = engine::find_run(*log, run_id); run && run->failure) {
    found.failure = run->failure;
  }
  found.log = std::move(log);
  return found;
}

}  // namespace ratchet::k8s
