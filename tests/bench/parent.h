// The side of the benchmark that measures nothing itself: fresh folders, fresh processes, kill -9,
// and the verification of every log that is left.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/bench/child.h"

namespace ratchet::bench {

struct Plan {
  std::vector<std::string> workloads;
  std::size_t reps = 1;
  std::size_t rep0 = 0;
  std::string dir;
  double scale = 1.0;  // of every number of runs
  bool keep = false;   // the folders
};

// Runs the plan; `each` gets one object per workload and repetition, complete and verified.
// Throws std::runtime_error, naming workload and folder, if a child fails or a log is not exactly
// what it must be.
void run_plan(const Plan& plan, const std::function<void(const Json&)>& each);

}  // namespace ratchet::bench
