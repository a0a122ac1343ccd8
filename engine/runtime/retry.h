// When failed attempts are repeated, and which of them are recorded: functions of policy, run and
// attempt, so that every process comes to the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/core/activity.h"
#include "engine/core/event.h"

namespace ratchet::engine {

// Attempts 1 … 3 are recorded in full, then those at powers of two; the rest as count and digest.
bool is_recorded(std::uint32_t attempt);
// The digest of the attempts before and this one.
std::string digest(const std::string& before, const Failure& failure);

// The wait after this attempt: exponential, with a jitter that depends on run and attempt only.
Duration backoff(const Policy& policy, const std::string& run_id, std::uint32_t attempt);

// No further attempt can help.
bool is_fatal(const Policy& policy, const Failure& failure);

// Why an attempt failed that gave no answer, or no heartbeat, in its time.
Failure attempt_is_late(const ActivityInfo& activity);
Failure attempt_is_silent(const ActivityInfo& activity);
// Why a step failed: it could not start in time; its whole time, or its last attempt, is over;
// nobody decided in time whether it had its effect.
Failure step_is_unstarted(const ActivityInfo& activity);
Failure step_is_given_up(const ActivityInfo& activity, const Failure& last);
Failure doubt_is_undecided(const ActivityInfo& activity, const std::string& doubt);
// Why it failed with a result that no record can hold; nothing: one can.
std::optional<Failure> result_is_too_large(const ActivityInfo& activity, const Bytes& result);

}  // namespace ratchet::engine
