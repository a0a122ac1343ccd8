// The five fields of cron(5). Private to engine/windows.
#pragma once

#include <bitset>
#include <chrono>
#include <string>
#include <vector>

namespace ratchet::engine {

// A calendar day as cron sees it.
struct CronDay {
  unsigned day = 1;      // of the month, 1 … 31
  unsigned month = 1;    // 1 … 12
  unsigned weekday = 0;  // 0 is Sunday
};

// Fields: minute, hour, day of the month, month, day of the week. Each is `*` or a list of numbers,
// names (JAN, MON) and ranges, with steps: `*/15`, `1-5`, `SAT,SUN`, `8-18/2`; Sunday is 0 and 7.
// If both kinds of day are restricted, a day matches by either, as in cron(5).
class Cron {
 public:
  // Throws std::invalid_argument, naming the field.
  explicit Cron(const std::string& text);

  bool matches(const CronDay& day) const;
  // Since midnight, in order.
  const std::vector<std::chrono::minutes>& times() const { return times_; }

 private:
  using Set = std::bitset<64>;
  Set days_;
  Set months_;
  Set weekdays_;
  bool any_day_ = false;
  bool any_weekday_ = false;
  std::vector<std::chrono::minutes> times_;
};

}  // namespace ratchet::engine
