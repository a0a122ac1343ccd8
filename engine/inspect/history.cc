#include "engine/inspect/history.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "engine/core/codec.h"
#include "engine/core/run.h"

namespace ratchet::engine {

bool RunFilter::matches(const RunInfo& run) const {
  return (workflow.empty() || run.workflow == workflow) &&
         (states.empty() || std::ranges::find(states, run.state) != states.end()) &&
         (key.empty() || run.origin->key == key) &&
         (parent.empty() || run.origin->parent == parent) &&
         (!started_from || run.started >= *started_from) &&
         (!started_before || run.started < *started_before);
}

namespace {

// Oldest first. A summary is half a kilobyte of strings: only its number and place are sorted, then
// each changes places with what is where it belongs.
void sort_by_age(std::vector<RunInfo>& runs) {
  std::vector<std::pair<std::uint64_t, std::size_t>> places;
  places.reserve(runs.size());
  for (const RunInfo& run : runs) places.emplace_back(run.run, places.size());
  std::ranges::sort(places);
  for (std::size_t at = 0; at < runs.size(); ++at) {
    std::size_t& from = places[at].second;
    while (from < at) from = places[from].second;  // it was moved when its place was taken
    if (from != at) std::swap(runs[at], runs[from]);
  }
}

}  // namespace

std::vector<RunInfo> list_runs(const store::LogReader& log, const RunFilter& filter) {
  std::vector<RunInfo> runs;
  log.scan_projections(summary_prefix, [&](std::string_view, std::string_view bytes) {
    RunInfo run = decode_summary(bytes);
    if (filter.matches(run)) runs.push_back(std::move(run));
    return true;
  });
  sort_by_age(runs);
  return runs;
}

std::optional<RunInfo> find_run(const store::LogReader& log, const std::string& run_id) {
  const auto bytes = log.projection(summary_key(run_id));
  if (!bytes) return std::nullopt;
  return decode_summary(*bytes);
}

std::optional<RunInfo> find_last_reset(const store::LogReader& log, const std::string& run_id) {
  auto last = find_run(log, run_id);
  for (std::uint32_t number = 2; last; ++number) {
    auto next = find_run(log, reset_run_id(run_id, number));
    if (!next) break;
    last = std::move(next);
  }
  return last;
}

namespace {

HistoryTurn decode_turn(const store::LogReader& log, const store::Record& record,
                        Definitions& definitions) {
  Decoded decoded = decode(record, definitions, blobs_of(log));
  auto* turn = std::get_if<Turn>(&decoded);
  if (turn != nullptr) return {record.index, std::move(*turn)};
  throw store::Error(store::Fault::corrupt, "record " + std::to_string(record.index) +
                                                " is indexed as a turn and is none");
}

// At most `most` of the run's records, from turn `first` on, decoded.
std::vector<HistoryTurn> read_turns(const store::LogReader& log, std::uint64_t run,
                                    std::uint32_t first, std::size_t most) {
  std::vector<store::Record> records;
  log.scan_run(run, first, [&](std::uint32_t, const store::Record& record) {
    records.push_back(record);
    return records.size() < most;
  });
  // After the records: a log that grows meanwhile defines first and refers then.
  Definitions definitions;
  load_definitions(log, definitions);
  std::vector<HistoryTurn> turns;
  turns.reserve(records.size());
  for (const store::Record& record : records) {
    turns.push_back(decode_turn(log, record, definitions));
  }
  return turns;
}

}  // namespace

std::vector<HistoryTurn> read_history(const store::LogReader& log, std::uint64_t run,
                                      std::uint32_t first) {
  return read_turns(log, run, first, std::numeric_limits<std::size_t>::max());
}

std::optional<HistoryTurn> read_turn(const store::LogReader& log, std::uint64_t run,
                                     std::uint32_t turn) {
  std::vector<HistoryTurn> turns = read_turns(log, run, turn, 1);
  return turns.empty() ? std::nullopt : std::optional(std::move(turns.front()));
}

}  // namespace ratchet::engine
