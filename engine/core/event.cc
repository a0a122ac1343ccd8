#include "engine/core/event.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

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

namespace {

// The length of the character that a text begins with; 0: it begins with none. The text is not
// empty. Surrogates are no characters, and none has two encodings.
std::size_t first_character(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t at = 1; at < size; ++at) {
    if (byte(at) < 0x80 || byte(at) > 0xbf) return 0;
  }
  const unsigned char second = byte(1);
  const bool longer_than_it_must_be =
      (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool no_character = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return longer_than_it_must_be || no_character ? 0 : size;
}

void make_utf8(std::string& text) {
  if (is_utf8(text)) return;
  std::string whole;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t size = first_character(rest);
    whole += size == 0 ? std::string_view("\uFFFD") : rest.substr(0, size);
    rest.remove_prefix(std::max<std::size_t>(size, 1));
  }
  text = std::move(whole);
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = first_character(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

void shorten(std::string& text, std::size_t most) {
  make_utf8(text);
  constexpr std::string_view cut = "…";
  if (text.size() <= most) return;
  std::size_t end = most - cut.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  text += cut;
}

Failure recordable(Failure failure) {
  shorten(failure.code, most_code_bytes);
  shorten(failure.message, most_message_bytes);
  return failure;
}

}  // namespace ratchet::engine
