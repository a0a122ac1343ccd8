#include "engine/runtime/retry.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include "store/log.h"
#include "store/merkle.h"

namespace ratchet::engine {

bool is_recorded(std::uint32_t attempt) { return attempt <= 3 || std::has_single_bit(attempt); }

std::string digest(const std::string& before, const Failure& failure) {
  const store::Hash hash = store::sha256(before + failure.code + '\0' + failure.message);
  return std::string(hash.begin(), hash.end());
}

Duration backoff(const Policy& policy, const std::string& run_id, std::uint32_t attempt) {
  const double factor = std::pow(policy.backoff_factor, std::min(attempt, 64U) - 1.0);
  const double most = static_cast<double>(policy.max_backoff.count());
  const double base = std::min(most, static_cast<double>(policy.first_backoff.count()) * factor);
  const std::size_t seed = std::hash<std::string>{}(run_id) + attempt * std::size_t{0x9e3779b9};
  const double part = static_cast<double>(seed % 1000) / 1000.0;
  const double spread = 1.0 - policy.jitter + 2.0 * policy.jitter * part;
  return Duration{static_cast<std::int64_t>(base * spread * 1000.0)};
}

bool is_fatal(const Policy& policy, const Failure& failure) {
  return std::ranges::any_of(
      policy.fatal, [&](const char* code) { return code != nullptr && failure.code == code; });
}

Failure attempt_is_late(const ActivityInfo& activity) {
  return {"timeout", std::string(activity.name) + " did not answer within " +
                         std::to_string(activity.policy.attempt_timeout.count()) + " ms"};
}

Failure attempt_is_silent(const ActivityInfo& activity) {
  return {"heartbeat_timeout", std::string(activity.name) + " gave no heartbeat for " +
                                   std::to_string(activity.policy.heartbeat_timeout.count()) +
                                   " ms"};
}

Failure step_is_unstarted(const ActivityInfo& activity) {
  return {"start_timeout", std::string(activity.name) + " was not started within " +
                               std::to_string(activity.policy.start_timeout.count()) +
                               " ms: the anchor outside the log could not be written"};
}

Failure step_is_given_up(const ActivityInfo& activity, const Failure& last) {
  return {last.code.empty() ? "timeout" : last.code,
          std::string(activity.name) + " did not succeed within " +
              std::to_string(activity.policy.overall_timeout.count() / 1000) +
              " s; the last attempt: " + (last.message.empty() ? "none" : last.message)};
}

Failure doubt_is_undecided(const ActivityInfo& activity, const std::string& doubt) {
  return recordable(
      {"in_doubt",
       "nobody decided within " + std::to_string(activity.policy.decision_timeout.count() / 1000) +
           " s whether " + activity.name + " had its effect; it is not performed again: " + doubt});
}

std::optional<Failure> result_is_too_large(const ActivityInfo& activity, const Bytes& result) {
  if (result.size() <= store::max_blob_bytes) return std::nullopt;
  return Failure{"result_too_large", "the result of " + std::string(activity.name) + " has " +
                                         std::to_string(result.size()) + " bytes; 1 MiB at most"};
}

}  // namespace ratchet::engine
