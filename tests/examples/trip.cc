#include "tests/examples/trip.h"

#include <string>

using namespace ratchet::engine;

namespace examples {

namespace {
Part part_of(const Wish& wish, const std::string& kind) {
  Part part;
  part.set_traveller(wish.traveller());
  part.set_kind(kind);
  return part;
}
}  // namespace

// doc: compensation
Task<Trip> trip(Workflow wf, Wish wish) {
  Trip trip;
  for (const char* const kind : {"flight", "hotel", "car"}) {
    const Outcome<Booking> booked = co_await attempt(wf.step(book, part_of(wish, kind)));
    if (!booked.ok()) {
      for (int i = trip.bookings_size(); i-- > 0;) co_await wf.step(cancel, trip.bookings(i));
      throw StepFailure(*booked.failed);
    }
    *trip.add_bookings() = *booked.value;
  }
  co_return trip;
}
// doc end

// doc: all
Task<Trip> trip_at_once(Workflow wf, Wish wish) {
  const auto [flight, hotel] =
      co_await all(wf.step(book, part_of(wish, "flight")), wf.step(book, part_of(wish, "hotel")));
  Trip trip;
  *trip.add_bookings() = flight;
  *trip.add_bookings() = hotel;
  co_return trip;
}
// doc end

}  // namespace examples
