// How runs begin: by request, as children, in another run's place, from the queue; and what their
// end means for others. See engine_impl.h.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "engine/core/utf8.h"
#include "engine/runtime/care.h"
#include "engine/runtime/engine_impl.h"

namespace ratchet::engine {

namespace {

constexpr std::size_t longest_name = 256;

void check_name(const char* what, const std::string& name) {
  if (!is_utf8(name)) throw std::invalid_argument(std::string(what) + " must be UTF-8");
  if (name.size() <= longest_name) return;
  throw std::invalid_argument(std::string(what) + " has at most 256 bytes, not " +
                              std::to_string(name.size()));
}

// The last event of this kind among the turns of an ended run.
template <class E>
std::optional<E> last(const store::LogReader& log, Definitions& definitions, std::uint64_t run) {
  std::optional<E> found;
  log.scan_run(run, 0, [&](std::uint32_t, const store::Record& record) {
    const Decoded decoded = decode(record, definitions, blobs_of(log));
    for (const Event& event : std::get<Turn>(decoded).events) {
      if (const auto* wanted = std::get_if<E>(&event)) found = *wanted;
    }
    return true;
  });
  return found;
}

// The signals that a run received and did not await, in order. A wait that was not called off took
// the oldest of its name.
std::vector<SignalReceived> unawaited(const store::LogReader& log, Definitions& definitions,
                                      std::uint64_t run) {
  std::vector<SignalReceived> received;
  std::map<CommandId, std::string> waits;
  std::map<std::uint32_t, SignalReceived> held;
  log.scan_run(run, 0, [&](std::uint32_t, const store::Record& record) {
    const Decoded decoded = decode(record, definitions, blobs_of(log));
    const Turn& turn = std::get<Turn>(decoded);
    if (turn.releases) held.erase(*turn.releases);
    for (const Event& event : turn.events) {
      if (const auto* signal = std::get_if<SignalReceived>(&event)) {
        received.push_back(*signal);
      } else if (const auto* start = std::get_if<RunStarted>(&event)) {
        received = start->signals;
      } else if (const auto* wait = std::get_if<SignalAwaited>(&event)) {
        waits[wait->command] = wait->signal;
      } else if (const auto* given_up = std::get_if<CommandCancelled>(&event)) {
        waits.erase(given_up->command);
      } else if (const auto* kept = std::get_if<Held>(&event)) {
        const auto* signal_held = std::get_if<SignalReceived>(&kept->fact);
        if (signal_held != nullptr) held.emplace(turn.turn, *signal_held);
      }
    }
    return true;
  });
  for (const auto& [command, name] : waits) {
    const auto taken = std::ranges::find(received, name, &SignalReceived::signal);
    if (taken != received.end()) received.erase(taken);
  }
  for (auto& [turn, signal] : held) received.push_back(std::move(signal));
  return received;
}

}  // namespace

Started Engine::Impl::start(const StartRequest& request, Origin origin,
                            std::vector<SignalReceived> signals) {
  if (!opened) throw std::logic_error("a run was started before the engine was open");
  const WorkflowType* type = registry.find(request.workflow, 0);
  if (type == nullptr) {
    throw std::invalid_argument("this build has no workflow " + request.workflow +
                                " to start run " + request.run_id);
  }
  if (request.run_id.empty()) throw std::invalid_argument("a run id has 1 to 256 bytes, not 0");
  if (!is_utf8(request.principal)) throw std::invalid_argument("who starts a run must be UTF-8");
  // One that goes on in another's place has a mark more; its predecessor has ended already.
  if (origin.previous.empty()) check_name("a run id", request.run_id);
  check_name("a run's key", origin.key);
  if (!origin.key.empty() && !continued_begun) begin_what_continues();  // it may have the key
  if (const auto open = keys.find(origin.key); open != keys.end()) return {open->second, false};
  if (halted || is_taken(request.run_id)) return {request.run_id, false};
  definitions.workflow(*type);
  RunSummary summary;
  summary.run_id = request.run_id;
  const auto run = std::make_shared<ActiveRun>(std::move(summary), type);
  const RunStarted fact{.run_id = request.run_id,
                        .workflow = type->name,
                        .version = type->version,
                        .input = request.input,
                        .principal = request.principal,
                        .origin = std::move(origin),
                        .signals = std::move(signals)};
  const auto lane = lanes.find(type->name);
  if (lane != lanes.end() && lane->second.full()) {
    hold(run, fact);
  } else {
    deliver(run, fact, {});
  }
  admit(run->summary);
  return {request.run_id, true};
}

std::optional<RunSummary> Engine::Impl::summary_of(const std::string& run_id) const {
  const auto bytes = log.projection(summary_key(run_id));
  if (!bytes) return std::nullopt;
  return decode_summary(*bytes);
}

// Whether there is a run with this id, be its start durable or not.
bool Engine::Impl::is_taken(const std::string& run_id) const {
  return ids.contains(run_id) || copying.contains(run_id) || summary_of(run_id).has_value();
}

// A run that continues as new does so under the first free id: somebody may have given the next one
// to a run of theirs.
void Engine::Impl::name_next_run(std::vector<Decision>& decisions) const {
  for (Decision& decision : decisions) {
    auto* next = std::get_if<ContinuedAsNew>(&decision.command);
    while (next != nullptr && is_taken(next->run_id)) next->run_id = next_run_id(next->run_id);
  }
}

// Counts an open run in its lane, and keeps its key.
void Engine::Impl::admit(const RunSummary& summary) {
  if (!summary.origin->key.empty()) keys[summary.origin->key] = summary.run_id;
  const auto lane = lanes.find(summary.workflow);
  if (lane == lanes.end()) return;
  if (summary.state == RunState::queued) {
    lane->second.waiting.push_back(summary.run);
  } else {
    lane->second.running.insert(summary.run);
  }
}

// Starts what has waited longest while there is room; a run that is paused, or awaits its release,
// lets others pass.
void Engine::Impl::start_queued(Lane& lane) {
  for (auto next = lane.waiting.begin(); next != lane.waiting.end() && !lane.full();) {
    const RunPtr run = find(*next);
    if (run && run->summary.state == RunState::queued &&
        (run->summary.paused || run->awaits_release)) {
      ++next;
      continue;
    }
    next = lane.waiting.erase(next);
    if (!run || run->summary.state != RunState::queued) continue;
    lane.running.insert(run->summary.run);
    release(run);
  }
}

// The end of the run is durable.
void Engine::Impl::ended(const RunPtr& run, const Turn& turn) {
  const RunSummary& summary = run->summary;
  performer.forget(turn.run);
  forget(run);
  if (const auto key = keys.find(summary.origin->key);
      key != keys.end() && key->second == summary.run_id) {
    keys.erase(key);
  }
  const auto lane = lanes.find(summary.workflow);
  if (lane != lanes.end()) lane->second.running.erase(turn.run);
  for (const Event& event : turn.events) {
    if (const auto* next = std::get_if<ContinuedAsNew>(&event)) continue_as(summary, *next);
    if (const auto* reset = std::get_if<Reset>(&event)) begin_again(summary, *reset);
    if (const auto* done = std::get_if<RunCompleted>(&event)) tell_parent(summary, done->result);
  }
  if (summary.failure) tell_parent(summary, {});
  if (lane != lanes.end()) start_queued(lane->second);
  anchoring.refresh();
}

// Left to a later start if this build lacks the workflow.
void Engine::Impl::continue_as(const RunSummary& ended, const ContinuedAsNew& next) {
  if (registry.find(ended.workflow, 0) == nullptr) return;
  Origin origin = *ended.origin;
  origin.previous = ended.run_id;
  origin.kept = origin.copied = 0;  // it begins with no copies, also if that one did
  const StartRequest request{next.run_id, ended.workflow, next.input, options.principal, {}};
  std::vector<SignalReceived> signals = unawaited(log, definitions, ended.run);
  try {
    start(request, origin, signals);
    signals.clear();
  } catch (const std::length_error&) {  // too much for one record
    start(request, std::move(origin));
  }
  const RunPtr run = find(next.run_id);
  if (!run) return;
  std::ranges::move(early[next.run_id], std::back_inserter(signals));
  early.erase(next.run_id);
  for (const SignalReceived& signal : signals) deliver(run, signal, {});
  cancel_if_orphan(run);
}

void Engine::Impl::tell_parent(const RunSummary& child, const Bytes& result) {
  const RunPtr parent = child.origin->parent.empty() ? nullptr : find(child.origin->parent);
  if (!parent) return;
  deliver(parent, ChildEnded{child.origin->parent_command, child.run_id, result, child.failure},
          {});
}

void Engine::Impl::start_child(const RunPtr& parent, const ChildStarted& child) {
  const auto fail = [&](const char* code, const std::string& why) {
    deliver(parent, ChildEnded{child.command, child.run_id, {}, Failure{code, why}}, {});
  };
  try {
    const Started started =
        start({child.run_id, child.workflow, child.input, options.principal, {}},
              {{}, parent->summary.run_id, child.command, {}});
    if (!started.fresh && !halted)
      fail("run_exists", "there is a run " + child.run_id + " already");
  } catch (const std::invalid_argument& refused) {
    fail("not_started", refused.what());
  } catch (const std::length_error& too_large) {
    fail("not_started", too_large.what());
  }
}

// A child that the parent waited for when the process ended.
void Engine::Impl::resume_child(const RunPtr& parent, const ChildStarted& child) {
  const auto summary = summary_of(latest(child.run_id));
  if (!summary) return start_child(parent, child);
  if (!has_ended(summary->state) || summary->state == RunState::continued) return;
  Bytes result;
  if (const auto done = last<RunCompleted>(log, definitions, summary->run)) result = done->result;
  tell_parent(*summary, result);
}

// The run that stands at the end of the chain of those that continued as new.
std::string Engine::Impl::latest(std::string run_id) const {
  for (auto summary = summary_of(run_id); summary && !summary->successor.empty();
       summary = summary_of(run_id)) {
    if (!is_taken(summary->successor)) break;
    run_id = summary->successor;
  }
  return run_id;
}

void Engine::Impl::cancel_child(const std::string& run_id) {
  const RunPtr child = find(latest(run_id));
  if (!child || child->summary.origin->parent.empty() || has_ended(child->summary.state)) return;
  cancel(child, {options.principal, "its parent no longer waits for it"});
}

// Nobody waits for a child whose parent has ended, or has given up the command.
void Engine::Impl::cancel_if_orphan(const RunPtr& run) {
  const Origin& origin = *run->summary.origin;
  if (origin.parent.empty() || has_ended(run->summary.state)) return;
  const RunPtr parent = find(origin.parent);
  if (parent && (!parent->run || parent->run->open().contains(origin.parent_command))) return;
  cancel_child(run->summary.run_id);
}

// The runs that were to go on in another's place when the process ended. Looks at every summary,
// and answers which open runs begin with copies.
std::vector<std::string> Engine::Impl::begin_what_continues() {
  continued_begun = true;
  std::vector<RunSummary> continued;
  std::vector<std::string> copies;
  log.scan_projections(summary_prefix, [&](std::string_view, std::string_view bytes) {
    RunSummary summary = decode_summary(bytes);
    if (!summary.successor.empty() && !summary_of(summary.successor)) {
      continued.push_back(std::move(summary));
    } else if (summary.origin->copied > 0 && !summary.ended) {
      copies.push_back(summary.run_id);
    }
    return true;
  });
  for (const RunSummary& run : continued) {
    if (ids.contains(run.successor) || copying.contains(run.successor)) continue;
    const auto next = last<ContinuedAsNew>(log, definitions, run.run);
    if (next) continue_as(run, *next);
    const auto reset = last<Reset>(log, definitions, run.run);
    if (reset) begin_again(run, *reset);
  }
  return copies;
}

// When all that was interrupted has been taken up: what other runs were owed when the process
// ended; nobody waits for it but the runs concerned.
void Engine::Impl::settle_debts() {
  const std::vector<std::string> copies = begin_what_continues();
  for (const std::string& run : copies) find(run);  // completes those that a crash cut short
  for (auto& [workflow, lane] : lanes) start_queued(lane);
  retention.look();
}

// An ended run whose turns are all durable. After a halt `then` is never called.
void Engine::Impl::prune(const RunSummary& run, const std::string& why,
                         std::function<void()> then) {
  if (halted) return;
  if (noted.contains(run.run_id)) return then();  // due again once the remark is durable
  going.insert(run.run_id);
  journal.append(pruning_of(log, run, {options.principal, why}, host.now()),
                 [this, run_id = run.run_id, then = std::move(then)] {
                   going.erase(run_id);
                   then();
                 });
}

}  // namespace ratchet::engine
