// The inside of Engine: one object, in three files: engine.cc drives open runs, steering.cc is what
// people do to them, recovery.cc brings them back at start.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/codec.h"
#include "engine/core/definitions.h"
#include "engine/core/run.h"
#include "engine/core/summary.h"
#include "engine/runtime/anchoring.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/performer.h"

namespace ratchet::engine {

struct Engine::Impl : std::enable_shared_from_this<Engine::Impl> {
  // A run that has not ended, or whose end is not durable yet.
  struct ActiveRun {
    ActiveRun(RunSummary s, const WorkflowType* type) : summary(std::move(s)) {
      if (type != nullptr) run.emplace(summary.run_id, *type);
    }
    RunSummary summary;
    std::optional<Run> run;         // absent: quarantined
    std::optional<RunState> shown;  // the durable state: the one that may leave the process
    std::uint32_t next_turn = 0;
    Time last_wall{};
    std::map<std::uint32_t, Fact> held;  // by the turn that recorded it
    ExposedValues exposed;               // as of the last durable turn
    // No turn can be executed: facts are held.
    bool holds() const { return !run || summary.paused; }
  };
  using RunPtr = std::shared_ptr<ActiveRun>;

  Impl(store::Log& log, Host& host, const Registry& registry, const Handlers& handlers,
       Anchor& anchor, EngineOptions options);

  // engine.cc
  bool start(const std::string& run_id, const std::string& workflow, const Bytes& input,
             const std::string& principal);
  void deliver(const RunPtr& run, const Fact& fact, std::optional<std::uint32_t> releases);
  void record(const RunPtr& run, Turn turn, std::vector<Decision> decisions,
              std::function<void()> then = {});
  void hold(const RunPtr& run, const Fact& fact);
  // `then` runs once the hint is durable.
  void hint(const RunPtr& run, Event event, std::function<void()> then = {});
  void durable(const RunPtr& run, const Turn& turn, RunState state,
               const std::vector<Decision>& decisions);
  void act(const RunPtr& run, const Turn& turn, const Decision& decision);
  void wake_timer(std::uint64_t run, const TimerStarted& timer);
  RunPtr find(std::uint64_t run) const;
  RunPtr find(const std::string& run_id) const;
  Time now(const ActiveRun& active) const;

  // steering.cc
  Refusal cancel(const RunPtr& run, const By& by);
  Refusal terminate(const RunPtr& run, const By& by);
  Refusal pause(const RunPtr& run, const By& by);
  Refusal resume(const RunPtr& run, const By& by);
  Refusal retry(const RunPtr& run, CommandId step, const By& by);
  Refusal skip(const RunPtr& run, const StepSkipped& outcome);
  RunPtr steered(const std::string& run_id, Refusal& refusal) const;
  const Decision* stuck_step(const RunPtr& run, CommandId step, Refusal& refusal) const;

  // recovery.cc
  void open(std::function<void()> ready);
  void begin(std::function<void()> ready);
  void recover();
  void recover(const RunSummary& summary);
  void resume(const RunPtr& run, const std::vector<Turn>& turns);
  void release(const RunPtr& run);
  void quarantine(const RunPtr& run, const Divergence& why);

  store::Log& log;
  Host& host;
  const Registry& registry;
  const Handlers& handlers;
  Anchor& anchor;
  EngineOptions options;
  Definitions definitions;
  Journal journal;
  Anchoring anchoring;
  Performer performer;
  std::uint64_t epoch = 0;
  bool opened = false;
  bool halted = false;
  std::map<std::uint64_t, RunPtr> active;
  std::map<std::string, std::uint64_t> ids;  // of `active`
  std::function<void(const Recorded&)> observer;
  std::function<void(const std::string&)> halt_listener;
};

}  // namespace ratchet::engine
