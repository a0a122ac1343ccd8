#include "tools/ratchetd/run_rules.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetd {

namespace {

constexpr std::uint64_t most_days = 36'500;
constexpr std::uint64_t most_runs = 1'000'000;

constexpr std::array outcomes{engine::RunState::completed, engine::RunState::failed,
                              engine::RunState::cancelled, engine::RunState::terminated,
                              engine::RunState::continued};

// NAME=NUMBER, from 1 to `most`.
std::pair<std::string, std::uint64_t> parse(const std::string& rule, std::uint64_t most,
                                            const std::string& form) {
  const std::size_t mark = rule.rfind('=');
  std::uint64_t number = 0;
  const char* end = rule.data() + rule.size();
  const char* begin = mark == std::string::npos ? end : rule.data() + mark + 1;
  const auto read = std::from_chars(begin, end, number);
  if (mark == 0 || read.ec != std::errc() || read.ptr != end || number == 0 || number > most) {
    throw std::invalid_argument("'" + rule + "' is not " + form + ", with a number from 1 to " +
                                std::to_string(most));
  }
  return {rule.substr(0, mark), number};
}

engine::RunState outcome_of(const std::string& name) {
  std::string names;
  for (const engine::RunState state : outcomes) {
    if (name == ratchetctl::name_of(state)) return state;
    names += std::string(names.empty() ? "" : ", ") + ratchetctl::name_of(state);
  }
  throw std::invalid_argument("a run cannot end as '" + name + "': an outcome is one of " + names);
}

}  // namespace

engine::KeepFor keep_for(const std::vector<std::string>& rules) {
  engine::KeepFor keep;
  for (const std::string& rule : rules) {
    const auto [name, days] = parse(rule, most_days, "OUTCOME=DAYS");
    const auto time = std::chrono::days(static_cast<int>(days));
    if (keep.emplace(outcome_of(name), time).second) continue;
    throw std::invalid_argument("it is said twice how long runs stay that ended as " + name);
  }
  return keep;
}

std::map<std::string, std::size_t> open_limits(const std::vector<std::string>& rules) {
  std::map<std::string, std::size_t> limits;
  for (const std::string& rule : rules) {
    const auto [name, runs] = parse(rule, most_runs, "WORKFLOW=N");
    if (limits.emplace(name, runs).second) continue;
    throw std::invalid_argument("it is said twice how many runs of " + name + " are open at once");
  }
  return limits;
}

}  // namespace ratchet::ratchetd
