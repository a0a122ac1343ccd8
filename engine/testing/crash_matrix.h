// The crash matrix: a workflow is stopped after every log append and before and after every
// activity of its fault-free run, reopened, and must come to the same end; if asked for, also at
// every pair of such points. It must come there also when the answer of any one activity comes too
// late, its effect having happened. At each stop the log must verify and replay. For users' own
// workflows too; crash_matrix_gtest.h makes it one line of a test with GoogleTest.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/workflow.h"
#include "engine/runtime/engine.h"
#include "engine/testing/memory_anchor.h"
#include "engine/testing/simulated_host.h"
#include "store/log.h"

namespace ratchet::engine::testing {

// What activities act on. It outlives every process.
class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;

  // Registers handlers and probes that act on this world, for one process.
  virtual void serve(Handlers& handlers, Host& host) = 0;
  // The engine of that process, before it opens, and where it anchors its log: for handlers that
  // steer or query runs, or have the anchor refuse.
  virtual void meet(Engine& /*engine*/, MemoryAnchor& /*anchor*/) {}
  // What must be the same at the end, whatever crashed: every lasting effect, as text. A world
  // that counts what must happen once puts the counts in here.
  virtual std::string state() const = 0;
  // Called after the run was started, or found: sends signals, if it has any. In every process: who
  // sends and dies begins anew.
  virtual void steer(Engine& /*engine*/) {}
};

// Opens the log for one process, as its predecessors have left it. What is durable is told in the
// host's tasks only.
using OpenLog = std::function<std::unique_ptr<store::Log>(SimulatedHost&)>;

struct CrashCase {
  std::function<void(Registry&)> registry;  // called once for each process
  std::function<std::unique_ptr<World>()> world;
  std::string workflow;
  Bytes input;
  bool pairs = false;  // also every two stops of one run: their number is that of points, squared
  // 0: the run is evicted at every await and replayed before every turn.
  std::size_t resident_runs = EngineOptions{}.resident_runs;
  std::map<std::string, std::size_t> limits{};  // as EngineOptions
  KeepFor retention{};                          // as EngineOptions
  // For a registry that differs from one process to the next: a run that one of them quarantines
  // goes on in the next, and its record must be what one of their codes decides.
  bool outlives_quarantine = false;
  // For a run whose beginning is long and all alike: stops after so many of its last appends only.
  // 0: after every one.
  std::size_t last_appends = 0;
  // An empty place for a log. None: in memory.
  std::function<OpenLog()> place{};
  // The log's page (EngineOptions::breadcrumb) as processes of the build "test" have left it, which
  // is the build here. Each process finds what the one before had in it when it was stopped. Empty:
  // that of a new log.
  std::vector<std::byte> page{};
};

struct CrashReport {
  std::size_t appends = 0;       // of the fault-free run
  std::size_t activities = 0;    // of the fault-free run
  std::size_t points = 0;        // at which the run was stopped, reopened and finished
  std::size_t pairs = 0;         // of points, if asked for
  std::size_t lost_answers = 0;  // activities whose answer came too late
  std::vector<std::string> failures;
  // Without faults: the state of the world, the outcome of the run, and which runs were pruned.
  std::string end;
};

// Deterministic, on virtual time. Prints its counts.
CrashReport run_crash_matrix(const CrashCase& crash_case);

// Its first run alone, which nothing stops.
CrashReport run_without_faults(const CrashCase& crash_case);

}  // namespace ratchet::engine::testing
