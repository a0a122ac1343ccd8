#include "tools/ratchetctl/steps.h"

#include "tools/ratchetctl/approvers.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {
constexpr std::size_t widest = 48;
}  // namespace

std::string step_of(const engine::TimelineEntry& entry) {
  const bool timer = std::holds_alternative<engine::TimerStarted>(entry.command.event);
  return timer ? "timer" : entry.command.name;
}

// "until 14:03:22" of a timer; of others what their payload is about.
std::string object_of(const engine::TimelineEntry& entry) {
  const engine::RecordedEvent& command = entry.command;
  if (const auto* timer = std::get_if<engine::TimerStarted>(&command.event)) {
    return "until " + local_date(timer->due) + " " + local_clock(timer->due);
  }
  std::string text;
  if (command.payloads.input.empty()) return text;
  for (const std::string& word : telling(Document::parse(command.payloads.input), 2)) {
    text += (text.empty() ? "" : " ") + word;
  }
  return shortened(text, widest);
}

Cell result_of(const engine::TimelineEntry& entry) {
  if (!entry.end) {
    return {entry.doubt ? "a person must decide" : "open", Style::warning};
  }
  const engine::Event& end = entry.end->event;
  if (const auto* failed = std::get_if<engine::StepFailed>(&end)) {
    return {text_of(failed->failure), Style::bad};
  }
  if (const auto* done = std::get_if<engine::StepCompleted>(&end)) {
    return {done->found_done ? "found done" : "ok", Style::good};
  }
  if (const auto* decided = std::get_if<engine::GateDecided>(&end)) {
    return {(decided->approved ? "approved: " : "denied: ") + text_of(decided->by) +
            signature_words(decided->signature)};
  }
  return {engine::name_of(end)};
}

std::uint32_t attempts_of(const engine::TimelineEntry& entry) {
  if (!entry.end) return entry.failed_attempts;
  if (const auto* e = std::get_if<engine::StepCompleted>(&entry.end->event)) return e->attempts;
  if (const auto* e = std::get_if<engine::StepFailed>(&entry.end->event)) return e->attempts;
  return 0;
}

}  // namespace ratchet::ratchetctl
