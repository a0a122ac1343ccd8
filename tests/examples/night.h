// Work that is done in a maintenance window.
#pragma once

#include "engine/core/workflow.h"
#include "tests/examples/examples.pb.h"

namespace examples {

// doc: ask_window
inline constexpr ratchet::engine::Activity<WindowQuestion, WindowAnswer> ask_window{
    "ask_window", ratchet::engine::Effect::read};
// doc end
inline constexpr ratchet::engine::Activity<Refund, Done> tidy_up{
    "tidy_up", ratchet::engine::Effect::idempotent};

ratchet::engine::Task<Done> tidy_up_at_night(ratchet::engine::Workflow wf, Refund what);

}  // namespace examples
