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
Task<Booking> book_part(Workflow wf, Part part) { co_return co_await wf.step(book, part); }

Task<Trip> trip(Workflow wf, Wish wish) {
  Trip trip;
  for (const char* const kind : {"flight", "hotel", "car"}) {
    const Outcome<Booking> booked = co_await attempt(book_part(wf, part_of(wish, kind)));
    if (!booked.ok()) {
      for (int i = trip.bookings_size(); i-- > 0;) co_await wf.step(cancel, trip.bookings(i));
      throw StepFailure(*booked.failed);
    }
    *trip.add_bookings() = *booked.value;
  }
  co_return trip;
}
// doc end

}  // namespace examples
