// What is proved: a run stopped after any append, or before or after any activity, ends like one
// that was never stopped, each conditional effect having happened once. And that the matrix would
// notice if it did not.
#include "engine/testing/crash_matrix.h"

#include <gtest/gtest.h>

#include "tests/engine/travel.h"

namespace ratchet::engine::testing {
namespace {

CrashCase travel_case(bool honest_probe) {
  return {.registry = [](Registry& registry) { registry.add("travel", 1, travel); },
          .world =
              [honest_probe] {
                auto ledger = std::make_unique<Ledger>();
                ledger->honest_probe = honest_probe;
                return ledger;
              },
          .workflow = "travel",
          .input = text("Lisbon").SerializeAsString(),
          .pairs = true};
}

TEST(CrashMatrix, ARunStoppedAnywhereEndsLikeOneThatWasNot) {
  const CrashReport report = run_crash_matrix(travel_case(true));
  EXPECT_EQ(report.failures, std::vector<std::string>{});
  EXPECT_EQ(report.points, report.appends + 2 * report.activities);
  EXPECT_EQ(report.activities, 4U);
  EXPECT_EQ(report.lost_answers, report.activities);
  EXPECT_GE(report.pairs, report.points * report.points / 2);
  EXPECT_GE(report.appends, 9U);
  EXPECT_NE(report.end.find("flight to Lisbon x1\nhotel in Lisbon x1\n"), std::string::npos)
      << report.end;
}

TEST(CrashMatrix, NoticesAProbeThatDoesNotLook) {
  const CrashReport report = run_crash_matrix(travel_case(false));
  EXPECT_FALSE(report.failures.empty());
}

}  // namespace
}  // namespace ratchet::engine::testing
