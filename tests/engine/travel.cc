#include "tests/engine/travel.h"

#include <algorithm>

namespace ratchet::engine::testing {

using namespace std::chrono_literals;

namespace {
Task<Text> plan(Workflow wf, Text where, bool swapped) {
  const Text price = co_await wf.step(quote, where);
  co_await wf.sleep(60s);
  const Text by = co_await wf.receive(approval);
  const Text first = text("flight to " + where.value());
  const Text second = text("hotel in " + where.value());
  co_await wf.step(book, swapped ? second : first);
  co_await wf.step(book, swapped ? first : second);
  co_await wf.step(announce, text("off to " + where.value()));
  co_return text(price.value() + ", approved by " + by.value());
}
}  // namespace

Task<Text> travel(Workflow wf, Text where) { return plan(wf, std::move(where), false); }
Task<Text> travel_swapped(Workflow wf, Text where) { return plan(wf, std::move(where), true); }

Task<Text> travel_otherwise(Workflow wf, Text where) {
  co_return co_await wf.step(announce, where);
}

void Ledger::serve(Handlers& handlers, Host&) {
  handlers.handle<Text, Text>(quote,
                              [](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
                                answer.complete(text("100 for " + what.value()));
                              });
  handlers.handle<Text, Text>(
      book, [this](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
        ++bookings_[what.value()];
        answer.complete(text("booked " + what.value()));
      });
  handlers.probe<Text, Text>(
      book, [this](const AttemptInfo&, const Text& what, const ProbeAnswer<Text>& answer) {
        if (honest_probe && bookings_.contains(what.value())) {
          answer.done(text("booked " + what.value()));
        } else {
          answer.not_done();
        }
      });
  handlers.handle<Text, Text>(
      announce, [this](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
        announcements_[what.value()] = 1;
        answer.complete(text(""));
      });
}

void Ledger::steer(Engine& engine) {
  engine.signal("crash-matrix", approval.name(), text("the boss").SerializeAsString(), "boss");
}

std::string Ledger::state() const {
  std::string state;
  for (const auto& [what, times] : bookings_) state += what + " x" + std::to_string(times) + "\n";
  for (const auto& [what, times] : announcements_) state += "announced " + what + "\n";
  return state;
}

}  // namespace ratchet::engine::testing
