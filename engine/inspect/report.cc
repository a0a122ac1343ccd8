#include "engine/inspect/report.h"

#include <utility>

#include "store/checkpoint.h"

namespace ratchet::engine {

namespace {

// The act that an event records; nothing if it is none.
class Acted {
 public:
  explicit Acted(const RecordedEvent& event) : event_(event) {}

  std::optional<Act> operator()(const RunStarted& e) const {
    return act("started", {e.principal, ""});
  }
  std::optional<Act> operator()(const SignalReceived& e) const {
    return act("signal " + e.signal, {e.principal, e.reason});
  }
  std::optional<Act> operator()(const Note& e) const { return act("note", {e.principal, e.text}); }
  std::optional<Act> operator()(const GateDecided& e) const {
    return answer(e.approved ? "approved: " : "denied: ", e);
  }
  std::optional<Act> operator()(const GateRejected& e) const {
    return answer(e.approved ? "not counted, another payload was approved: "
                             : "not counted, another payload was denied: ",
                  e);
  }
  template <class E>
  std::optional<Act> operator()(const E&) const {
    const By* by = by_of(event_.event);
    if (by == nullptr) return std::nullopt;
    return act(name_of(event_.event), *by);
  }

 private:
  Act act(std::string what, const By& by) const {
    return {event_.wall, std::move(what), by.principal, by.reason, {}};
  }
  template <class Answer>
  Act answer(const char* what, const Answer& e) const {
    Act made = act(what + event_.name, e.by);
    made.payload_hash = store::to_hex(e.payload_hash);
    if constexpr (requires { e.signature; }) {
      if (e.signature) made.signer = e.signature->signer;
    }
    return made;
  }

  const RecordedEvent& event_;
};

bool schedules(const RecordedEvent& event, const std::string& name) {
  return event.name == name && std::holds_alternative<StepScheduled>(event.event);
}

bool completes(const RecordedEvent& event, const std::string& name) {
  return event.name == name && std::holds_alternative<StepCompleted>(event.event);
}

}  // namespace

Report report_on(const store::LogReader& log, const RunInfo& run) {
  Report report;
  report.head = log.head();
  report.run = run;
  report.events = EventReader(run.run).next(log);
  report.entries = timeline(report.events);
  report.explanation = explain(run, report.events, report.entries);
  const Time last = report.events.empty() ? run.started : report.events.back().wall;
  report.until = run.ended.value_or(last);
  for (const RecordedEvent& event : report.events) {
    if (auto act = std::visit(Acted(event), event.event)) report.acts.push_back(std::move(*act));
    const bool fresh = report.writers.empty() || report.writers.back().epoch != event.writer.epoch;
    if (fresh) report.writers.push_back(event.writer);
  }
  return report;
}

std::optional<Span> span_between(const std::vector<RecordedEvent>& events, const std::string& begin,
                                 const std::string& end, const std::string& otherwise) {
  std::optional<Span> span;
  for (const RecordedEvent& event : events) {
    if (!span) {
      if (schedules(event, begin)) span = Span{event, std::nullopt};
      continue;
    }
    if (completes(event, otherwise)) span->to = event;
    if (completes(event, end)) {
      span->to = event;
      break;
    }
  }
  return span;
}

}  // namespace ratchet::engine
