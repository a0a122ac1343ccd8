// The crash matrix as an expectation of GoogleTest, for whoever writes tests with that:
//
//   TEST(MyWorkflow, SurvivesACrashAtEveryPoint) { expect_survives(my_case()); }
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/testing/crash_matrix.h"

namespace ratchet::engine::testing {

// Expects (as EXPECT_EQ does: the test goes on) that the run came to the same end wherever it was
// stopped, and that it was stopped everywhere: after every append, before and after every activity,
// and with the answer of each activity lost.
inline void expect_survived(const CrashReport& report) {
  EXPECT_EQ(report.failures, std::vector<std::string>{});
  EXPECT_GT(report.appends, 0U) << "the run without faults has recorded nothing";
  EXPECT_EQ(report.points, report.appends + 2 * report.activities);
  EXPECT_EQ(report.lost_answers, report.activities);
}

// Runs the matrix and expects that. Returns what it counted, for expectations of the test's own.
inline CrashReport expect_survives(const CrashCase& crash_case) {
  CrashReport report = run_crash_matrix(crash_case);
  expect_survived(report);
  return report;
}

}  // namespace ratchet::engine::testing
