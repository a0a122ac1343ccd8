#include "engine/core/event.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "engine/core/utf8.h"

namespace ratchet::engine {

namespace {

// In the order of Event's alternatives.
constexpr std::array event_names{"RunStarted",
                                 "StepCompleted",
                                 "StepFailed",
                                 "TimerFired",
                                 "SignalReceived",
                                 "StepSkipped",
                                 "CancelRequested",
                                 "Terminated",
                                 "ChildEnded",
                                 "GateDecided",
                                 "Reset",
                                 "StepScheduled",
                                 "TimerStarted",
                                 "SignalAwaited",
                                 "ChildStarted",
                                 "GateOpened",
                                 "CommandCancelled",
                                 "PatchMarked",
                                 "RunCompleted",
                                 "RunFailed",
                                 "ContinuedAsNew",
                                 "AttemptFailed",
                                 "Probed",
                                 "StepRetried",
                                 "Diverged",
                                 "QuarantineLifted",
                                 "Paused",
                                 "Resumed",
                                 "GateRejected",
                                 "Note",
                                 "Held",
                                 "LateFact"};
static_assert(event_names.size() == std::variant_size_v<Event>);
constexpr std::size_t first_command = std::variant_size_v<Fact>;
constexpr std::size_t first_hint = 21;
static_assert(std::is_same_v<std::variant_alternative_t<first_command, Event>, StepScheduled>);
static_assert(std::is_same_v<std::variant_alternative_t<first_hint, Event>, AttemptFailed>);

template <class T>
concept OfCommand = requires(const T& event) { event.command; };
template <class T>
concept OfFact = requires(const T& event) { event.fact; };
template <class T>
concept Act = requires(const T& event) { event.by; };

}  // namespace

EventClass class_of(const Event& event) {
  if (event.index() < first_command) return EventClass::completion;
  return event.index() < first_hint ? EventClass::command : EventClass::hint;
}

const char* name_of(const Event& event) { return event_names.at(event.index()); }

bool ends_run(const Event& event) {
  return std::holds_alternative<RunCompleted>(event) || std::holds_alternative<RunFailed>(event) ||
         std::holds_alternative<Terminated>(event) || std::holds_alternative<Reset>(event) ||
         std::holds_alternative<ContinuedAsNew>(event);
}

CommandId command_of(const Fact& fact) {
  return std::visit(
      [](const auto& e) -> CommandId {
        if constexpr (OfCommand<decltype(e)>) return e.command;
        return 0;
      },
      fact);
}

CommandId command_of(const Event& event) {
  return std::visit(
      [](const auto& e) -> CommandId {
        if constexpr (OfCommand<decltype(e)>) return e.command;
        if constexpr (OfFact<decltype(e)>) return command_of(e.fact);
        return 0;
      },
      event);
}

std::optional<Fact> fact_of(const Event& event) {
  return std::visit(
      [](const auto& e) -> std::optional<Fact> {
        if constexpr (std::is_constructible_v<Fact, decltype(e)>) return Fact{e};
        return std::nullopt;
      },
      event);
}

const By* by_of(const Event& event) {
  const auto by = [](const auto& e) -> const By* {
    if constexpr (Act<decltype(e)>) return &e.by;
    return nullptr;
  };
  return std::visit(
      [&by](const auto& e) -> const By* {
        if constexpr (OfFact<decltype(e)>) return std::visit(by, e.fact);
        return by(e);
      },
      event);
}

void shorten(std::string& text, std::size_t most) {
  make_utf8(text);
  constexpr std::string_view cut = "…";
  if (text.size() <= most) return;
  text.resize(whole_characters(text, most - cut.size()));
  text += cut;
}

Failure recordable(Failure failure) {
  shorten(failure.code, most_code_bytes);
  shorten(failure.message, most_message_bytes);
  return failure;
}

}  // namespace ratchet::engine
