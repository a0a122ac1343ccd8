// The daemon's metrics in the text format of Prometheus.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/values.h"
#include "tools/ratchetd/run_gauges.h"

namespace ratchet::ratchetd {

// Since when appends have been queued without one becoming durable. On the engine's thread.
class StallWatch {
 public:
  using Clock = std::chrono::steady_clock;
  // To be told regularly: the log's durable size, and its size with what is queued.
  void look(std::uint64_t durable, std::uint64_t queued, Clock::time_point now);
  // Nothing is queued, or some of it became durable just now: 0.
  std::chrono::duration<double> stalled(Clock::time_point now) const;

 private:
  std::uint64_t durable_ = 0;
  bool waits_ = false;
  Clock::time_point moved_{};
};

struct Metrics {
  std::string version;
  std::filesystem::path folder;  // of the log
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  bool ready = false;
  bool halted = false;
  std::uint64_t durable = 0;  // records
  std::uint64_t queued = 0;   // that are not durable yet
  double stalled_seconds = 0;
  std::vector<engine::Time> fence_ends;  // of MySQLs whose primary refuses writes for a move
  std::map<std::pair<std::string, std::string>, std::uint64_t> acts;  // by act and outcome
  std::map<std::pair<std::string, int>, std::uint64_t> requests;      // by operation and status
};

std::string to_text(const Metrics& metrics, const RunGauges& runs);

}  // namespace ratchet::ratchetd
