// What is proved: a window opens when the clock on a wall in its time zone says so, also on the
// days when that clock is set forward or back; and a rule that cannot be meant is refused with the
// reason. The expected times are in UTC, by hand.
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "engine/windows/window.h"

namespace ratchet::engine {
namespace {

using namespace std::chrono_literals;

// "2026-03-29 00:59" in UTC.
Time utc(const char* text) {
  int year = 0;
  unsigned month = 0, day = 0;
  int hour = 0, minute = 0;
  EXPECT_EQ(std::sscanf(text, "%d-%u-%u %d:%d", &year, &month, &day, &hour, &minute), 5);
  return std::chrono::sys_days(std::chrono::year_month_day{
             std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}}) +
         std::chrono::hours{hour} + std::chrono::minutes{minute};
}

Window window(const char* begin, std::chrono::minutes duration) {
  return {utc(begin), utc(begin) + duration};
}

TEST(Windows, TheNextOneIsFoundOrTheOneThatIsOpen) {
  const WindowRule nights{"0 2 * * *", 120min, "UTC"};
  EXPECT_EQ(next_window(nights, utc("2026-06-01 00:00")), window("2026-06-01 02:00", 120min));
  EXPECT_EQ(next_window(nights, utc("2026-06-01 03:59")), window("2026-06-01 02:00", 120min));
  EXPECT_EQ(next_window(nights, utc("2026-06-01 04:00")), window("2026-06-02 02:00", 120min));
}

TEST(Windows, AWindowMayLastForDays) {
  const WindowRule weekends{"0 22 * * FRI", 60h, "Europe/Berlin"};
  EXPECT_EQ(next_window(weekends, utc("2026-06-07 21:00")), window("2026-06-05 20:00", 60h));
}

TEST(Windows, LocalTimeFollowsTheSeasons) {
  const WindowRule nights{"30 1 * * *", 30min, "America/New_York"};
  EXPECT_EQ(next_window(nights, utc("2026-01-10 00:00")).begin, utc("2026-01-10 06:30"));
  EXPECT_EQ(next_window(nights, utc("2026-07-10 00:00")).begin, utc("2026-07-10 05:30"));
}

TEST(Windows, ATimeThatTheClocksSkipOpensItRightAfter) {
  const WindowRule nights{"30 2 * * *", 120min, "Europe/Berlin"};
  EXPECT_EQ(next_window(nights, utc("2026-03-28 02:00")), window("2026-03-28 01:30", 120min));
  EXPECT_EQ(next_window(nights, utc("2026-03-28 12:00")), window("2026-03-29 01:00", 120min));
  EXPECT_EQ(next_window(nights, utc("2026-03-29 12:00")), window("2026-03-30 00:30", 120min));
}

TEST(Windows, ATimeThatComesTwiceOpensItOnce) {
  const WindowRule nights{"30 2 * * *", 30min, "Europe/Berlin"};
  EXPECT_EQ(next_window(nights, utc("2026-10-24 12:00")), window("2026-10-25 00:30", 30min));
  EXPECT_EQ(next_window(nights, utc("2026-10-25 01:00")), window("2026-10-26 01:30", 30min))
      << "at 01:30 UTC it is 02:30 in Berlin for the second time";
}

TEST(Windows, ClocksMayJumpByHalfAnHourOrByADay) {
  const WindowRule lord_howe{"15 2 * * *", 30min, "Australia/Lord_Howe"};  // 02:00 becomes 02:30
  EXPECT_EQ(next_window(lord_howe, utc("2026-10-03 12:00")).begin, utc("2026-10-03 15:30"));
  const WindowRule apia{"0 2 * * *", 30min, "Pacific/Apia"};  // no 2011-12-30
  EXPECT_EQ(next_window(apia, utc("2011-12-29 13:00")).begin, utc("2011-12-30 10:00"));
  EXPECT_EQ(next_window(apia, utc("2011-12-30 10:30")).begin, utc("2011-12-30 12:00"));
}

TEST(Windows, DaysMatchAsInCron) {
  const Time monday = utc("2026-06-01 00:00");
  const auto begin = [&](const char* cron) {
    return next_window({cron, 1min, "UTC"}, monday).begin;
  };
  EXPECT_EQ(begin("0 3 * * 0"), utc("2026-06-07 03:00"));
  EXPECT_EQ(begin("0 3 * * 7"), utc("2026-06-07 03:00"));
  EXPECT_EQ(begin("0 3 * * sat,SUN"), utc("2026-06-06 03:00"));
  EXPECT_EQ(begin("0 3 13 * FRI"), utc("2026-06-05 03:00")) << "either kind of day";
  EXPECT_EQ(begin("0 3 13 * *"), utc("2026-06-13 03:00"));
  EXPECT_EQ(begin("*/20 8-18/4 * * *"), utc("2026-06-01 08:00"));
  EXPECT_EQ(begin("59 23 31 DEC *"), utc("2026-12-31 23:59"));
  EXPECT_EQ(begin("0 0 29 2 *"), utc("2028-02-29 00:00"));
  EXPECT_EQ(next_window({"0 0 29 2 *", 1min, "UTC"}, utc("2096-03-01 00:00")).begin,
            utc("2104-02-29 00:00"));
}

std::string refusal(const WindowRule& rule) {
  try {
    next_window(rule, utc("2026-06-01 00:00"));
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(Windows, ARuleThatCannotBeMeantIsRefusedWithTheReason) {
  EXPECT_NE(refusal({"0 24 * * *", 1min, "UTC"}).find("«24» is no hour of cron"),
            std::string::npos);
  EXPECT_NE(refusal({"0 2 * *", 1min, "UTC"}).find("has no day of the week"), std::string::npos);
  EXPECT_NE(refusal({"0 2 * * * *", 1min, "UTC"}).find("more than 5 fields"), std::string::npos);
  EXPECT_NE(refusal({"0 2 30 2 *", 1min, "UTC"}).find("names no day that exists"),
            std::string::npos);
  EXPECT_NE(refusal({"0 2 * * *", 0min, "UTC"}).find("a minute at least"), std::string::npos);
  EXPECT_NE(refusal({"0 2 * * *", 1min, "Europe/Bonn"}).find("«Europe/Bonn» is not in"),
            std::string::npos);
  for (const char* cron : {"x * * * *", "5-3 * * * *", "*/0 * * * *", "1, * * * *", "-1 * * * *",
                           "0 2 0 * *", "0 2 * 13 *", "0 2 * * 8", "0 2 * * MO", ""}) {
    EXPECT_NE(refusal({cron, 1min, "UTC"}), "") << cron;
  }
}

}  // namespace
}  // namespace ratchet::engine
