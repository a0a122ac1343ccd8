#include "tests/bench/server.h"

#include <iostream>
#include <optional>
#include <stdexcept>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "engine/core/workflow.h"
#include "engine/runtime/asio_host.h"
#include "engine/runtime/file_anchor.h"
#include "store/page.h"
#include "store/rocks_log.h"
#include "tests/bench/wal_count.h"
#include "tests/bench/workflows.h"

namespace ratchet::bench {

std::string anchor_file(const std::string& dir) { return dir + ".anchor"; }

struct Server::Parts {
  explicit Parts(const std::string& dir)
      : log(store::open_rocks_log(dir, {.flush_at_close = true, .env = files.env()})),
        page(store::Page::open_or_create(dir, log->head().log_id, log->head().size)),
        anchor(anchor_file(dir), host) {}

  CountedFiles files;
  std::unique_ptr<store::Log> log;
  store::Page page;
  boost::asio::io_context io{1};
  engine::AsioHost host{io};
  engine::Registry registry;
  engine::Handlers handlers;
  engine::FileAnchor anchor;
  std::optional<engine::Engine> engine;
  std::function<void(const engine::Recorded&)> observer;
  std::string halted;
};

Server::Server(const std::string& dir, std::function<void(const engine::AttemptInfo&)> performed)
    : parts_(std::make_unique<Parts>(dir)) {
  add_workflows(parts_->registry);
  Text ok;
  ok.set_value("ok");
  parts_->handlers.handle<Number, Text>(
      work, [ok, performed = std::move(performed)](const engine::AttemptInfo& info, const Number&,
                                                   const engine::Answer<Text>& answer) {
        if (performed) performed(info);
        answer.complete(ok);
      });
  // What each turn costs in ratchetd, it costs here: it is marked in the page, and timed.
  parts_->engine.emplace(
      *parts_->log, parts_->host, parts_->registry, parts_->handlers, parts_->anchor,
      engine::EngineOptions{
          .build = "bench",
          .principal = "bench",
          .breadcrumb = parts_->page.engine_bytes(),
          .report_slow_turn = [](const std::string& what) { std::cerr << what << '\n'; }});
  parts_->engine->observe([this](const engine::Recorded& recorded) {
    if (parts_->observer) parts_->observer(recorded);
  });
  parts_->engine->on_halt([this](const std::string& why) {
    parts_->halted = why;
    stop();
  });
}

Server::~Server() {
  parts_->engine.reset();
  parts_->log.reset();
}

void Server::open() {
  run([this] { parts_->engine->open([this] { stop(); }); });
}

void Server::observe(std::function<void(const engine::Recorded&)> observer) {
  parts_->observer = std::move(observer);
}

void Server::run(const std::function<void()>& first) {
  const auto guard = boost::asio::make_work_guard(parts_->io);
  parts_->io.restart();
  parts_->host.post(first);
  parts_->io.run();
  if (!parts_->halted.empty()) throw std::runtime_error("the log halted: " + parts_->halted);
}

void Server::post(std::function<void()> task) { parts_->host.post(std::move(task)); }
void Server::stop() { parts_->io.stop(); }
engine::Engine& Server::engine() { return *parts_->engine; }
engine::Time Server::now() { return parts_->host.now(); }
const WalCounts& Server::wal() const { return parts_->files.wal(); }

}  // namespace ratchet::bench
