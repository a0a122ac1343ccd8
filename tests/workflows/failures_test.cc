// docs/FAILURES.md, performed: each row makes its step of the real workflow fail, be cancelled, or
// lose its database in the middle, and looks at what is left and what the request would say.
//
//   RATCHET_WRITE_FAILURES=FILE   writes the page there, with the ends as they are
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/workflows/failure_page.h"
#include "tests/workflows/failure_runs.h"

namespace ratchet::mysql::testing {
namespace {

using engine::RunState;

// The ends that the words of a request tell, in this order: the first that fits.
std::string end_by_words(const Left& left) {
  const bool resize = left.wish == Wish::resize;
  if (left.says("Undoing the upgrade failed too")) {
    return left.says("which goes on with StatefulSet") ? "half undone" : "stuck";
  }
  if (left.says("After that: ") && left.says("Next: see that MySQL")) return "unsettled";
  if (left.held > 0) return "held";
  if (left.says("The upgrade was undone")) return "undone";
  if (left.says("The primary may be a member of StatefulSet")) return "two sets";
  if (left.says("the only way is forward")) return "forward";
  if (left.says("Giving the former resources back failed too")) return "not given back";
  if (left.says("was made anew with them")) return "given back";
  if (left.says("remove what keeps pod")) return "not back";
  if (resize && left.says("has its former resources again")) return "given back";
  if (left.says("members, as its spec.replicas says")) return "so far";
  if (left.says("is as the request wants it, which its spec.")) return "unsaid";
  if (left.says(" is ready")) return "let go";
  return left.says("Restarted before that") ? "part" : "";
}

// The name of the end. In this order: the first that fits.
std::string end_of(const Left& left) {
  if (left.state == RunState::completed) return "done";
  if (left.says("was deleted meanwhile")) return "gone";
  if (left.says("has another image than its StatefulSet")) return "no pod";
  if (left.paused) return "paused";
  if (left.paused_backups > 0) return "backups paused";
  if (!left.touched) return "untouched";
  std::string told = end_by_words(left);
  if (!told.empty()) return told;
  if (left.wish != Wish::restart && left.recorded) return "recorded";
  if (left.wish == Wish::upgrade && left.of_target == left.members) return "unrecorded";
  return left.replaced == left.members ? "restarted" : "unchanged";
}

bool all_former(const Left& left) {
  if (left.wish == Wish::resize || left.wish == Wish::scale) {
    return left.set_as_spec && !left.recorded && left.resized == 0;
  }
  return left.wish != Wish::upgrade ||
         (left.of_target == 0 && left.marked == 0 && !left.set_as_wished && !left.recorded);
}

// Whether the database is what the page says of an end.
bool is_so(const std::string& end, const Left& left) {
  const bool may_be_held = end == "stuck" || end == "held" || end == "unsettled";
  if (end != "paused" && left.paused) return false;
  if (end != "backups paused" && left.paused_backups > 0) return false;
  if (!may_be_held && left.held > 0) return false;
  if (left.gone) return true;  // nothing is left of it but claims
  if (end == "untouched") return !left.touched && left.replaced == 0 && all_former(left);
  if (end == "unchanged") return left.replaced == 0 && all_former(left);
  if (end == "undone") return all_former(left);
  if (end == "stuck" || end == "half undone") return !left.recorded;
  if (end == "held") return left.held == 1;
  if (end == "forward") return left.set_as_wished && left.marked > 0;
  if (end == "two sets") return left.set_as_wished && left.of_target > 0;
  if (end == "unrecorded") return left.marked == left.members && !left.recorded;
  if (end == "unsaid") return left.set_as_wished && !left.set_as_spec;
  if (end == "not back") return left.wish != Wish::resize || left.set_as_spec;
  if (end == "given back") return left.set_as_spec && left.unplaced == 0;
  if (end == "so far") return left.set_as_spec;
  if (end == "recorded") return left.set_as_wished && left.of_target == left.members;
  if (end != "done") return true;
  if (left.wish == Wish::scale) return left.recorded && left.set_as_spec;
  const bool all_resized = left.wish != Wish::resize || left.resized == left.members;
  return left.recorded && left.replaced == left.members && all_resized;
}

void expect_row(const Page& page, const std::string& section, const Row& row, std::size_t column) {
  const auto what = static_cast<Happens>(column);
  const std::string& said = row.cells[column];
  const auto end = page.ends.find(said);
  ASSERT_NE(end, page.ends.end()) << "no such end: " << said << ", in row " << row.title;
  for (const Moment& moment : row.moments) {
    int performed = 0;
    for (const Left& left : perform_all(section, moment, what)) {
      if (!left.performed) continue;
      ++performed;
      const std::string where = section + ", " + moment.words() + ", " + page.columns[column] +
                                ": the request says: " + left.message;
      EXPECT_EQ(end_of(left), said) << where;
      EXPECT_TRUE(is_so(said, left)) << where << ", and the database is not as " << said << " says";
      if (left.state == RunState::completed) continue;
      for (const std::string& words : end->second) EXPECT_TRUE(left.says(words)) << words << where;
    }
    EXPECT_GT(performed, 0) << section << ": no run comes to " << moment.words();
  }
}

TEST(Failures, EndAsThePageSays) {
  const Page page = read_page(FAILURES_PAGE);
  ASSERT_EQ(page.columns.size(), 3U);
  ASSERT_EQ(page.sections.size(), 12U);
  std::size_t rows = 0;
  for (const auto& [section, all] : page.sections) {
    rows += all.size();
    for (const Row& row : all) {
      for (std::size_t column = 0; column < 3; ++column) expect_row(page, section, row, column);
    }
  }
  EXPECT_GT(rows, 150U) << "the rows were not read";
}

// The ends of a row as they are; more than one: the row must be split.
std::string real_ends(const std::string& section, const Row& row, std::size_t column) {
  std::set<std::string> ends;
  for (const Moment& moment : row.moments) {
    for (const Left& left : perform_all(section, moment, static_cast<Happens>(column))) {
      if (left.performed) ends.insert(end_of(left) + (is_so(end_of(left), left) ? "" : " ???"));
    }
  }
  std::string text;
  for (const std::string& end : ends) text += (text.empty() ? "`" : ", `") + end + "`";
  return text.empty() ? "never" : text;
}

// Not a row says more or less than what happens. RATCHET_WRITE_FAILURES=FILE also writes the page
// as it should be, for whoever adds a step.
TEST(Failures, AreWrittenDownAsTheyAre) {
  const Page page = read_page(FAILURES_PAGE);
  Page real = page;
  for (const auto& [section, rows] : page.sections) {
    for (const Row& row : rows) {
      std::string line = "| " + row.title + " |";
      for (std::size_t i = 0; i < 3; ++i) line += " " + real_ends(section, row, i) + " |";
      real.lines[row.line] = line;
    }
  }
  EXPECT_EQ(real.lines, page.lines);
  if (const char* file = std::getenv("RATCHET_WRITE_FAILURES"); file != nullptr) {
    std::ofstream out(file);
    for (const std::string& line : real.lines) out << line << "\n";
    EXPECT_TRUE(out.good());
  }
}

std::set<std::string> steps_in(const std::vector<Row>& rows) {
  std::set<std::string> named;
  for (const Row& row : rows) {
    for (const Moment& moment : row.moments) named.insert(moment.step);
  }
  return named;
}

// Whoever adds an activity says how it fails.
TEST(Failures, OfEveryActivityAreOnThePage) {
  const Page page = read_page(FAILURES_PAGE);
  std::set<std::string> named;
  for (const auto& [section, rows] : page.sections) named.merge(steps_in(rows));
  EXPECT_EQ(named, all_activities());
}

// And those that a run without faults takes, each under its own heading; "A, with b" has only the
// rows that A has not.
TEST(Failures, OfEveryStepOfEveryWorkflowAreOnThePage) {
  const Page page = read_page(FAILURES_PAGE);
  const Moment never;
  for (const auto& [section, rows] : page.sections) {
    std::set<std::string> named = steps_in(rows);
    if (const auto with = section.find(", with "); with != std::string::npos) {
      named.merge(steps_in(page.sections.at(section.substr(0, with))));
    }
    for (const Left& left : perform_all(section, never, Happens::fails)) {
      EXPECT_EQ(left.state, RunState::completed) << section << ": " << left.message;
      EXPECT_TRUE(is_so("done", left)) << section;
      for (const std::string& step : left.begun) {
        EXPECT_TRUE(named.contains(step)) << section << " says nothing of " << step;
      }
    }
  }
}

}  // namespace
}  // namespace ratchet::mysql::testing
