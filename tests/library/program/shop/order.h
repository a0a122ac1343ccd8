// What the order workflow asks of the world, and the workflow itself.
#pragma once

#include "engine/core/workflow.h"
#include "shop/order.pb.h"

namespace shop {

using ratchet::engine::Activity;
using ratchet::engine::Effect;
using ratchet::engine::Policy;

// doc: activities
inline constexpr Activity<Order, Done> reserve{"reserve", Effect::idempotent};
inline constexpr Activity<Order, Done> release{"release", Effect::idempotent};
inline constexpr Activity<Order, Payment> charge{
    "charge", Effect::conditional, Policy{}.attempts(5).each(std::chrono::seconds{10})};
inline constexpr auto ship = Activity<Shipment, Parcel>{"ship", Effect::conditional}.irreversible();
// doc end

ratchet::engine::Task<Receipt> order(ratchet::engine::Workflow wf, Order request);

}  // namespace shop
