// What the world outside knows of a log: the turns that were acknowledged to it and the steps that
// were performed on it. It outlives every process.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/event.h"
#include "store/log.h"

namespace ratchet::crash {

class Account {
 public:
  void acknowledge(const std::string& run, std::uint32_t turn);
  // A step that is performed although its completion is in the log is a complaint.
  void perform(const std::string& run, engine::CommandId command);

  // Compares with the log as it was found after a crash: every acknowledged turn is there, every
  // performed step has its intent there, `verify` (with the anchor in `anchor_file`) and `replay`
  // pass. Remembers the completions, for perform().
  void compare(const store::LogReader& log, const std::string& anchor_file);

  const std::vector<std::string>& complaints() const { return complaints_; }
  // How much it was told of.
  std::size_t size() const { return acknowledged_.size() + performed_.size(); }

 private:
  using Step = std::pair<std::string, engine::CommandId>;
  void read(const store::LogReader& log);

  std::set<std::pair<std::string, std::uint32_t>> acknowledged_;
  std::set<Step> performed_;
  // As of the last comparison.
  std::set<std::pair<std::string, std::uint32_t>> recorded_;
  std::set<Step> intended_;
  std::set<Step> completed_;
  std::vector<std::string> complaints_;
};

}  // namespace ratchet::crash
