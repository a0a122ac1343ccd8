#include "tools/ratchetctl/run_view.h"

#include <chrono>
#include <utility>

#include "engine/core/run.h"
#include "engine/runtime/care.h"
#include "store/checkpoint.h"
#include "tools/ratchetctl/acts.h"
#include "tools/ratchetctl/event_words.h"
#include "tools/ratchetctl/steps.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

Document wait_document(const engine::StepWait& wait) {
  Document document{{"attempt", wait.attempt}, {"or_later", wait.or_later},
                    {"from", utc(wait.from)},  {"answer_by", utc(wait.answer_by)},
                    {"last_attempt", nullptr}, {"last_moment", nullptr}};
  if (wait.last_attempt != 0) document["last_attempt"] = wait.last_attempt;
  if (wait.last_moment) document["last_moment"] = utc(*wait.last_moment);
  return document;
}

Document step_document(const RunView& view, const engine::TimelineEntry& entry) {
  Document step{{"command", entry.command.command},
                {"name", entry.command.name},
                {"began", utc(entry.command.wall)},
                {"took_us", entry.took(until(view.run)).count()},
                {"open", !entry.end},
                {"attempts", attempts_of(entry)},
                {"result", result_of(entry).text}};
  if (const auto* timer = std::get_if<engine::TimerStarted>(&entry.command.event)) {
    step["due"] = utc(timer->due);
  }
  if (entry.trouble) step["trouble"] = text_of(*entry.trouble);
  if (entry.doubt) step["doubt"] = *entry.doubt;
  const auto wait = view.waits.find(entry.command.command);
  if (wait != view.waits.end()) step["waits"] = wait_document(wait->second);
  return step;
}

Document gate_document(const engine::TimelineEntry& entry, const engine::GateOpened& gate) {
  Document document{{"gate", gate.gate},
                    {"command", gate.command},
                    {"payload_hash", store::to_hex(engine::hash_of(gate))},
                    {"payload", nullptr}};
  const std::string& payload = entry.command.payloads.input;
  if (!payload.empty()) document["payload"] = Document::parse(payload);
  return document;
}

}  // namespace

RunView view_of(const store::LogReader& log, engine::RunInfo run,
                const engine::Registry* workflows) {
  RunView view;
  view.run = std::move(run);
  view.events = engine::EventReader(view.run.run).next(log);
  view.entries = engine::timeline(view.events);
  const bool awaits_release = engine::awaits_release(log, view.run);
  if (workflows != nullptr && !awaits_release) {
    view.waits = engine::step_waits(log, *workflows, view.run, view.events, view.entries);
  }
  view.explanation =
      engine::explain(view.run, view.events, view.entries, awaits_release, view.waits);
  engine::Phases phases;
  for (const engine::RecordedEvent& event : view.events) {
    if (const auto phase = phases.begins_with(event)) view.phase = phase;
  }
  return view;
}

engine::Time until(const engine::RunInfo& run) {
  return run.ended.value_or(std::chrono::floor<engine::Duration>(std::chrono::system_clock::now()));
}

Document document_of(const engine::Explanation& explanation) {
  return {
      {"state", explanation.state}, {"because", explanation.because}, {"next", explanation.next}};
}

Document document_of(const RunView& view) {
  Document document = document_of(view.run);
  document["explanation"] = document_of(view.explanation);
  if (view.phase) document["phase"] = name_of(*view.phase);
  document["steps"] = Document::array();
  document["gates"] = Document::array();
  for (const engine::TimelineEntry& entry : view.entries) {
    document["steps"].push_back(step_document(view, entry));
    const auto* gate = std::get_if<engine::GateOpened>(&entry.command.event);
    const bool asks = gate != nullptr && !entry.end && !view.run.ended;
    if (asks) document["gates"].push_back(gate_document(entry, *gate));
  }
  document["acts"] = acts_of(view.events);
  return document;
}

}  // namespace ratchet::ratchetctl
