// Loads: many runs of one workflow, a bounded number in flight.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "tests/bench/measure.h"
#include "tests/bench/server.h"

namespace ratchet::bench {

struct Load {
  std::string name;  // run ids are <name>-0, <name>-1, …
  std::string workflow;
  std::string input;
  std::size_t runs = 0;
  std::size_t in_flight = 1;
  // Is the run out of the way, so that the next can start? At its end, if absent.
  std::function<bool(const engine::Recorded&)> through;
};

struct Measured {
  std::vector<double> ms;  // from the start of each run until it was through
  double elapsed_s = 0;
  double cpu_s = 0;
  std::uint64_t syncs = 0;
  double sync_s = 0;  // waited for the disk, in all syncs
  std::uint64_t wal_bytes = 0;
};

// Starts the runs and returns when all are through. Throws if one failed.
Measured drive(Server& server, const Load& load);

std::string run_id(const std::string& load, std::size_t number);
std::size_t number_of(const std::string& run_id);

bool is_start(const engine::Recorded& recorded);
bool awaits_signal(const engine::Recorded& recorded);

}  // namespace ratchet::bench
