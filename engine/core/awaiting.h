// How an awaited command and the run find each other. Workflow code never names these.
#pragma once

#include <coroutine>
#include <cstdlib>
#include <source_location>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/core/activity.h"
#include "engine/core/event.h"
#include "engine/core/rare.h"

namespace ratchet::engine {

// A step's final failure, thrown at its co_await; attempt() turns it into a value. The failure of
// every await of a cancelled run, too: its code is cancelled_code.
class StepFailure : public std::runtime_error {
 public:
  explicit StepFailure(Failure failure)
      : std::runtime_error(failure.code + ": " + failure.message), failure_(std::move(failure)) {}
  const Failure& failure() const { return failure_; }

 private:
  Failure failure_;
};

namespace detail {

class Awaiting;

// Where the answer to one awaited command arrives. Lives in the awaiting coroutine's frame. If
// that frame goes while the slot waits, the command is cancelled.
struct Slot {
  explicit Slot(bool is_shielded) : shielded(is_shielded) {}
  // Moved only before it waits.
  Slot(Slot&& other) noexcept : shielded(other.shielded) {
    if (other.run != nullptr) std::abort();
  }
  Slot& operator=(Slot&&) = delete;
  ~Slot();

  std::coroutine_handle<> waiter;
  Bytes bytes;
  Rare<Failure> failure;
  bool shielded;            // a cancellation of the run does not fail it
  Awaiting* run = nullptr;  // while it waits
  CommandId command = 0;
};

// What the awaitables tell the run; implemented by Run. An awaitable owns nothing but its slot.
class Awaiting {
 public:
  // Each gives one command. True: the slot was filled at once; else it waits.
  virtual bool step(const ActivityInfo& activity, Bytes input, Slot& slot,
                    const std::source_location& where) = 0;
  virtual bool timer(Duration after, Slot& slot, const std::source_location& where) = 0;
  virtual bool signal(const char* name, Slot& slot, const std::source_location& where) = 0;
  virtual bool child(const ActivityInfo& workflow, Bytes input, Slot& slot,
                     const std::source_location& where) = 0;
  virtual bool gate(const ActivityInfo& gate, Bytes payload, Slot& slot,
                    const std::source_location& where) = 0;
  // Ends the run: whoever awaits this never goes on.
  virtual void continue_as_new(Bytes input, const std::source_location& where) = 0;
  // The coroutine that waited for the slot is gone.
  virtual void abandon(Slot& slot) noexcept = 0;

  virtual bool patched(const std::string& patch, bool deprecated,
                       const std::source_location& where) = 0;
  virtual void expose(const std::string& name, const google::protobuf::Message& value) = 0;
  virtual Time now() const = 0;
  virtual const std::string& run_id() const = 0;
  virtual bool cancel_requested() const = 0;
  virtual bool should_continue_as_new() const = 0;

 protected:
  ~Awaiting() = default;
};

inline Slot::~Slot() {
  if (run != nullptr) run->abandon(*this);
}

// What all awaitables of one command have in common.
class Wait {
 public:
  Wait(Awaiting& run, bool shielded, std::source_location where)
      : run_(&run), where_(where), slot_(shielded) {}
  bool await_ready() { return false; }

 protected:
  // The answer's bytes; throws StepFailure if it failed.
  const Bytes& answer() const {
    if (slot_.failure) throw StepFailure(*slot_.failure);
    return slot_.bytes;
  }
  // The answer as a message; `what` and `name` say what it is, if it is none.
  template <class T>
  T answer_as(const char* what, const char* name) const {
    T value;
    if (!value.ParseFromString(answer())) {
      throw StepFailure(
          {"bad_payload", std::string(what) + " " + name + " is not a " + value.GetTypeName()});
    }
    return value;
  }

  Awaiting* run_;
  std::source_location where_;
  Slot slot_;
};

}  // namespace detail

}  // namespace ratchet::engine
