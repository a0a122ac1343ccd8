#include "tests/examples/tour.h"

#include "tests/examples/refund.h"

using namespace ratchet::engine;

namespace examples {

// doc: children
Task<Trip> trip_for_two(Workflow wf, Wish wish) {
  Wish guest = wish;
  guest.set_traveller(wish.traveller() + "'s guest");
  auto [trip, other] = co_await all(wf.child(trip_run, wish), wf.child(trip_run, guest));
  for (const Booking& booking : other.bookings()) *trip.add_bookings() = booking;
  co_return trip;
}
// doc end

// doc: gate
Task<Trip> trip_if_approved(Workflow wf, Wish wish) {
  const GateAnswer answer = co_await wf.gate(budget, wish);
  if (!answer.approved) {
    throw StepFailure({"denied", answer.by.principal + ": " + answer.by.reason});
  }
  co_return co_await wf.child(trip_run, wish);
}
// doc end

// doc: continue as new
Task<Done> remind_daily(Workflow wf, Refund about) {
  while (true) {
    const auto first = co_await race(wf.receive(decision), wf.sleep(24h));
    if (first.index() == 0) co_return Done{};
    co_await wf.step(ask_clerk, about);
    if (wf.should_continue_as_new()) co_return co_await wf.continue_as_new<Done>(about);
  }
}
// doc end

}  // namespace examples
