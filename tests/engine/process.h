// One process of the engine on simulated time, for tests: build it, kill it, build the next one on
// the same disk and anchor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/workflow.h"
#include "engine/runtime/engine.h"
#include "engine/testing/memory_anchor.h"
#include "engine/testing/simulated_host.h"
#include "tests/engine/disk.h"

namespace ratchet::engine::testing {

// What outlives processes.
struct Outside {
  explicit Outside(std::shared_ptr<Disk> d = memory_disk()) : disk(std::move(d)) {}
  std::shared_ptr<Disk> disk;
  MemoryAnchor anchor;
  Time now{Duration{1'000'000'000'000'000}};
};

// The run's history as one line an event, without times.
std::string history_of(const store::LogReader& log, const std::string& run_id);

class Process {
 public:
  explicit Process(Outside& outside)
      : host(outside.now), log_(outside.disk->open(host)), log(*log_), outside_(outside) {
    outside.anchor.serve(host);
  }
  ~Process() { outside_.now = host.now(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Opens the engine; throws what Engine::open throws.
  void open(const std::string& build = "build-1") {
    EngineOptions options{build, "test"};
    options.resident_runs = resident_runs;
    open(options);
  }
  void open(const EngineOptions& options) {
    engine.emplace(log, host, registry, handlers, outside_.anchor, options);
    engine->on_halt([this](const std::string& why) { halted = why; });
    engine->observe([this](const Recorded& recorded) { seen.push_back(recorded); });
    engine->open([this] { ready = true; });
    host.run_until([this] { return ready || !halted.empty(); });
  }

  std::string history(const std::string& run_id) { return history_of(log, run_id); }

  SimulatedHost host;

 private:
  std::unique_ptr<store::Log> log_;

 public:
  store::Log& log;
  Registry registry;
  Handlers handlers;
  std::optional<Engine> engine;
  std::size_t resident_runs = EngineOptions{}.resident_runs;  // before open()
  bool ready = false;
  std::string halted;
  std::vector<Recorded> seen;

 private:
  Outside& outside_;
};

}  // namespace ratchet::engine::testing
