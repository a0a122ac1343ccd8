// Every event of a log in the log's order, one at a time: what a data pipeline reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/inspect/events.h"
#include "store/log.h"

namespace ratchet::engine {

struct ExportOptions {
  std::uint64_t first = 0;             // the index of the first record
  std::optional<std::uint64_t> run{};  // of this run alone
  std::size_t runs_in_memory = 4096;   // beyond so many, what is known of runs is read again
};

// Sees an event and the id of its run; false ends the reading.
using EachEvent = std::function<bool(const std::string& run_id, const RecordedEvent& event)>;

// Calls `visit` for each event of the records first … head().size-1 that is of a run and was not
// pruned. Memory does not grow with the log: payloads have the types that the run's past gives
// them, and that past is read again where it was forgotten or lies before `first`. Throws
// store::Error if a record cannot be read; the events before it were visited.
void for_each_event(const store::LogReader& log, const ExportOptions& options,
                    const EachEvent& visit);

}  // namespace ratchet::engine
