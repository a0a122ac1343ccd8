#include "engine/runtime/engine.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

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
                     }}) {}

Engine::Impl::RunPtr Engine::Impl::find(std::uint64_t run) const {
  const auto it = active.find(run);
  return it == active.end() ? nullptr : it->second;
}

Engine::Impl::RunPtr Engine::Impl::find(const std::string& run_id) const {
  const auto id = ids.find(run_id);
  return id == ids.end() ? nullptr : find(id->second);
}

Time Engine::Impl::now(const ActiveRun& run) const { return std::max(host.now(), run.last_wall); }

bool Engine::Impl::start(const std::string& run_id, const std::string& workflow, const Bytes& input,
                         const std::string& principal) {
  if (!opened) throw std::logic_error("a run was started before the engine was open");
  const WorkflowType* type = registry.find(workflow, 0);
  if (type == nullptr) {
    throw std::invalid_argument("this build has no workflow " + workflow + " to start run " +
                                run_id);
  }
  if (run_id.empty() || run_id.size() > 256) {
    throw std::invalid_argument("a run id has 1 to 256 bytes, not " +
                                std::to_string(run_id.size()));
  }
  if (halted || ids.contains(run_id) || log.projection(summary_key(run_id))) return false;
  definitions.workflow(*type);
  RunSummary summary;
  summary.run_id = run_id;
  const auto started = std::make_shared<ActiveRun>(std::move(summary), type);
  deliver(started, RunStarted{run_id, type->name, type->version, input, principal, 0}, {});
  return true;
}

void Engine::Impl::deliver(const RunPtr& run, const Fact& fact,
                           std::optional<std::uint32_t> releases) {
  if (halted) return;
  if (run->holds() && !releases) return hold(run, fact);
  if (!run->run->expects(fact)) {
    if (!releases && command_of(fact) == 0) return;
    return record(
        run, {run->summary.run, run->next_turn, epoch, now(*run), {LateFact{fact}}, releases}, {});
  }
  Turn turn{run->summary.run, run->next_turn, epoch, now(*run), {}, releases};
  std::vector<Decision> decisions = run->run->deliver(fact, turn.wall);
  std::visit([&turn](const auto& f) { turn.events.emplace_back(f); }, fact);
  for (const Decision& decision : decisions) {
    if (decision.activity != nullptr) definitions.activity(*decision.activity);
    turn.events.push_back(decision.command);
  }
  const RunSummary before = run->summary;
  const std::uint32_t at = turn.turn;
  try {
    record(run, std::move(turn), std::move(decisions));
  } catch (const std::length_error& too_large) {
    if (at == 0) throw;  // an input too large to start with: nothing was recorded
    run->summary = before;
    run->run.reset();
    hint(run, Diverged{at, too_large.what()});
    if (!releases) hold(run, fact);
  }
}

void Engine::Impl::hold(const RunPtr& run, const Fact& fact) {
  run->held.emplace(run->next_turn, fact);
  hint(run, Held{fact});
}

void Engine::Impl::hint(const RunPtr& run, Event event, std::function<void()> then) {
  record(run, Turn{run->summary.run, run->next_turn, epoch, now(*run), {std::move(event)}, {}}, {},
         std::move(then));
}

void Engine::Impl::record(const RunPtr& run, Turn turn, std::vector<Decision> decisions,
                          std::function<void()> then) {
  auto recorded = std::make_shared<Turn>(std::move(turn));
  std::optional<RunSummary> changed;
  if (fold(run->summary, *recorded)) changed = run->summary;
  std::optional<ExposedValues> exposed;
  if (run->run && !run->run->exposed().empty()) exposed = run->run->exposed();
  journal.append(*recorded, std::move(changed),
                 [this, run, recorded, state = run->summary.state, exposed = std::move(exposed),
                  decisions = std::move(decisions), then = std::move(then)] {
                   if (exposed) run->exposed = *exposed;
                   durable(run, *recorded, state, decisions);
                   if (then) then();
                 });
  run->summary.run = recorded->run;  // turn 0 has just been given its number
  run->next_turn = recorded->turn + 1;
  run->last_wall = recorded->wall;
  active[recorded->run] = run;
  ids[run->summary.run_id] = recorded->run;
}

void Engine::Impl::durable(const RunPtr& run, const Turn& turn, RunState state,
                           const std::vector<Decision>& decisions) {
  run->shown = state;
  if (observer) observer({run->summary.run_id, run->summary.workflow, turn, state});
  for (const Decision& decision : decisions) act(run, turn, decision);
  if (!has_ended(state)) return;
  performer.forget(turn.run);
  ids.erase(run->summary.run_id);
  active.erase(turn.run);
  anchoring.refresh();
}

void Engine::Impl::act(const RunPtr& run, const Turn& turn, const Decision& decision) {
  const CommandId command = command_of(decision.command);
  if (std::holds_alternative<CommandCancelled>(decision.command)) {
    return performer.cancel(turn.run, command);
  }
  if (run->run && !run->run->open().contains(command)) return;  // a later turn cancelled it
  if (const auto* step = std::get_if<StepScheduled>(&decision.command)) {
    performer.perform({.run = turn.run,
                       .run_id = run->summary.run_id,
                       .command = step->command,
                       .activity = step->activity,
                       .input = step->input,
                       .since = turn.wall,
                       .intent = journal.head().size - 1});
  } else if (const auto* timer = std::get_if<TimerStarted>(&decision.command)) {
    wake_timer(turn.run, *timer);
  }
}

void Engine::Impl::wake_timer(std::uint64_t run, const TimerStarted& timer) {
  host.wake_at(timer.due, [weak = weak_from_this(), run, command = timer.command] {
    const auto self = weak.lock();
    if (!self) return;
    const RunPtr woken = self->find(run);
    if (!woken || (woken->run && !woken->run->expects(TimerFired{command}))) return;
    self->deliver(woken, TimerFired{command}, {});
  });
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
  return impl_->start(run_id, workflow, input, principal);
}

bool Engine::signal(const std::string& run_id, const std::string& name, const Bytes& value,
                    const std::string& principal) {
  const auto run = impl_->find(run_id);
  if (!run || impl_->halted || (run->run && run->run->ended())) return false;
  impl_->deliver(run, SignalReceived{name, value, principal}, {});
  return true;
}

std::optional<RunState> Engine::state(const std::string& run_id) const {
  if (const auto run = impl_->find(run_id)) return run->shown;
  const auto summary = impl_->log.projection(summary_key(run_id));
  if (!summary) return std::nullopt;
  return decode_summary(*summary).state;
}

std::vector<std::string> Engine::waiting_for(const std::string& run_id) const {
  std::vector<std::string> phrases;
  const auto run = impl_->find(run_id);
  if (!run || !run->run) return phrases;
  for (const auto& [command, decision] : run->run->open()) {
    const std::string status = impl_->performer.status(run->summary.run, command);
    phrases.push_back(describe(decision.command) + (status.empty() ? "" : ": " + status));
  }
  return phrases;
}

}  // namespace ratchet::engine
