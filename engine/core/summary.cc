#include "engine/core/summary.h"

#include <type_traits>

#include "engine/core/codec_acts.h"
#include "ratchet/v1/log.pb.h"
#include "store/log.h"

namespace ratchet::engine {

namespace {

// Applies events one by one. Each overload returns whether it changed anything.
class Fold {
 public:
  Fold(RunSummary& summary, Time wall) : summary_(summary), wall_(wall) {}

  bool operator()(const RunStarted& e) {
    describe(e);
    if (summary_.state == RunState::queued) {
      summary_.state = summary_.paused ? RunState::paused : RunState::running;
    }
    return true;
  }
  // Of the facts that are held only a start says something of the run: that it is queued.
  bool operator()(const Held& e) {
    const auto* start = std::get_if<RunStarted>(&e.fact);
    if (start == nullptr) return false;
    describe(*start);
    summary_.state = RunState::queued;
    return true;
  }
  bool operator()(const ContinuedAsNew& e) {
    summary_.successor = e.run_id;
    return end(RunState::continued, {});
  }
  bool operator()(const Reset& e) {
    summary_.successor = e.run_id;
    summary_.steered = e.by;
    return end(RunState::continued, {});
  }
  bool operator()(const CancelRequested& e) {
    summary_.cancel_requested = e.by;
    return true;
  }
  bool operator()(const Terminated& e) {
    summary_.steered = e.by;
    return end(RunState::terminated,
               Failure{"terminated", "terminated by " + e.by.principal + ": " + e.by.reason});
  }
  bool operator()(const RunCompleted&) { return end(RunState::completed, {}); }
  bool operator()(const RunFailed& e) {
    const bool cancelled = e.failure.code == cancelled_code;
    return end(cancelled ? RunState::cancelled : RunState::failed, e.failure);
  }
  bool operator()(const Diverged& e) {
    summary_.state = RunState::quarantined;
    summary_.failure = Failure{"divergence", e.difference};
    return true;
  }
  bool operator()(const QuarantineLifted&) {
    summary_.state = summary_.paused ? RunState::paused : RunState::running;
    summary_.failure.reset();
    return true;
  }
  bool operator()(const Paused& e) {
    summary_.paused = true;
    summary_.steered = e.by;
    if (summary_.state == RunState::running) summary_.state = RunState::paused;
    return true;
  }
  bool operator()(const Resumed&) {
    summary_.paused = false;
    summary_.steered.reset();
    if (summary_.state == RunState::paused) summary_.state = RunState::running;
    return true;
  }
  template <class E>
  bool operator()(const E&) {
    return false;
  }

 private:
  void describe(const RunStarted& e) {
    summary_.run_id = e.run_id;
    summary_.workflow = e.workflow;
    summary_.version = e.version;
    summary_.started = wall_;
    summary_.origin = e.origin;
  }
  bool end(RunState state, std::optional<Failure> failure) {
    summary_.state = state;
    summary_.ended = wall_;
    summary_.failure = std::move(failure);
    summary_.paused = false;
    return true;
  }

  RunSummary& summary_;
  Time wall_;
};

void set_by(v1::RunSummary::Steered& out, const By& by) {
  out.set_principal(by.principal);
  out.set_reason(by.reason);
}
By get_by(const v1::RunSummary::Steered& in) { return {in.principal(), in.reason()}; }

}  // namespace

bool fold(RunSummary& summary, const Turn& turn) {
  bool changed = false;
  Fold into(summary, turn.wall);
  for (const Event& event : turn.events) changed = std::visit(into, event) || changed;
  return changed;
}

std::string encode(const RunSummary& summary) {
  v1::RunSummary m;
  m.set_run_id(summary.run_id);
  m.set_run(summary.run);
  m.set_workflow(summary.workflow);
  m.set_version(summary.version);
  m.set_state(static_cast<std::uint32_t>(summary.state));
  m.set_started_us(summary.started.time_since_epoch().count());
  if (summary.ended) m.set_ended_us(summary.ended->time_since_epoch().count());
  if (summary.failure) {
    m.mutable_failure()->set_code(summary.failure->code);
    m.mutable_failure()->set_message(summary.failure->message);
  }
  m.set_as_of(summary.as_of);
  m.set_paused(summary.paused);
  if (summary.cancel_requested) set_by(*m.mutable_cancel_requested(), *summary.cancel_requested);
  if (summary.steered) set_by(*m.mutable_steered(), *summary.steered);
  set_origin(m, *summary.origin);
  m.set_successor(summary.successor);
  m.set_pruned(summary.pruned);
  return m.SerializeAsString();
}

RunSummary decode_summary(std::string_view bytes) {
  v1::RunSummary m;
  if (!m.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw store::Error(store::Fault::corrupt,
                       "a run's summary cannot be decoded; `ratchetctl rebuild` makes it anew from "
                       "the records");
  }
  RunSummary summary{m.run_id(),
                     m.run(),
                     m.workflow(),
                     m.version(),
                     static_cast<RunState>(m.state()),
                     Time{Duration{m.started_us()}},
                     {},
                     {},
                     m.as_of(),
                     m.paused(),
                     {},
                     {},
                     get_origin(m),
                     m.successor(),
                     m.pruned()};
  if (m.ended_us() != 0) summary.ended = Time{Duration{m.ended_us()}};
  if (m.has_failure()) summary.failure = Failure{m.failure().code(), m.failure().message()};
  if (m.has_cancel_requested()) summary.cancel_requested = get_by(m.cancel_requested());
  if (m.has_steered()) summary.steered = get_by(m.steered());
  return summary;
}

std::string summary_key(const std::string& run_id) { return std::string(summary_prefix) + run_id; }

}  // namespace ratchet::engine
