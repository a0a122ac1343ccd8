// Runs that start runs, that ask a person, and that never end.
#pragma once

#include "engine/core/workflow.h"
#include "tests/examples/examples.pb.h"

namespace examples {

// doc: child and gate
inline constexpr ratchet::engine::ChildWorkflow<Wish, Trip> trip_run{"trip"};
inline constexpr ratchet::engine::Gate<Wish> budget{"budget"};
// doc end

ratchet::engine::Task<Trip> trip_for_two(ratchet::engine::Workflow wf, Wish wish);
ratchet::engine::Task<Trip> trip_if_approved(ratchet::engine::Workflow wf, Wish wish);
ratchet::engine::Task<Done> remind_daily(ratchet::engine::Workflow wf, Refund about);

}  // namespace examples
