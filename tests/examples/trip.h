// A trip whose parts are booked one by one, and cancelled if one cannot be had.
#pragma once

#include "engine/core/workflow.h"
#include "tests/examples/examples.pb.h"

namespace examples {

inline constexpr ratchet::engine::Activity<Part, Booking> book{
    "book", ratchet::engine::Effect::conditional};
inline constexpr ratchet::engine::Activity<Booking, Done> cancel{
    "cancel", ratchet::engine::Effect::idempotent};

ratchet::engine::Task<Trip> trip(ratchet::engine::Workflow wf, Wish wish);
ratchet::engine::Task<Trip> trip_at_once(ratchet::engine::Workflow wf, Wish wish);

}  // namespace examples
