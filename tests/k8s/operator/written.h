// What the ops manager wrote, held against its log.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "store/log.h"

namespace ratchet::k8s::testing {

// A write that was carried out.
struct Written {
  std::string verb;  // as an audit log spells it
  std::string plural;
  std::string name;
  std::string subresource;
  nlohmann::json body;
};

// Pairs each write with one intent (StepScheduled) of the log, and each intent of an activity that
// writes to the API server with one write; what has no partner, a line each. As tests/e2e/audit.py
// does with a real API server's audit log, and by its table of what each activity writes.
std::vector<std::string> unmatched(const std::vector<Written>& writes, const store::LogReader& log);

}  // namespace ratchet::k8s::testing
