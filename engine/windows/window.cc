#include "engine/windows/window.h"

#include <stdexcept>

#include <date/tz.h>

#include "engine/windows/cron.h"

namespace ratchet::engine {

namespace {

// A rule that has not opened a window in so many days never does: the longest pause of a calendar
// rule is from one February 29 to the next across 2100.
constexpr date::days longest_pause{8 * 366 + 2};

const date::time_zone& zone_of(const std::string& name) {
  try {
    return *date::locate_zone(name);
  } catch (const std::runtime_error&) {
    throw std::invalid_argument("the time zone «" + name +
                                "» is not in this system's tz database; use a name such as "
                                "Europe/Berlin, and check that the package tzdata is installed");
  }
}

Time instant(const date::time_zone& zone, date::local_time<Duration> at) {
  const date::local_info info = zone.get_info(at);
  if (info.result == date::local_info::nonexistent) return info.first.end;
  return Time{at.time_since_epoch() - info.first.offset};  // if it comes twice: the first
}

CronDay cron_day(date::local_days day) {
  const date::year_month_day calendar{day};
  return {unsigned{calendar.day()}, unsigned{calendar.month()}, date::weekday{day}.c_encoding()};
}

}  // namespace

Window next_window(const WindowRule& rule, Time after) {
  const Cron cron(rule.cron);
  if (rule.duration <= std::chrono::minutes{0}) {
    throw std::invalid_argument("a maintenance window lasts a minute at least, not " +
                                std::to_string(rule.duration.count()));
  }
  const date::time_zone& zone = zone_of(rule.zone);
  // One day earlier than a window can have begun that is still open: clocks may jump by a day.
  const date::local_days first =
      date::floor<date::days>(zone.to_local(after - rule.duration)) - date::days{1};
  const date::local_days last = date::floor<date::days>(zone.to_local(after)) + longest_pause;
  for (date::local_days day = first; day <= last; day += date::days{1}) {
    if (!cron.matches(cron_day(day))) continue;
    for (const std::chrono::minutes time : cron.times()) {
      const Time begin = instant(zone, date::local_time<Duration>{day} + time);
      if (begin + rule.duration > after) return {begin, begin + rule.duration};
    }
  }
  throw std::invalid_argument("the cron rule «" + rule.cron + "» names no day that exists");
}

}  // namespace ratchet::engine
