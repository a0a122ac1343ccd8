// A small workflow and its world, for the engine's tests: three bookings and a pause. Bookings are
// conditional: a ledger takes each key once, and whoever asks it can tell.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <google/protobuf/wrappers.pb.h>

#include "engine/core/workflow.h"
#include "engine/testing/crash_matrix.h"

namespace ratchet::engine::testing {

using Text = google::protobuf::StringValue;

inline constexpr Activity<Text, Text> quote{"quote", Effect::read};
inline constexpr Activity<Text, Text> book{"book", Effect::conditional};
inline constexpr Activity<Text, Text> announce{"announce", Effect::idempotent};
inline constexpr Signal<Text> approval{"approval"};

inline Text text(const std::string& value) {
  Text t;
  t.set_value(value);
  return t;
}

// quote, wait a while, wait for approval, book twice, announce.
Task<Text> travel(Workflow wf, Text where);
// The same with the two bookings swapped: replays of travel() must notice.
Task<Text> travel_swapped(Workflow wf, Text where);

// Begins with another step that has the same input.
Task<Text> travel_otherwise(Workflow wf, Text where);

class Ledger final : public World {
 public:
  void serve(Handlers& handlers, Host& host) override;
  void steer(Engine& engine) override;
  std::string state() const override;

  bool honest_probe = true;  // false: it always says "not done"

 private:
  std::map<std::string, int> bookings_;
  std::map<std::string, int> announcements_;
};

}  // namespace ratchet::engine::testing
