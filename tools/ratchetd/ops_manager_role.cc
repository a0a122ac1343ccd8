#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "engine/runtime/asio_host.h"
#include "engine/runtime/engine.h"
#include "k8s/adapters/adapters.h"
#include "k8s/adapters/pod_sql.h"
#include "k8s/operator/fenced_client.h"
#include "k8s/operator/lease_anchor.h"
#include "k8s/operator/ops_manager.h"
#include "store/checkpoint.h"
#include "store/log.h"
#include "store/note.h"
#include "store/page.h"
#include "tools/ratchetctl/approvers.h"
#include "tools/ratchetd/api_role.h"
#include "tools/ratchetd/build_id.h"
#include "tools/ratchetd/daemon.h"
#include "tools/ratchetd/log_lines.h"
#include "tools/ratchetd/roles.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::ratchetd {

namespace asio = boost::asio;

namespace {

asio::awaitable<void> pause(std::chrono::milliseconds length) {
  asio::steady_timer timer(co_await asio::this_coro::executor, length);
  co_await timer.async_wait(asio::use_awaitable);
}

// Everything that the engine's handlers refer to; declared in the order of dependence.
struct Works {
  Works(Process& process, store::Log& log)
      : page(store::Page::open_or_create(process.options.log.string(), log.head().log_id,
                                         log.head().size)),
        executor(process.io.get_executor()),
        lease(executor, process.client, process.lease_options(k8s::ops_manager_lease),
              [&process] { lose(process); }),
        client(process.client, lease, request_deadline),
        anchor(executor, lease, key_of(process.options.anchor_key, log)),
        host(process.io) {
    environment.executor = executor;
    environment.client = &client;
    environment.sql = k8s::make_pod_sql(client);
    environment.now = [this] { return host.now(); };
    environment.pause = pause;
    environment.provisioner_lease = process.lease_key(provisioner_lease);
    k8s::add_database_handlers(handlers, environment);
    k8s::add_stateful_set_handlers(handlers, environment);
    k8s::add_pod_handlers(handlers, environment);
    k8s::add_server_handlers(handlers, environment);
    k8s::add_group_handlers(handlers, environment);
    k8s::add_preflight_handlers(handlers, environment);
    mysql::add_workflows(registry);
    engine::EngineOptions options{build_id(), "ratchetd"};
    options.breadcrumb = page.engine_bytes();
    options.retention = process.options.keep_runs;
    options.limits = process.options.open_runs;
    refuse_unknown(options.limits);
    options.approvers = approvers_of(process.options);
    const bool signed_approvals = options.approvers.has_value();
    options.report_slow_turn = [](const std::string& what) { spdlog::warn("{}", what); };
    engine =
        std::make_unique<engine::Engine>(log, host, registry, handlers, anchor, std::move(options));
    manager = std::make_unique<k8s::OpsManager>(
        executor, client, *engine, log,
        k8s::OpsManagerOptions{.signed_approvals = signed_approvals,
                               .anchor = [this] { return anchor.kept(); }});
    if (process.options.api)
      api = std::make_unique<ApiRole>(process, *engine, log, registry,
                                      [this] { return manager->fence_ends(); });
  }

  void refuse_unknown(const std::map<std::string, std::size_t>& limits) const {
    for (const auto& [workflow, limit] : limits) {
      if (registry.find(workflow, 0) != nullptr) continue;
      throw BadSetup("--open-runs " + workflow + "=" + std::to_string(limit) +
                     ": this build has no workflow of that name");
    }
  }

  static std::optional<store::NoteSigner> key_of(const std::filesystem::path& file,
                                                 const store::Log& log) {
    if (file.empty()) return std::nullopt;
    std::ifstream in(file, std::ios::binary);
    if (!in) throw BadSetup("--anchor-key: cannot read " + file.string());
    try {
      auto key = store::NoteSigner::parse(std::string(std::istreambuf_iterator<char>(in), {}),
                                          store::origin_of(log.head()));
      spdlog::info("ops manager: anchors are signed by {}", key.verifier().text());
      return key;
    } catch (const store::Error& error) {
      throw BadSetup("--anchor-key " + file.string() + ": " + error.what());
    }
  }

  static std::optional<engine::Approvers> approvers_of(const Options& options) {
    if (options.approvers.empty()) return std::nullopt;
    try {
      auto approvers = ratchetctl::approvers_in(options.approvers);
      spdlog::info("ops manager: an approval must be signed by one of: {}", approvers.names());
      return approvers;
    } catch (const std::invalid_argument& error) {
      throw BadSetup(std::string("--approvers: ") + error.what());
    }
  }

  static void lose(Process& process) {
    spdlog::critical(
        "the ops manager's Lease was lost: another process took over, or the API "
        "server was out of reach");
    process.stop(Exit::lease_lost);
    process.io.stop();
  }

  store::Page page;
  asio::any_io_executor executor;
  k8s::Lease lease;
  k8s::FencedClient client;
  k8s::LeaseAnchor anchor;
  engine::AsioHost host;
  k8s::Environment environment;
  engine::Handlers handlers;
  engine::Registry registry;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<k8s::OpsManager> manager;
  std::unique_ptr<ApiRole> api;  // null: --no-api
};

void observe(Works& works, Process& process) {
  works.engine->on_halt([&process, api = works.api.get()](const std::string& why) {
    if (api != nullptr) api->api().halted();
    process.fail(std::make_exception_ptr(engine::Halt(why)));
  });
  works.engine->observe([&works](const engine::Recorded& recorded) {
    log_turn(recorded);
    works.manager->recorded(recorded);
    if (works.api) works.api->api().recorded(recorded);
  });
}

// The API answers while the Lease is waited for: that it is alive, and what the log says.
void serve_api(Works& works, Process& process) {
  if (!works.api) return;
  process.on_stop([api = works.api.get()] { api->stop(); });
  process.spawn(works.api->run());
}

}  // namespace

asio::awaitable<void> run_ops_manager(Process& process, store::Log& log) {
  // Attempts under way refer to it until the io_context has stopped for good.
  const auto works = std::make_shared<Works>(process, log);
  process.kept.push_back(works);
  serve_api(*works, process);
  if (!co_await process.acquire(works->lease)) co_return;

  observe(*works, process);
  asio::steady_timer ready(works->executor, asio::steady_timer::time_point::max());
  works->engine->open([&ready, api = works->api.get()] {
    if (api != nullptr) api->api().ready();
    ready.cancel();
  });
  boost::system::error_code opened;
  co_await ready.async_wait(asio::redirect_error(asio::use_awaitable, opened));

  process.on_stop([manager = works->manager.get()] { manager->stop(); });
  spdlog::info("ops manager: started on the log {} with {} records",
               store::to_hex(log.head().log_id), log.head().size);
  co_await works->manager->run([&process](k8s::Resource kind, auto on_event) {
    k8s::WatchHandler handler;
    handler.on_event = std::move(on_event);
    return process.watch(std::move(kind), "", "", std::move(handler));
  });
  // Effects that are under way may land yet; the next start looks at them.
  co_await works->lease.release();
}

}  // namespace ratchet::ratchetd
