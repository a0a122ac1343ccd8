// A refund that a person decides on: signals, timers and policies.
#pragma once

#include "engine/core/workflow.h"
#include "tests/examples/examples.pb.h"

namespace examples {

using ratchet::engine::Activity;
using ratchet::engine::Effect;
using ratchet::engine::Policy;
using ratchet::engine::Signal;
using namespace std::chrono_literals;

// doc: policies
inline constexpr Activity<Refund, Done> ask_clerk{
    "ask_clerk", Effect::idempotent,
    Policy{}.each(10s).backoff(1s, 60s)};  // 10 s an attempt, again after 1, 2, 4, … 60 s, for ever

inline constexpr Activity<Refund, Done> pay_back{
    "pay_back", Effect::conditional,
    Policy{}.each(30s).attempts(4).overall(1h)};  // then the step fails
// doc end

// doc: signal
inline constexpr Signal<Decision> decision{"decision"};
// doc end

ratchet::engine::Task<Done> refund(ratchet::engine::Workflow wf, Refund request);
ratchet::engine::Task<Done> refund_in_peace(ratchet::engine::Workflow wf, Refund request);
ratchet::engine::Task<Done> refund_in_time(ratchet::engine::Workflow wf, Refund request);
ratchet::engine::Task<Done> refund_patched(ratchet::engine::Workflow wf, Refund request);

}  // namespace examples
