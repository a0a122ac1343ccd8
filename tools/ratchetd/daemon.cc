#include "tools/ratchetd/daemon.h"

#include <csignal>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "engine/runtime/engine.h"
#include "store/checkpoint.h"
#include "store/rocks_log.h"
#include "tools/ratchetd/log_check.h"
#include "tools/ratchetd/memory.h"
#include "tools/ratchetd/process.h"
#include "tools/ratchetd/roles.h"

namespace ratchet::ratchetd {

namespace asio = boost::asio;

namespace {

// After a signal the roles give up their Leases; then, or after this, the process ends.
constexpr std::chrono::seconds grace{5};

constexpr std::chrono::minutes give_back_every{1};

void give_back_again_and_again(asio::steady_timer& timer) {
  timer.expires_after(give_back_every);
  timer.async_wait([&timer](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    give_back_memory();
    give_back_again_and_again(timer);
  });
}

}  // namespace

int run(const Options& options) {
  asio::io_context io{1};
  std::unique_ptr<store::Log> log;  // outlives what the process keeps
  Process process(io, options);
  std::optional<LogCheck> check;  // ends first
  if (options.ops_manager) {
    log = store::open_rocks_log(options.log.string(), {.flush_at_close = true});
    const std::string boot = boot_id();
    if (!boot.empty()) {
      process.log_and_boot = store::to_hex(log->head().log_id) + "_" + boot + "_";
    }
    process.spawn(run_ops_manager(process, *log));
    check.emplace(*log, io.get_executor(), [&process](const std::string& why) {
      process.fail(std::make_exception_ptr(engine::Halt(why)));
    });
  }
  if (options.provisioner) process.spawn(run_provisioner(process));
  if (options.webhook_port != 0) process.spawn(run_webhook(process));

  asio::steady_timer give_back(io);
  give_back_again_and_again(give_back);
  asio::signal_set signals(io, SIGTERM, SIGINT);
  asio::steady_timer last(io);
  signals.async_wait([&](const boost::system::error_code& error, int number) {
    if (error) return;
    spdlog::info("stops: signal {}", number);
    process.stop(Exit::well);
    last.expires_after(grace);
    last.async_wait([&io](const boost::system::error_code& over) {
      if (!over) io.stop();
    });
  });
  io.run();
  if (process.error) std::rethrow_exception(process.error);
  return process.code.value_or(Exit::failed);
}

}  // namespace ratchet::ratchetd
