// The inside of Engine: one object, in five files: engine.cc drives runs, starting.cc begins and
// ends them, steering.cc is what people do to them, resetting.cc has them start over, recovery.cc
// brings them back into memory: those that a crash interrupted, and those that were evicted.
#pragma once

#include <compare>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/codec.h"
#include "engine/core/definitions.h"
#include "engine/core/summary.h"
#include "engine/runtime/active_run.h"
#include "engine/runtime/alarms.h"
#include "engine/runtime/anchoring.h"
#include "engine/runtime/breadcrumb.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/performer.h"

namespace ratchet::engine {

struct Engine::Impl : std::enable_shared_from_this<Engine::Impl> {
  using RunPtr = std::shared_ptr<ActiveRun>;
  struct Due {
    std::uint64_t run = 0;
    CommandId command = 0;
    auto operator<=>(const Due&) const = default;
  };

  // The runs of a workflow of which only so many are open at once.
  struct Lane {
    std::size_t limit = 1;
    std::set<std::uint64_t> running;
    std::deque<std::uint64_t> waiting;  // in order; some may have ended meanwhile
    bool full() const { return running.size() >= limit; }
  };

  struct Timed {
    Timed(std::optional<TurnWatch>& w, const std::string& run_id) : watch(w) {
      if (watch) watch->begin(run_id);
    }
    ~Timed() {
      if (watch) watch->end();
    }
    Timed(const Timed&) = delete;
    Timed& operator=(const Timed&) = delete;
    std::optional<TurnWatch>& watch;
  };

  Impl(store::Log& log, Host& host, const Registry& registry, const Handlers& handlers,
       Anchor& anchor, EngineOptions options);

  // engine.cc
  void deliver(const RunPtr& run, const Fact& fact, std::optional<std::uint32_t> releases);
  void record(const RunPtr& run, Turn turn, std::function<void()> then = {});
  void append(const RunPtr& run, const std::shared_ptr<Recorded>& recorded,
              std::function<void()> then = {});
  void fail_too_large(const RunPtr& run, const Fact& fact, const Turn& decided,
                      const std::string& why);
  static std::vector<std::string> open_children(const ActiveRun& run);
  void quarantine_poison(const RunPtr& run);
  void hold(const RunPtr& run, const Fact& fact);
  // A signal to a run, or to the one that stands in its place. False: there is none that is open.
  bool take(const std::string& run_id, const SignalReceived& signal);
  // `then` runs once the hint is durable.
  void hint(const RunPtr& run, Event event, std::function<void()> then = {});
  void durable(const RunPtr& run, Recorded& recorded);
  void act(const RunPtr& run, const Turn& turn, const Event& event);
  // The run, brought back if need be; null if it has ended, or there is none.
  RunPtr find(std::uint64_t run);
  RunPtr find(const std::string& run_id);
  Time now(const ActiveRun& active) const;
  // Executes one turn, unless it is known to end the process.
  bool is_poison(const RunPtr& run) const;
  template <class Execute>
  auto executed(const RunPtr& run, Execute execute) {
    const Breadcrumb::Mark mark(breadcrumb, run->summary.run_id, run->run->facts());
    const Timed timed(watch, run->summary.run_id);
    return execute();
  }

  // starting.cc
  Started start(const StartRequest& request, Origin origin,
                std::vector<SignalReceived> signals = {});
  std::optional<RunSummary> summary_of(const std::string& run_id) const;
  bool is_taken(const std::string& run_id) const;
  void name_next_run(std::vector<Decision>& decisions) const;
  void admit(const RunSummary& summary);
  void start_queued(Lane& lane);
  void ended(const RunPtr& run, const Turn& turn);
  void continue_as(const RunSummary& ended, const ContinuedAsNew& next);
  void tell_parent(const RunSummary& child, const Bytes& result);
  void start_child(const RunPtr& parent, const ChildStarted& child);
  void resume_child(const RunPtr& parent, const ChildStarted& child);
  std::string latest(std::string run_id) const;
  void cancel_child(const std::string& run_id);
  void cancel_if_orphan(const RunPtr& run);
  void prune(const RunSummary& run, const std::string& why, std::function<void()> then);
  std::vector<std::string> begin_what_continues();
  void settle_debts();

