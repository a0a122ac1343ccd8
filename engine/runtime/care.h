// What a person appends to a log that no daemon has open, each with who and why: that a log which
// its anchor does not cover is accepted, that a run may go on after that, that an ended run's
// records are pruned. docs/OPERATING.md says when.
//
// All of these throw std::invalid_argument, and append nothing, if it cannot be done; the message
// says why. What was submitted is durable when the log says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/summary.h"
#include "store/log.h"

namespace ratchet::engine {

// Refuses what accept_log refuses, and returns the ids of the runs that would wait.
std::vector<std::string> acceptable(const store::LogReader& log,
                                    const std::optional<store::Head>& anchor);

// Accepts the log as it is, though it does not extend `anchor` (none: there is none; its root zero:
// only the size is known). Every run that is open then awaits its release. Returns their ids.
// Refuses a log that extends the anchor (there is nothing to accept), an anchor of another log, one
// that the records contradict, and an empty log.
std::vector<std::string> accept_log(store::Log& log, const std::optional<store::Head>& anchor,
                                    const By& by, Time now);

// Lets a run go on at the next start. Refuses a run that does not await its release.
void release_run(store::Log& log, const std::string& run_id, const By& by, Time now);

// Whether an open run does; false also for one that has ended or does not exist.
bool awaits_release(const store::LogReader& log, const RunSummary& run);

struct PrunePolicy {
  Time ended_before{};
  std::optional<RunState> outcome{};  // one that has_ended(); none: any
};

// Whether the records of a run can go: it has ended, and nobody needs them any more. The result of
// a child is needed until its parent has ended, the input that a run continues with until that run
// has begun. Code, keys and lists need none: the summary stays.
bool can_be_pruned(const store::LogReader& log, const RunSummary& run);

// The runs that the policy means and that can be pruned, oldest first.
std::vector<RunSummary> prunable(const store::LogReader& log, const PrunePolicy& policy);

// How many records the run has: those that pruning it removes.
std::uint32_t turns_of(const store::LogReader& log, const RunSummary& run);

// The entry that prunes a run which can_be_pruned(): what remains of it is its leaf hashes, its
// summary, and this record.
store::Entry pruning_of(const store::LogReader& log, RunSummary run, const By& by, Time now);

}  // namespace ratchet::engine
