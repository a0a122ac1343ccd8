// docs/FAILURES.md, performed: each row makes its step of the real workflow fail, be cancelled, or
// lose its database in the middle, and looks at what is left and what the request would say.
//
//   RATCHET_WRITE_FAILURES=FILE   writes the page there, with the ends as they are
#include <array>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include "tests/workflows/failure_page.h"
#include "tests/workflows/fake_cluster.h"
#include "tests/workflows/fake_group_cluster.h"
#include "tests/workflows/one_run.h"
#include "workflows/mysql/restart.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql::testing {
namespace {

using engine::RunState;

enum class Happens { fails, cancelled, deleted };  // the columns, in order

// What is left when a run has ended.
struct Left {
  bool performed = false;       // the step in question was begun
  std::set<std::string> begun;  // steps
  RunState state = RunState::running;
  std::string message;
  bool upgrades = false;  // to another version
  bool touched = false;
  bool paused = false;
  bool gone = false;      // the MySQL
  bool recorded = false;  // the target's version, on the MySQL
  bool set_of_target = false;
  std::size_t members = 0;
  std::size_t held = 0;       // pods with our finalizer
  std::size_t of_target = 0;  // pods with its image
  std::size_t marked = 0;     // claims that the target may have opened
  std::size_t replaced = 0;   // pods that are others than at first

  bool says(const std::string& words) const { return message.find(words) != std::string::npos; }
};

void count(Left& left, const std::string& image, bool is_held, bool is_marked, bool replaced,
           const std::string& target) {
  ++left.members;
  left.held += is_held ? 1 : 0;
  left.of_target += image == target ? 1 : 0;
  left.marked += is_marked ? 1 : 0;
  left.replaced += replaced ? 1 : 0;
}

// What the two kinds of databases have in common.
void look_at(Left& left, const FakeDatabase& database, const std::string& from,
             const std::string& to) {
  left.upgrades = from != to;
  left.recorded = database.version == to;
  left.touched = !database.writes.empty();
  left.paused = !database.paused_by.empty();
  left.gone = database.gone;
}

struct AStandalone : FakeCluster {
  using FakeCluster::FakeCluster;
  void look(Left& left) const {
    look_at(left, *this, from_, to_);
    left.set_of_target = set && set->image == "image:" + to_;
    count(left, pod ? pod->image : "", pod && pod->is_protected, claim_version == to_,
          !pod || pod->uid != "pod1", "image:" + to_);
  }
};

struct ACluster : FakeGroupCluster {
  ACluster(std::string from, std::string to, bool semi)
      : FakeGroupCluster(std::move(from), std::move(to)) {
    if (semi) topology = semi_sync;
    for (std::size_t i = 0; i < members.size(); ++i) first[i] = members[i].uid;
  }
  void look(Left& left) const {
    look_at(left, *this, from_, to_);
    left.set_of_target = set_image == "image:" + to_;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const FakeMember& member = members[i];
      count(left, member.image, member.is_protected, member.claim_version == to_,
            member.uid != first[i], "image:" + to_);
    }
  }
  std::array<std::string, 3> first;
};

// Makes it happen at the step of a row.
class Hand {
 public:
  Hand(const Moment& moment, Happens what) : moment_(moment), what_(what) {}

  bool performed() const { return performed_; }
  const std::set<std::string>& begun() const { return begun_; }

  void at(FakeDatabase& world, const std::string& step) {
    begun_.insert(step);
    if (!moment_.first.empty() && !failed_before_) {
      failed_before_ = step == moment_.first;
      if (failed_before_) throw Refusal{{"refused", "step " + step + " was refused"}};
      return;
    }
    if (step != moment_.step || ++times_ != moment_.nth) return;
    performed_ = true;
    if (what_ == Happens::fails) throw Refusal{{"refused", "step " + step + " was refused"}};
    if (what_ == Happens::cancelled) world.cancel_run();
    if (what_ == Happens::deleted) world.delete_database();
  }

 private:
  const Moment& moment_;
  Happens what_;
  bool failed_before_ = false;
  int times_ = 0;
  bool performed_ = false;
  std::set<std::string> begun_;
};

template <class Cluster>
Left perform(Cluster cluster, bool restarts, const Moment& moment, Happens what) {
  Hand hand(moment, what);
  cluster.window = "any time";
  cluster.target_image_missing = moment.image_missing;
  cluster.at_begin = [&](const std::string& step) { hand.at(cluster, step); };
  const RestartRequest restart = cluster.restart_request();
  const UpdateRequest update = cluster.request();
  const google::protobuf::Message& request =
      restarts ? static_cast<const google::protobuf::Message&>(restart) : update;
  const std::string workflow = restarts ? restart_name : update_version_name;
  const OneRun run(cluster, workflow, request);
  Left left;
  left.begun = hand.begun();
  left.performed = hand.performed();
  left.state = run.state();
  left.message = run.failure();
  cluster.look(left);
  return left;
}

