// Reading runs from a log: offline, from a copy, or from a live daemon's. Returns data; printing is
// the tools' matter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/summary.h"
#include "store/log.h"

namespace ratchet::engine {

using RunInfo = RunSummary;

// Which runs to list; what is absent or empty excludes nothing.
struct RunFilter {
  std::string workflow{};
  std::vector<RunState> states{};
  std::string key{};
  std::string parent{};
  std::optional<Time> started_from{};
  std::optional<Time> started_before{};

  bool matches(const RunInfo& run) const;
};

// The runs of the log, oldest first.
std::vector<RunInfo> list_runs(const store::LogReader& log, const RunFilter& filter = {});
std::optional<RunInfo> find_run(const store::LogReader& log, const std::string& run_id);
// The run that goes on since this one was reset (Engine::reset), the last of them; else the run.
std::optional<RunInfo> find_last_reset(const store::LogReader& log, const std::string& run_id);

// One record of a run with what the log knows about it.
struct HistoryTurn {
  std::uint64_t index = 0;
  Turn turn;
};

// The turns of a run, from turn `first` on. Throws store::Error if a record cannot be read.
std::vector<HistoryTurn> read_history(const store::LogReader& log, std::uint64_t run,
                                      std::uint32_t first = 0);

// One of them; nothing if the run has no such turn.
std::optional<HistoryTurn> read_turn(const store::LogReader& log, std::uint64_t run,
                                     std::uint32_t turn);

}  // namespace ratchet::engine
