// What is recorded: runs of every workflow in the tree, each in the variants that matter.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/core/workflow.h"
#include "tests/engine/process.h"

namespace ratchet::engine::testing {

// All workflows of the tree, in all versions of which there are histories.
Registry all_workflows();

// A log to record, and the file that keeps it: <workflow>-<version>.history, or more behind it.
struct Recording {
  std::string file;
  std::function<void(Outside& outside)> record;
};
std::vector<Recording> recordings();

}  // namespace ratchet::engine::testing