// Of each section the databases that its rows are performed on.
std::vector<Left> perform_all(const std::string& section, const Moment& moment, Happens what) {
  if (section == "Upgrade of a standalone server") {
    return {perform(AStandalone("10.11.6", "11.8.6"), false, moment, what),
            perform(AStandalone("11.8.5", "11.8.6"), false, moment, what)};
  }
  if (section == "Upgrade of a cluster") {
    return {perform(ACluster("9.7.3", "9.7.4", false), false, moment, what),
            perform(ACluster("9.7.3", "9.7.4", true), false, moment, what)};
  }
  if (section == "Restart of a standalone server") {
    return {perform(AStandalone("11.8.6", "11.8.6"), true, moment, what)};
  }
  if (section == "Restart of a cluster") {
    return {perform(ACluster("9.7.4", "9.7.4", false), true, moment, what),
            perform(ACluster("9.7.4", "9.7.4", true), true, moment, what)};
  }
  ADD_FAILURE() << "the page has a section that nothing performs: " << section;
  return {};
}

// The name of the end. In this order: the first that fits.
std::string end_of(const Left& left) {
  if (left.state == RunState::completed) return "done";
  if (left.says("was deleted meanwhile")) return "gone";
  if (left.says("has another image than its StatefulSet")) return "no pod";
  if (left.paused) return "paused";
  if (!left.touched) return "untouched";
  if (left.says("Undoing the upgrade failed too")) return "stuck";
  if (left.held > 0) return "held";
  if (left.says("The upgrade was undone")) return "undone";
  if (left.says("the only way is forward")) return "forward";
  if (left.says("remove what keeps pod")) return "not back";
  if (left.says(" is ready")) return "let go";
  if (left.says("Restarted before that")) return "part";
  if (left.upgrades && left.recorded) return "recorded";
  if (left.upgrades && left.of_target == left.members) return "unrecorded";
  return left.replaced == left.members ? "restarted" : "unchanged";
}

bool all_former(const Left& left) {
  return !left.upgrades ||
         (left.of_target == 0 && left.marked == 0 && !left.set_of_target && !left.recorded);
}

// Whether the database is what the page says of an end.
bool is_so(const std::string& end, const Left& left) {
  if (end != "paused" && left.paused) return false;
  if (end != "stuck" && end != "held" && left.held > 0) return false;
  if (left.gone) return true;  // nothing is left of it but claims
  if (end == "untouched") return !left.touched && left.replaced == 0 && all_former(left);
  if (end == "unchanged") return left.replaced == 0 && all_former(left);
  if (end == "undone") return all_former(left);
  if (end == "stuck") return !left.recorded;
  if (end == "held") return left.held == 1;
  if (end == "forward") return left.set_of_target && left.marked > 0;
  if (end == "unrecorded") return left.marked == left.members && !left.recorded;
  if (end == "recorded") return left.of_target == left.members;
  if (end == "done") return left.recorded && left.replaced == left.members;
  return true;
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
  ASSERT_EQ(page.sections.size(), 4U);
  std::size_t rows = 0;
  for (const auto& [section, all] : page.sections) {
    rows += all.size();
    for (const Row& row : all) {
      for (std::size_t column = 0; column < 3; ++column) expect_row(page, section, row, column);
    }
  }
  EXPECT_GT(rows, 60U) << "the rows were not read";
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

TEST(Failures, CanBeWrittenDown) {
  const char* file = std::getenv("RATCHET_WRITE_FAILURES");
  if (file == nullptr) GTEST_SKIP() << "RATCHET_WRITE_FAILURES names no file";
  Page page = read_page(FAILURES_PAGE);
  for (const auto& [section, rows] : page.sections) {
    for (const Row& row : rows) {
      std::string line = "| " + row.title + " |";
      for (std::size_t i = 0; i < 3; ++i) line += " " + real_ends(section, row, i) + " |";
      page.lines[row.line] = line;
    }
  }
  std::ofstream out(file);
  for (const std::string& line : page.lines) out << line << "\n";
  EXPECT_TRUE(out.good());
}

// Whoever adds an activity says how it fails.
TEST(Failures, OfEveryActivityAreOnThePage) {
  const Page page = read_page(FAILURES_PAGE);
  std::set<std::string> named;
  for (const auto& [section, rows] : page.sections) {
    for (const Row& row : rows) {
      for (const Moment& moment : row.moments) named.insert(moment.step);
    }
  }
  std::set<std::string> served;
  AStandalone standalone("11.8.5", "11.8.6");
  ACluster cluster("9.7.3", "9.7.4", false);
  const OneRun first(standalone);
  const OneRun second(cluster);
  served.insert(standalone.served.begin(), standalone.served.end());
  served.insert(cluster.served.begin(), cluster.served.end());
  EXPECT_EQ(named, served);
}

// And those that a run without faults takes, each under its own heading.
TEST(Failures, OfEveryStepOfEveryWorkflowAreOnThePage) {
  const Page page = read_page(FAILURES_PAGE);
  const Moment never;
  for (const auto& [section, rows] : page.sections) {
    std::set<std::string> named;
    for (const Row& row : rows) {
      for (const Moment& moment : row.moments) named.insert(moment.step);
    }
    for (const Left& left : perform_all(section, never, Happens::fails)) {
      EXPECT_EQ(left.state, RunState::completed) << section << ": " << left.message;
      for (const std::string& step : left.begun) {
        EXPECT_TRUE(named.contains(step)) << section << " says nothing of " << step;
      }
    }
  }
}

}  // namespace
}  // namespace ratchet::mysql::testing
