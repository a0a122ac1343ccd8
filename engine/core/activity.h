// The typed name of a side effect. A port is a header of these; adapters register handlers for
// them, tests register fakes, workflows await them.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include <google/protobuf/message.h>

#include "engine/core/event.h"

namespace ratchet::engine {

template <class T>
concept Message = std::derived_from<T, google::protobuf::Message>;

// When a failed attempt is repeated, and how long everything may take. The engine is the only
// place that retries.
struct Policy {
  std::chrono::milliseconds attempt_timeout{30'000};  // start of an attempt to its answer
  std::chrono::milliseconds overall_timeout{0};       // intent to final outcome; 0: no limit
  std::uint32_t max_attempts = 0;                     // 0: until overall_timeout
  std::chrono::milliseconds first_backoff{500};
  std::chrono::milliseconds max_backoff{30'000};
  double backoff_factor = 2.0;
  double jitter = 0.2;  // how far a backoff strays either way; by run and attempt, not by chance
  std::chrono::milliseconds start_timeout{0};      // intent to the first attempt's start; 0: none
  std::chrono::milliseconds heartbeat_timeout{0};  // between two heartbeats; 0: none are expected
  std::chrono::milliseconds decision_timeout{0};   // a person is asked to the failure; 0: no limit
  std::array<const char*, 8> fatal{};  // codes of failures that no further attempt can help

  constexpr Policy& attempts(std::uint32_t n) { return max_attempts = n, *this; }
  constexpr Policy& each(std::chrono::milliseconds t) { return attempt_timeout = t, *this; }
  constexpr Policy& overall(std::chrono::milliseconds t) { return overall_timeout = t, *this; }
  constexpr Policy& start_within(std::chrono::milliseconds t) { return start_timeout = t, *this; }
  constexpr Policy& heartbeat(std::chrono::milliseconds t) { return heartbeat_timeout = t, *this; }
  // Of whether it had its effect, when only a person can tell. After that the step fails with the
  // code "in_doubt": it is not performed again, and may have had its effect.
  constexpr Policy& decide_within(std::chrono::milliseconds t) {
    return decision_timeout = t, *this;
  }
  constexpr Policy& spread(double part) { return jitter = part, *this; }
  // At most 8; a ninth does not compile in a constant.
  constexpr Policy& never_retry(const char* code) {
    std::size_t free = 0;
    while (fatal.at(free) != nullptr) ++free;
    return fatal.at(free) = code, *this;
  }
  constexpr Policy& backoff(std::chrono::milliseconds first, std::chrono::milliseconds most) {
    return first_backoff = first, max_backoff = most, *this;
  }
};

// What the engine knows of an activity without its types. Lives as long as the program.
struct ActivityInfo {
  const char* name;
  Effect effect;
  Policy policy;
  bool irreversible = false;  // the anchor covers the intent before the effect starts
  const google::protobuf::Descriptor* (*input)() = nullptr;
  const google::protobuf::Descriptor* (*output)() = nullptr;
};

// Declared once, as a constant of namespace scope; both sides refer to it. There is no default
// for the effect: an activity that does not say what repeating it does, does not compile.
template <Message In, Message Out>
class Activity {
 public:
  constexpr Activity(const char* name, Effect effect, Policy policy = {})
      : info_{name, effect, policy, false, &In::descriptor, &Out::descriptor} {}

  // The same activity, declared irreversible: no effect before an anchor outside the log covers
  // its intent.
  constexpr Activity irreversible() const {
    Activity copy = *this;
    copy.info_.irreversible = true;
    return copy;
  }

  const ActivityInfo& info() const { return info_; }

 private:
  ActivityInfo info_;
};

// A workflow as the child of another: its name and types. A constant of namespace scope, as an
// activity is. Starting it twice starts it once.
template <Message In, Message Out>
class ChildWorkflow {
 public:
  constexpr explicit ChildWorkflow(const char* name)
      : info_{name, Effect::idempotent, {}, false, &In::descriptor, &Out::descriptor} {}
  const ActivityInfo& info() const { return info_; }

 private:
  ActivityInfo info_;
};

// A place where a person approves or denies what the payload says. A constant of namespace scope.
// Gates, activities and child workflows of a program have different names.
template <Message T>
class Gate {
 public:
  constexpr explicit Gate(const char* name)
      : info_{name, Effect::manual, {}, false, &T::descriptor, &T::descriptor} {}
  const ActivityInfo& info() const { return info_; }

 private:
  ActivityInfo info_;
};

// The typed name of a message that somebody outside sends to a run.
template <Message T>
class Signal {
 public:
  constexpr explicit Signal(const char* name) : name_(name) {}
  const char* name() const { return name_; }

 private:
  const char* name_;
};

}  // namespace ratchet::engine
