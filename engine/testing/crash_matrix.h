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
  // What must be the same at the end, whatever crashed: every lasting effect, as text. A world
  // that counts what must happen once puts the counts in here.
  virtual std::string state() const = 0;
  // Called after the run was started, in the first process only: sends signals, if it has any.
  virtual void steer(Engine& /*engine*/) {}
};

struct CrashCase {
  std::function<void(Registry&)> registry;
  std::function<std::unique_ptr<World>()> world;
  std::string workflow;
  Bytes input;
  bool pairs = false;  // also every two stops of one run: their number is that of points, squared
  // 0: the run is evicted at every await and replayed before every turn.
  std::size_t resident_runs = EngineOptions{}.resident_runs;
  std::map<std::string, std::size_t> limits{};  // as EngineOptions
};

struct CrashReport {
  std::size_t appends = 0;       // of the fault-free run
  std::size_t activities = 0;    // of the fault-free run
  std::size_t points = 0;        // at which the run was stopped, reopened and finished
  std::size_t pairs = 0;         // of points, if asked for
  std::size_t lost_answers = 0;  // activities whose answer came too late
  std::vector<std::string> failures;
  std::string end;  // state of the world, and the outcome of the run, without faults
};

// Deterministic, in memory, on virtual time. Prints its counts.
CrashReport run_crash_matrix(const CrashCase& crash_case);

}  // namespace ratchet::engine::testing
