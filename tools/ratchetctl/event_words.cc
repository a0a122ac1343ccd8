#include "tools/ratchetctl/event_words.h"

#include <vector>

#include "tools/ratchetctl/approvers.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

using engine::RecordedEvent;

using Words = std::vector<std::string>;

Words words_of(const std::string& json, std::size_t most, const Words& without = {}) {
  return json.empty() ? Words() : telling(Document::parse(json), most, without);
}

std::string joined(const Words& words, std::size_t columns = 40) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return columns == 0 ? text : shortened(text, columns);
}

Words object_words(const RecordedEvent& event) {
  if (const auto* timer = std::get_if<engine::TimerStarted>(&event.event)) {
    return {"until " + local_clock(timer->due)};
  }
  if (std::holds_alternative<engine::RunStarted>(event.event)) {
    return words_of(event.payloads.input, 3);
  }
  const bool ends = std::holds_alternative<engine::RunCompleted>(event.event);
  return words_of(ends ? event.payloads.output : event.payloads.input, 2);
}

// The cell "result" of each event that has one.
struct Result {
  const RecordedEvent& event;

  Cell operator()(const engine::StepCompleted& e) const {
    const std::string answer = joined(words_of(event.payloads.output, 2, object_words(event)));
    return {std::string(e.found_done ? "found done" : "ok") + (answer.empty() ? "" : ": " + answer),
            Style::good};
  }
  Cell operator()(const engine::StepFailed& e) const { return {text_of(e.failure), Style::bad}; }
  Cell operator()(const engine::RunCompleted&) const { return {"completed", Style::good}; }
  Cell operator()(const engine::RunFailed& e) const { return {text_of(e.failure), Style::bad}; }
  Cell operator()(const engine::AttemptFailed& e) const {
    const std::string more =
        e.unrecorded > 0 ? " (and " + std::to_string(e.unrecorded) + " before)" : "";
    return {text_of(e.failure) + more, Style::warning};
  }
  Cell operator()(const engine::Probed& e) const {
    switch (e.verdict) {
      case engine::Verdict::done:
        return {"was done", Style::good};
      case engine::Verdict::not_done:
        return {"was not done"};
      case engine::Verdict::unknown:
        break;
    }
    return {"unknown: " + e.why, Style::warning};
  }
  Cell operator()(const engine::Diverged& e) const { return {e.difference, Style::bad}; }
  Cell operator()(const engine::Note& e) const { return {e.text}; }
  Cell operator()(const engine::Held&) const { return {"held", Style::warning}; }
  Cell operator()(const engine::LateFact& e) const {
    const auto what = [](const auto& fact) { return engine::name_of(engine::Event{fact}); };
    return {std::string("late: ") + std::visit(what, e.fact), Style::warning};
  }
  Cell operator()(const engine::StepSkipped& e) const {
    const std::string why = ": " + e.by.reason;
    if (e.failure) return {"failed by a person: " + text_of(*e.failure) + why, Style::bad};
    return {"skipped" + why, Style::warning};
  }
  Cell operator()(const engine::ChildStarted& e) const { return {"run " + e.run_id}; }
  Cell operator()(const engine::ChildEnded& e) const {
    if (e.failure) return {text_of(*e.failure), Style::bad};
    const std::string answer = joined(words_of(event.payloads.output, 2, object_words(event)));
    return {"ok" + (answer.empty() ? "" : ": " + answer), Style::good};
  }
  Cell operator()(const engine::GateDecided& e) const {
    return {(e.approved ? "approved: " : "denied: ") + e.by.reason + signature_words(e.signature),
            e.approved ? Style::good : Style::bad};
  }
  Cell operator()(const engine::GateRejected& e) const {
    return {std::string("not counted, another payload was ") +
                (e.approved ? "approved: " : "denied: ") + e.by.reason,
            Style::warning};
  }
  Cell operator()(const engine::SignalReceived& e) const { return {e.reason}; }
  Cell operator()(const engine::ContinuedAsNew& e) const { return {"as run " + e.run_id}; }
  Cell operator()(const engine::Reset& e) const {
    return {"to its first " + std::to_string(e.kept) + " turns, as run " + e.run_id + ": " +
                e.by.reason,
            Style::warning};
  }
  Cell operator()(const engine::CommandCancelled&) const { return {"no longer awaited"}; }
  Cell operator()(const engine::PatchMarked& e) const {
    return {e.deprecated ? "deprecated patch" : "patch"};
  }
  Cell operator()(const engine::QuarantineLifted& e) const { return {"build " + e.build}; }
  template <class E>
  Cell operator()(const E& e) const {
    if constexpr (requires { e.by; }) return {e.by.reason, Style::warning};
    return {};
  }
};

template <class... Events>
bool is_one_of(const RecordedEvent& event) {
  return (std::holds_alternative<Events>(event.event) || ...);
}

}  // namespace

std::string step_of(const RecordedEvent& event) {
  const std::string number = event.command == 0 ? "" : std::to_string(event.command) + " ";
  const bool timer = std::holds_alternative<engine::TimerStarted>(event.event) ||
                     std::holds_alternative<engine::TimerFired>(event.event);
  return number + (timer ? "timer" : event.name);
}

std::string object_of(const RecordedEvent& event, std::size_t columns) {
  return joined(object_words(event), columns);
}

std::string attempt_of(const RecordedEvent& event) {
  std::uint32_t attempt = 0;
  if (const auto* e = std::get_if<engine::StepCompleted>(&event.event)) attempt = e->attempts;
  if (const auto* e = std::get_if<engine::StepFailed>(&event.event)) attempt = e->attempts;
  if (const auto* e = std::get_if<engine::AttemptFailed>(&event.event)) attempt = e->attempt;
  return attempt == 0 ? "" : std::to_string(attempt);
}

Cell result_of(const RecordedEvent& event) { return std::visit(Result{event}, event.event); }

std::string who(const RecordedEvent& event) {
  if (const auto* e = std::get_if<engine::RunStarted>(&event.event)) return e->principal;
  if (const auto* e = std::get_if<engine::SignalReceived>(&event.event)) return e->principal;
  if (const auto* e = std::get_if<engine::Note>(&event.event)) return e->principal;
  if (const engine::By* by = engine::by_of(event.event)) return by->principal;
  return text_of(event.writer);
}

const char* name_of(engine::Phase phase) {
  switch (phase) {
    case engine::Phase::looks:
      return "looks";
    case engine::Phase::waits:
      return "waits";
    case engine::Phase::changes:
      return "changes";
    case engine::Phase::irrevocable:
      break;
  }
  return "what cannot be taken back";
}

bool folds(const RecordedEvent& event) {
  // Commands without a name are timers.
  const bool called_off = is_one_of<engine::CommandCancelled>(event) && event.name.empty();
  return called_off || is_one_of<engine::TimerStarted, engine::TimerFired, engine::AttemptFailed,
                                 engine::Probed, engine::Held, engine::LateFact>(event);
}

}  // namespace ratchet::ratchetctl