  // steering.cc
  static Refusal unfit(const By& by);
  Refusal cancel(const RunPtr& run, const By& by);
  void end_at_once(const RunPtr& run, const Fact& end);
  Refusal pause(const RunPtr& run, const By& by);
  Refusal resume(const RunPtr& run, const By& by);
  Refusal retry(const RunPtr& run, CommandId step, const By& by);
  Refusal skip(const RunPtr& run, const StepSkipped& outcome);
  Refusal decide(const RunPtr& run, const std::string& gate, GateDecided answer);
  Refusal unsound(const Approval& approval, const GateDecided& answer) const;
  RunPtr steered(const std::string& run_id, Refusal& refusal);
  Refusal note(const std::string& run_id, const Note& note);
  RunPtr ended_run(const std::string& run_id, Refusal& refusal);
  const Decision* stuck_step(const RunPtr& run, CommandId step, Refusal& refusal) const;

  // resetting.cc
  WasReset reset(const std::string& run_id, std::uint32_t kept, const By& by);
  Refusal cannot_reset(const RunSummary& run, const std::vector<Turn>& turns, std::uint32_t kept,
                       const std::string& as);
  Refusal cannot_copy(const RunSummary& from, const std::vector<Turn>& turns, const Reset& reset);
  std::optional<std::string> begun_by(const std::string& child);
  std::optional<std::string> begun_by_children(const std::vector<Turn>& turns, std::uint32_t first);
  std::optional<std::string> learn_names_of(const std::vector<Turn>& turns);
  std::vector<Turn> beginning(const RunSummary& from, const std::vector<Turn>& turns,
                              const std::string& run_id, std::uint32_t kept);
  void begin_again(const RunSummary& from, const Reset& reset);
  void finish_copy(const RunPtr& run);
  void copy(const RunPtr& run, std::vector<Turn> turns);
  void take_up_copy(const RunSummary& copy);

  // recovery.cc
  std::vector<Turn> turns_of(std::uint64_t run);
  void open(std::function<void()> ready);
  void begin(std::function<void()> ready);
  void recover();
  void sweep();
  RunPtr bring_back(const std::string& run_id);
  bool replay(const RunPtr& run, const std::vector<Turn>& turns);
  void resume(const RunPtr& run, const std::vector<Turn>& turns);
  void release(const RunPtr& run);
  Refusal let_go(const RunPtr& run, const By& by);
  void go_on(const RunPtr& run);
  void quarantine(const RunPtr& run, const Divergence& why);
  void keep(const RunPtr& run);
  void forget(const RunPtr& run);
  void evict();

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
  Alarms<Due, std::less<>> timers;
  Breadcrumb breadcrumb;
  Retention retention;
  std::optional<TurnWatch> watch;
  std::uint64_t epoch = 0;
  std::uint64_t anchored_before = 0;  // records that the anchor covered at the opening
  bool opened = false;
  bool other_build = false;  // than the one that wrote the log last
  bool halted = false;
  std::map<std::uint64_t, RunPtr> active;    // the runs in memory
  std::map<std::string, std::uint64_t> ids;  // of `active`
  std::list<RunPtr> recent;                  // `active`, the one used last in front
  std::set<std::uint64_t> interrupted;       // must be brought back and taken up again
  std::set<std::uint64_t> perhaps_orphans;   // children that were: their parents may have ended
  std::vector<std::uint64_t> unchecked;      // suspended, and not replayed by this build yet
  std::set<std::string> copying;             // runs that begin with turns not yet durable
  std::map<std::string, RunPtr> noted;       // ended, and given a remark that is not durable yet
  std::set<std::string> going;               // runs whose records are being removed
  std::map<std::string, std::string> keys;   // of the open runs that have one: key to run id
  std::map<std::string, Lane> lanes;         // of the workflows that have a limit
  // Signals to runs that continued as new, until the end is durable and the next run begins: by the
  // next run's id.
  std::map<std::string, std::vector<SignalReceived>> early;
  bool continued_begun = false;  // what was to go on in another's place when the process ended
  bool debts_settled = false;    // what was owed to other runs then
  std::function<void(const Recorded&)> observer;
  std::function<void(const std::string&)> halt_listener;
};

}  // namespace ratchet::engine
