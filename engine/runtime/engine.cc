#include "engine/runtime/engine.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "engine/core/utf8.h"
#include "engine/runtime/engine_impl.h"

namespace ratchet::engine {

Engine::Impl::Impl(store::Log& l, Host& h, const Registry& r, const Handlers& hs, Anchor& a,
                   EngineOptions o)
    : log(l),
      host(h),
      registry(r),
      handlers(hs),
      anchor(a),
      options(std::move(o)),
      journal(l, h, definitions,
              [this](const std::string& why) {
                halted = true;
                if (halt_listener) halt_listener(why);
              }),
      anchoring(a, h, [this] { return journal.head(); }),
      performer(h, hs, anchoring,
                {.outcome =
                     [this](std::uint64_t run, const Fact& outcome) {
                       if (const auto found = find(run)) deliver(found, outcome, {});
                     },
                 .hint =
                     [this](std::uint64_t run, Event event) {
                       const RunPtr found = find(run);
                       if (found && !halted) hint(found, std::move(event));
                     }}),
      timers(h,
             [this](const Due& due) {
               const RunPtr run = find(due.run);
               const TimerFired fired{due.command};
               if (run && (!run->run || run->run->expects(fired))) deliver(run, fired, {});
             }),
      breadcrumb(options.breadcrumb, options.build),
      retention(l, h, options.retention,
                [this](const RunSummary& run, const std::string& why, std::function<void()> then) {
                  prune(run, why, std::move(then));
                }) {
  if (options.report_slow_turn) {
    watch.emplace(std::chrono::seconds(2), std::chrono::seconds(30), options.report_slow_turn);
  }
  if (!is_utf8(options.build) || !is_utf8(options.principal)) {
    throw std::invalid_argument("the names of the build and of who opens the log must be UTF-8");
  }
  for (const auto& [workflow, limit] : options.limits) {
    if (limit == 0) throw std::invalid_argument("no run of " + workflow + " could ever be open");
    lanes[workflow].limit = limit;
  }
}

Engine::Impl::RunPtr Engine::Impl::find(std::uint64_t run) {
  const auto it = active.find(run);
  if (it != active.end()) {
    recent.splice(recent.begin(), recent, it->second->place);
    return it->second;
  }
  const std::string key = open_run_key(run);
  const auto entry = log.projection(key);
  return entry ? bring_back(decode_open_run(key, *entry).run_id) : nullptr;
}

Engine::Impl::RunPtr Engine::Impl::find(const std::string& run_id) {
  const auto id = ids.find(run_id);
  return id == ids.end() ? bring_back(run_id) : find(id->second);
}

Time Engine::Impl::now(const ActiveRun& run) const { return std::max(host.now(), run.last_wall); }

namespace {

// The definition of the types that a command's payload has now.
void set_definition(Event& command, std::uint32_t definition) {
  std::visit(
      [definition](auto& e) {
        if constexpr (requires { e.definition; }) e.definition = definition;
      },
      command);
}

// Why a run ends whose decisions do not fit, and what can be done. Without the turn's number: the
// text is the same wherever the run was stopped before.
Failure too_large_failure(const std::string& why, bool first) {
  return recordable(
      {too_large_code,
       why +
           ". Nothing that the workflow decided then was performed, and nothing was undone. With "
           "a build whose workflow passes references instead of so many bytes, or decides less "
           "at once, " +
           (first ? "start it anew" : "reset it to the turns before this one, or start it anew")});
}

}  // namespace

void Engine::Impl::deliver(const RunPtr& run, const Fact& fact,
                           std::optional<std::uint32_t> releases) {
  if (halted) return;
  if (run->holds() && !releases) return hold(run, fact);
  if (!run->run->expects(fact)) {
    if (!releases && command_of(fact) == 0) return;
    // It stays held: the next run begins with it.
    const bool passes_on = !run->summary.successor.empty();
    if (passes_on && std::holds_alternative<SignalReceived>(fact)) return;
    return record(run,
                  {run->summary.run, run->next_turn, epoch, now(*run), {LateFact{fact}}, releases});
  }
  if (is_poison(run)) {
    if (!releases) hold(run, fact);  // first: a held start says which run this is
    return quarantine_poison(run);
  }
  const auto recorded = std::make_shared<Recorded>();
  Turn& turn = recorded->turn;
  turn = {run->summary.run, run->next_turn, epoch, now(*run), {}, releases};
  std::vector<Decision> decisions =
      executed(run, [&] { return run->run->deliver(fact, turn.wall); });
  name_next_run(decisions);
  turn.events.reserve(1 + decisions.size());
  std::visit([&turn](const auto& f) { turn.events.emplace_back(f); }, fact);
  for (Decision& decision : decisions) turn.events.push_back(std::move(decision.command));
  try {
    for (std::size_t i = 0; i < decisions.size(); ++i) {
      const ActivityInfo* activity = decisions[i].activity;
      if (activity != nullptr) set_definition(turn.events[1 + i], definitions.activity(*activity));
    }
    append(run, recorded);
  } catch (const std::length_error& too_large) {
    fail_too_large(run, fact, turn, too_large.what());
  }
}

// Nothing of what the workflow decided is recorded: the run ends with the fact that led to it, and
// none of its code runs any more. Throws std::length_error if the fact alone is too large to start
// a run with; then nothing was recorded.
void Engine::Impl::fail_too_large(const RunPtr& run, const Fact& fact, const Turn& decided,
                                  const std::string& why) {
  const bool first = decided.turn == 0;
  const auto* start = std::get_if<RunStarted>(&fact);
  const bool passed_on = start != nullptr && !start->signals.empty();
  if (first && passed_on) throw std::length_error(why);  // it starts without them: continue_as
  std::vector<std::string> children = open_children(*run);
  run->run->deliver(Terminated{}, decided.wall);
  Turn turn{decided.run, decided.turn, decided.epoch, decided.wall, {}, decided.releases};
  std::visit([&turn](const auto& f) { turn.events.emplace_back(f); }, fact);
  turn.events.emplace_back(RunFailed{too_large_failure(why, first), true});
  try {
    record(run, std::move(turn), [this, children = std::move(children)] {
      for (const std::string& child : children) cancel_child(child);
    });
  } catch (const std::length_error&) {
    if (first) throw;
    run->run.reset();  // the fact, which is held, nearly fills a record of its own
    hint(run, Diverged{decided.turn, why});
  }
}

// By its record, so also of a quarantined run; some are ids of steps, which are no run's.
std::vector<std::string> Engine::Impl::open_children(const ActiveRun& run) {
  std::vector<std::string> children;
  for (const CommandId command : run.open.steps_and_children()) {
    children.push_back(child_run_id(run.summary.run_id, command));
  }
  return children;
}

namespace {
constexpr const char* poison =
    "executing this turn has ended the process twice; it is not executed again by this build";
}

bool Engine::Impl::is_poison(const RunPtr& run) const {
  return breadcrumb.is_poison(run->summary.run_id, run->run->facts());
}

// Recorded once, however often the process starts.
void Engine::Impl::quarantine_poison(const RunPtr& run) {
  run->run.reset();
  const bool known = run->summary.state == RunState::quarantined &&
                     run->summary.failure == Failure{"divergence", poison};
  if (!known) hint(run, Diverged{run->next_turn, poison});
}

void Engine::Impl::hold(const RunPtr& run, const Fact& fact) {
  run->held.emplace(run->next_turn, fact);
  hint(run, Held{fact});
}

void Engine::Impl::hint(const RunPtr& run, Event event, std::function<void()> then) {
  record(run, Turn{run->summary.run, run->next_turn, epoch, now(*run), {std::move(event)}, {}},
         std::move(then));
}

// Changes nothing of the run if the turn does not fit into a record.
void Engine::Impl::record(const RunPtr& run, Turn turn, std::function<void()> then) {
  const auto recorded = std::make_shared<Recorded>();
  recorded->turn = std::move(turn);
  append(run, recorded, std::move(then));
}

void Engine::Impl::append(const RunPtr& run, const std::shared_ptr<Recorded>& recorded,
                          std::function<void()> then) {
  const Turn& added = recorded->turn;
  std::optional<ExposedValues> exposed;
  if (run->run && !run->run->exposed().empty()) exposed = run->run->exposed();
  const std::vector<OpenTimer> dropped = run->open.timers_dropped_by(added);
  journal.append(recorded->turn, run->summary, run->open,
                 [this, run, recorded, exposed = std::move(exposed), then = std::move(then)] {
                   if (exposed) run->exposed = *exposed;
                   durable(run, *recorded);
                   if (then) then();
                 });
  for (const OpenTimer& timer : dropped) {
    timers.cancel(timer.due, {run->summary.run, timer.command});
  }
  recorded->state = run->summary.state;
  run->next_turn = added.turn + 1;
  run->last_wall = added.wall;
  ++run->pending;
  if (added.turn == 0) keep(run);
}

void Engine::Impl::durable(const RunPtr& run, Recorded& recorded) {
  const Turn& turn = recorded.turn;
  run->shown = recorded.state;
  --run->pending;
  if (observer) {
    recorded.run_id = run->summary.run_id;
    recorded.workflow = run->summary.workflow;
    observer(recorded);
  }
  for (const Event& event : turn.events) act(run, turn, event);
  if (has_ended(recorded.state) && active.contains(turn.run)) ended(run, turn);
  if (has_ended(recorded.state) && run->pending == 0) retention.ended(run->summary);
  evict();
}

void Engine::Impl::act(const RunPtr& run, const Turn& turn, const Event& event) {
  if (class_of(event) != EventClass::command) return;
  const CommandId command = command_of(event);
  if (std::holds_alternative<CommandCancelled>(event)) {
    cancel_child(child_run_id(run->summary.run_id, command));  // if it is one
    return performer.cancel(turn.run, command);
  }
  if (run->run && !run->run->open().contains(command)) return;  // a later turn cancelled it
  if (const auto* step = std::get_if<StepScheduled>(&event)) {
    performer.perform({.run = turn.run,
                       .run_id = run->summary.run_id,
                       .command = step->command,
                       .activity = step->activity,
                       .input = step->input,
                       .since = turn.wall,
                       .intent = journal.durable_size() - 1});
  } else if (const auto* timer = std::get_if<TimerStarted>(&event)) {
    timers.set(timer->due, {turn.run, timer->command});
  } else if (const auto* child = std::get_if<ChildStarted>(&event)) {
    start_child(run, *child);
  }
}

Engine::Engine(store::Log& log, Host& host, const Registry& registry, const Handlers& handlers,
               Anchor& anchor, EngineOptions options)
    : impl_(std::make_shared<Impl>(log, host, registry, handlers, anchor, std::move(options))) {}
Engine::~Engine() = default;

void Engine::open(std::function<void()> ready) { impl_->open(std::move(ready)); }

void Engine::observe(std::function<void(const Recorded&)> observer) {
  impl_->observer = std::move(observer);
}

void Engine::on_halt(std::function<void(const std::string& why)> halted) {
  impl_->halt_listener = std::move(halted);
}

bool Engine::start(const std::string& run_id, const std::string& workflow, const Bytes& input,
                   const std::string& principal) {
  return start({run_id, workflow, input, principal, {}}).fresh;
}

Started Engine::start(const StartRequest& request) {
  return impl_->start(request, {request.key, {}, 0, {}});
}

bool Engine::Impl::take(const std::string& run_id, const SignalReceived& signal) {
  if (halted) return false;
  RunPtr run = find(run_id);
  if (!run && opened && !continued_begun) begin_what_continues();  // it may be one of those
  if (!run) {
    const std::string heir = latest(run_id);
    if (copying.contains(heir)) {
      early[heir].push_back(signal);
      return true;
    }
    run = find(heir);
  }
  if (!run) return false;
  if (has_ended(run->summary.state)) {  // which is not durable yet; also of a quarantined run
    if (run->summary.successor.empty()) return false;
    early[run->summary.successor].push_back(signal);
    return true;
  }
  deliver(run, signal, {});
  return true;
}

bool Engine::signal(const std::string& run_id, const std::string& name, const Bytes& value,
                    const std::string& principal) {
  if (name.size() > most_code_bytes || principal.size() > most_reason_bytes ||
      value.size() > store::max_blob_bytes) {
    throw std::length_error(
        "a signal's name has at most 256 bytes, its sender's 4096, its value "
        "1 MiB");
  }
  if (!is_utf8(name) || !is_utf8(principal)) {
    throw std::invalid_argument("a signal's name and its sender's must be UTF-8");
  }
  return impl_->take(run_id, {name, value, principal});
}

std::optional<RunState> Engine::state(const std::string& run_id) const {
  const auto in_memory = impl_->ids.find(run_id);
  if (in_memory != impl_->ids.end()) return impl_->active.at(in_memory->second)->shown;
  const auto summary = impl_->summary_of(run_id);
  if (!summary) return std::nullopt;
  return summary->state;
}

std::vector<std::string> Engine::waiting_for(const std::string& run_id) const {
  std::vector<std::string> phrases;
  const auto run = impl_->find(run_id);
  if (!run || !run->run) return phrases;
  if (run->awaits_release) return {"a person who releases it, since the log was accepted"};
  if (run->summary.state == RunState::queued) {
    return {"a place among the runs of workflow " + run->summary.workflow};
  }
  for (const auto& [command, decision] : run->run->open()) {
    const std::string status = impl_->performer.status(run->summary.run, command);
    phrases.push_back(describe(decision.command) + (status.empty() ? "" : ": " + status));
  }
  return phrases;
}

}  // namespace ratchet::engine
