#include "engine/runtime/care.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "engine/core/codec.h"
#include "engine/core/open_run.h"
#include "engine/core/run.h"
#include "engine/core/utf8.h"
#include "store/anchor_check.h"

namespace ratchet::engine {

namespace {

void require(bool fulfilled, const std::string& else_why) {
  if (!fulfilled) throw std::invalid_argument(else_why);
}

void require_named(const By& by) {
  require(!by.principal.empty(), "nobody is named who does this");
  require(!by.reason.empty(), "a reason is missing: it is recorded with the act");
  require(by.reason.size() <= most_reason_bytes && by.principal.size() <= most_reason_bytes,
          "name and reason have at most " + std::to_string(most_reason_bytes) + " bytes each");
  require(is_utf8(by.principal) && is_utf8(by.reason), "name and reason must be UTF-8");
}

std::optional<RunSummary> summary_of(const store::LogReader& log, const std::string& run_id) {
  const auto bytes = log.projection(summary_key(run_id));
  if (!bytes) return std::nullopt;
  return decode_summary(*bytes);
}

bool extends(const store::LogReader& log, const store::Head& anchor) {
  try {
    store::check_extends(log, anchor);
    return true;
  } catch (const store::Error&) {
    return false;
  }
}

void require_older(const store::LogReader& log, const store::Head& anchor) {
  const store::Head head = log.head();
  require(head.log_id == anchor.log_id, "the anchor belongs to another log");
  require(!extends(log, anchor), "the log extends the anchor: there is no loss to accept");
  require(head.size < anchor.size,
          "the log is not older than the anchor, it has other records: it was edited; restore a "
          "backup");
}

// Calls `visit` with key and value of every open run that does not wait already.
template <class Visit>
void each_that_will_wait(const store::LogReader& log, const Visit& visit) {
  log.scan_projections(open_run_prefix, [&](std::string_view key, std::string_view value) {
    const OpenRunEntry open = decode_open_run(key, value);
    if (!open.awaits_release) visit(open, key, value);
    return true;
  });
}

// Whether a run that begins with turns of this one has not got them all.
bool is_being_copied(const store::LogReader& log, const RunSummary& run) {
  for (std::uint32_t number = 2;; ++number) {
    const auto copy = summary_of(log, reset_run_id(run.run_id, number));
    if (!copy) return false;
    const bool of_this = copy->origin->previous == run.run_id && !copy->ended;
    if (of_this && turns_of(log, *copy) < copy->origin->copied) return true;
  }
}

}  // namespace

std::vector<std::string> acceptable(const store::LogReader& log,
                                    const std::optional<store::Head>& anchor) {
  require(log.head().size > 0, "the log is empty: there is nothing to accept");
  if (anchor) require_older(log, *anchor);
  std::vector<std::string> waiting;
  each_that_will_wait(log, [&](const OpenRunEntry& open, std::string_view, std::string_view) {
    waiting.push_back(open.run_id);
  });
  return waiting;
}

std::vector<std::string> accept_log(store::Log& log, const std::optional<store::Head>& anchor,
                                    const By& by, Time now) {
  require_named(by);
  std::vector<std::string> waiting = acceptable(log, anchor);
  Accepted accepted{by, now, 0, ""};
  if (anchor) accepted.size = anchor->size;
  if (anchor && anchor->root != store::Hash{}) {
    accepted.root.assign(anchor->root.begin(), anchor->root.end());
  }
  store::Entry entry;
  entry.record = encode(accepted);
  each_that_will_wait(log, [&](const OpenRunEntry&, std::string_view key, std::string_view value) {
    entry.projections.push_back({std::string(key), with_release_awaited(value, true)});
  });
  log.submit(std::move(entry));
  return waiting;
}

bool awaits_release(const store::LogReader& log, const RunSummary& run) {
  const std::string key = open_run_key(run.run);
  const auto open = log.projection(key);
  return open && decode_open_run(key, *open).awaits_release;
}

void release_run(store::Log& log, const std::string& run_id, const By& by, Time now) {
  require_named(by);
  const auto run = summary_of(log, run_id);
  require(run && awaits_release(log, *run), "run " + run_id + " does not await its release");
  const std::string key = open_run_key(run->run);
  store::Entry entry;
  entry.record = encode(Released{run_id, by, now});
  entry.projections.push_back({key, with_release_awaited(log.projection(key).value(), false)});
  log.submit(std::move(entry));
}

bool can_be_pruned(const store::LogReader& log, const RunSummary& run) {
  if (run.pruned || !has_ended(run.state) || is_being_copied(log, run)) return false;
  if (!run.successor.empty()) return summary_of(log, run.successor).has_value();
  if (run.origin->parent.empty()) return true;
  const auto parent = summary_of(log, run.origin->parent);
  return !parent || has_ended(parent->state);
}

std::vector<RunSummary> prunable(const store::LogReader& log, const PrunePolicy& policy) {
  std::vector<RunSummary> runs;
  log.scan_projections(summary_prefix, [&](std::string_view, std::string_view bytes) {
    RunSummary run = decode_summary(bytes);
    const bool meant = run.ended && *run.ended < policy.ended_before &&
                       (!policy.outcome || run.state == *policy.outcome);
    if (meant && can_be_pruned(log, run)) runs.push_back(std::move(run));
    return true;
  });
  std::ranges::sort(runs, {}, &RunSummary::run);
  return runs;
}

std::uint32_t turns_of(const store::LogReader& log, const RunSummary& run) {
  std::uint32_t turns = 0;
  log.scan_run(run.run, 0, [&](std::uint32_t, const store::Record&) { return ++turns != 0; });
  return turns;
}

store::Entry pruning_of(const store::LogReader& log, RunSummary run, const By& by, Time now) {
  require_named(by);
  require(can_be_pruned(log, run), "run " + run.run_id +
                                       " cannot be pruned: it has not ended, or "
                                       "its records are needed, or they are "
                                       "gone");
  run.pruned = true;
  if (run.failure) shorten(run.failure->message, most_reason_bytes);  // it is in there twice
  const std::uint32_t turns = turns_of(log, run);
  store::Entry entry;
  entry.record = encode(Pruned{encode(run), turns, by, now});
  entry.projections.push_back({summary_key(run.run_id), encode(run)});
  entry.prunes = store::Prune{run.run, turns};
  return entry;
}

}  // namespace ratchet::engine
