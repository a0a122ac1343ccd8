// The side of the benchmark that is measured: one fresh process for each part of a workload.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace ratchet::bench {

using Json = nlohmann::ordered_json;

// What a child is told on its command line.
struct Order {
  std::string part;  // which of those that run_child knows
  std::string dir;   // of the log
  std::size_t runs = 0;
  std::size_t steps = 0;
  std::size_t warm_up = 0;
  std::size_t in_flight = 1;
  std::string name = "run";     // run ids are <name>-0, <name>-1, …
  std::int64_t spawned_ns = 0;  // steady clock, just before the process was made
};

// Does the part and returns its figures, to be printed as one line.
Json run_child(const Order& order);

// The parts around a kill -9 (crashes.cc). The first ones print a line when all runs wait, and are
// then killed; the second ones restart and let the runs go on.
Json block_until_killed(const Order& order);
Json restart_and_release(const Order& order);

}  // namespace ratchet::bench
