// The projections as the records say: what a log's must be.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "engine/core/codec.h"
#include "engine/core/open_run.h"
#include "engine/core/summary.h"
#include "engine/inspect/progress.h"
#include "store/log.h"

namespace ratchet::engine {

// Fed with the records of a log in order; pruned ones are left out.
class Rebuild {
 public:
  void add(const store::Record& record, const Decoded& decoded);
  // All that an engine's log has, by key.
  std::map<std::string, std::string> projections() const;

  // Records of runs that the log says were pruned.
  std::uint64_t pruned() const { return pruned_; }

 private:
  struct Folded {
    RunSummary summary;
    OpenRun open;
  };
  void add(std::uint64_t index, const Turn& turn);

  std::map<std::string, std::string> definitions_;
  std::map<std::uint64_t, Folded> runs_;
  std::map<std::string, std::uint64_t> ids_;        // of runs_
  std::map<std::string, std::string> pruned_runs_;  // their summaries, by key
  std::optional<std::string> build_;
  std::uint64_t pruned_ = 0;
};

// Of the durable records of the log. Throws store::Error if one cannot be read or decoded.
std::map<std::string, std::string> rebuild_projections(const store::LogReader& log,
                                                       const Progress& progress = {});

}  // namespace ratchet::engine
