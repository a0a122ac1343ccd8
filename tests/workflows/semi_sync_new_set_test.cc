// The upgrade of a semi-synchronous cluster by another StatefulSet, as far as it differs from a
// group's (new_set_test.cc): who goes gives up its vote first, and how the primary is moved.
#include <algorithm>
#include <memory>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/testing/crash_matrix_gtest.h"
#include "tests/engine/every_way.h"
#include "tests/workflows/fake_two_sets.h"
#include "tests/workflows/one_run.h"
#include "workflows/mysql/plan.h"
#include "workflows/mysql/update_version.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql::testing {
namespace {

using engine::RunState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* from = "9.7.3";
constexpr const char* to = "9.7.4";

struct SemiSets : FakeTwoSets {
  explicit SemiSets(int replicas = 3) : SemiSets(from, replicas) {}
  SemiSets(const char* old, int replicas) : FakeTwoSets(old, to, replicas) { topology = semi_sync; }
};

std::string joins(const std::string& by) {
  return "await_group\n" + by + "\nawait_member\nverify_server\n";
}

std::string retires() {
  return "protect_pod\nprepare_shutdown\nawait_group\nretire_pod\nawait_pod_ended\n"
         "unprotect_pod\n";
}

std::string whole_way() {
  const std::string check = "start_image_check\nawait_image_check\nremove_image_check\n";
  return "inspect_database\ncheck_upgrade\nlook_at_database\nmake_plan\n" + check + check + check +
         "pause_database\nawait_drained\ninspect_group\n" + joins("create_new_set") +
         joins("scale_set") + joins("scale_set") +
         "await_group\nrelease_votes\norphan_stateful_set\n" + retires() + "await_group\n" +
         retires() + "await_group\nverify_group\nhand_over_primary\nprove_switch\n" + retires() +
         "await_group\nverify_group\ninspect_group\nend_seeding\nrecord_set\nretain_claim\n"
         "retain_claim\nretain_claim\nrecord_version\nawait_database_ready\nresume_database\n";
}

void expect_no_vote_lost(const FakeTwoSets& cluster, const std::string& where) {
  for (const std::string& voter : cluster.voters) {
    EXPECT_TRUE(cluster.pods.contains(voter)) << voter << " went with its vote: " << where;
  }
}

// Red if nobody is told to give up votes, or the primary is moved in a group's way.
TEST(SemiSyncNewSet, TakesTheVotesOfTheFormerReplicasAndHandsOver) {
  SemiSets cluster;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(run.steps(), whole_way());
  EXPECT_EQ(cluster.state(),
            "MySQL 9.7.4, set «my-group-1», primary my-group-1-0 by term 2, voters my-group-1-1 "
            "my-group-1-2\n"
            "set my-group-1 image:9.7.4 of 3\n"
            "my-group-1-0 image:9.7.4\n"
            "my-group-1-1 image:9.7.4\n"
            "my-group-1-2 image:9.7.4\n"
            "data-my-group-0 is kept for a while\n"
            "data-my-group-1 is kept for a while\n"
            "data-my-group-2 is kept for a while\n"
            "create my-group-1 with image:9.7.4\n"
            "delete my-group\n"
            "end the seeding of my-group-1\n"
            "hand over to my-group-1-0\n"
            "pause db\n"
            "protect my-group-0\n"
            "protect my-group-1\n"
            "protect my-group-2\n"
            "record set my-group-1\n"
            "record version 9.7.4\n"
            "release my-group-0\n"
            "release my-group-1\n"
            "release my-group-2\n"
            "release the votes of my-group\n"
            "resume db\n"
            "retain data-my-group-0\n"
            "retain data-my-group-1\n"
            "retain data-my-group-2\n"
            "retire my-group-0\n"
            "retire my-group-1\n"
            "retire my-group-2\n"
            "scale my-group-1 to 2\n"
            "scale my-group-1 to 3\n");
}

TEST(SemiSyncNewSet, GoesTheSameWayOutsideOfOneLtsSeries) {
  SemiSets cluster("8.4.8", 3);
  cluster.asks = false;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(run.steps(), whole_way());
}

engine::testing::CrashReport matrix(const std::function<void(SemiSets&)>& fault = {}) {
  engine::testing::CrashCase crash_case;
  crash_case.registry = add_workflows;
  crash_case.world = [=] {
    auto cluster = std::make_unique<SemiSets>();
    if (fault) fault(*cluster);
    return cluster;
  };
  crash_case.workflow = update_version_name;
  crash_case.input = SemiSets().request().SerializeAsString();
  if (!fault) engine::testing::must_not_depend_on_the_way(crash_case);
  return engine::testing::run_crash_matrix(crash_case);
}

TEST(SemiSyncNewSet, MakesEachWriteOnceWhereverItIsStopped) {
  const auto report = matrix();
  expect_survived(report);
  EXPECT_GT(report.activities, 50U);
}

TEST(SemiSyncNewSet, ComesToTheSameEndWhereverItIsStoppedAfterAFault) {
  expect_survived(matrix([](SemiSets& c) { c.broken = {"my-group-1-1"}; }));
  expect_survived(matrix([](SemiSets& c) { c.given_up = 1; }));
  expect_survived(matrix([](SemiSets& c) { c.provisioner_is_silent = true; }));
}

void expect_as_before(const FakeTwoSets& cluster) {
  const std::string where = cluster.state();
  EXPECT_EQ(cluster.pods.size(), 3U) << where;
  for (const auto& [name, pod] : cluster.pods) {
    EXPECT_EQ(pod.image, "image:9.7.3") << where;
    EXPECT_FALSE(pod.left || pod.is_protected || pod.deleting) << where;
  }
  EXPECT_EQ(cluster.sets.size(), 1U) << where;
  EXPECT_EQ(cluster.primary, "my-group-0") << where;
  EXPECT_EQ(cluster.version, from) << where;
  EXPECT_EQ(cluster.recorded_set, "") << where;
  EXPECT_EQ(cluster.successor, "") << "the primary would be closed some day: " << where;
  expect_no_vote_lost(cluster, where);
}

// Red if a new member is removed while its acknowledgement counts.
TEST(SemiSyncNewSet, IsUndoneWhenAMemberIsNotSeeded) {
  SemiSets cluster;
  cluster.broken = {"my-group-1-1"};
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("did not become ready. The upgrade was undone"));
  expect_as_before(cluster);
  EXPECT_EQ(cluster.voters, (std::set<std::string>{"my-group-1", "my-group-2"}));
}

// The votes of the former replicas come back with them.
TEST(SemiSyncNewSet, IsUndoneWhenThePrimaryIsNotMoved) {
  SemiSets cluster;
  cluster.provisioner_is_silent = true;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("my-group-1-0 is not the primary. The upgrade was undone"));
  expect_as_before(cluster);
  EXPECT_EQ(cluster.voters, (std::set<std::string>{"my-group-1", "my-group-2"}));
}

// Red if the former primary is ended although it still is that.
TEST(SemiSyncNewSet, AsksAgainWhenTheProvisionerGaveTheMoveUp) {
  SemiSets cluster;
  cluster.given_up = 2;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(cluster.term, 2U) << "the primary was lost, not moved";
  EXPECT_EQ(std::ranges::count(cluster.writes, "hand over to my-group-1-0"), 3);
}

TEST(SemiSyncNewSet, ButNotForEver) {
  SemiSets cluster;
  cluster.given_up = 100;
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(),
              HasSubstr("again and again during the upgrade. The upgrade was undone"));
  expect_as_before(cluster);
}

TEST(SemiSyncNewSet, OnlyGoesForwardOnceThePrimaryHasMoved) {
  SemiSets cluster;
  cluster.refuse["prove_switch"] = {"timeout", "my-group-0 still takes writes"};
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("still takes writes. The primary may be a member of "
                                       "StatefulSet my-group-1"));
  EXPECT_EQ(cluster.pods.size(), 4U);

  cluster.refuse.clear();
  cluster.forget_marks();
  const OneRun second(cluster);
  EXPECT_EQ(second.state(), RunState::completed) << second.failure();
  EXPECT_EQ(cluster.pods.size(), 3U);
  EXPECT_EQ(cluster.term, 2U);
  EXPECT_THAT(second.steps(), Not(HasSubstr("hand_over_primary")));
  expect_no_vote_lost(cluster, cluster.state());
}

// Red if members that acknowledge are removed to make room for those that come back without votes.
TEST(SemiSyncNewSet, OfFiveOnlyGoesForwardOnceTheFormerOnesHaveNoRoom) {
  SemiSets cluster(5);
  cluster.refuse["verify_group"] = {"timeout", "my-group-1-4 has not executed 7"};
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("has not executed 7. The primary may be a member of "
                                       "StatefulSet my-group-1"));
  EXPECT_THAT(run.failure(), HasSubstr("the only way is forward"));
  EXPECT_EQ(cluster.primary, "my-group-0") << "it was not moved";
  EXPECT_EQ(cluster.pods.size(), 6U) << cluster.state();
  expect_no_vote_lost(cluster, cluster.state());

  cluster.refuse.clear();
  cluster.forget_marks();
  const OneRun second(cluster);
  EXPECT_EQ(second.state(), RunState::completed) << second.failure();
  EXPECT_EQ(cluster.primary, "my-group-1-0");
  EXPECT_EQ(cluster.pods.size(), 5U) << cluster.state();
  expect_no_vote_lost(cluster, cluster.state());
}

TEST(SemiSyncNewSet, AFailoverThatNobodyAskedForIsTheHandOver) {
  SemiSets cluster;
  cluster.elect_at["orphan_stateful_set"] = "my-group-1-1";
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_THAT(run.steps(), Not(HasSubstr("hand_over_primary")));
  EXPECT_EQ(cluster.primary, "my-group-1-1");
  EXPECT_EQ(cluster.pods.size(), 3U);
  expect_no_vote_lost(cluster, cluster.state());
}

TEST(SemiSyncNewSet, AFormerReplicaWithoutAVoteMayBeDeletedByOthers) {
  SemiSets cluster;
  cluster.evict_at["orphan_stateful_set"] = "my-group-2";
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(cluster.pods.size(), 3U) << cluster.state();
  expect_no_vote_lost(cluster, cluster.state());
}

// Its acknowledgement counts still, and nobody takes a vote from who is gone: the primary cannot be
// moved until it is back. Red if the primary is moved without it, or what it had acknowledged is
// not brought back.
TEST(SemiSyncNewSet, AFormerReplicaThatSomebodyElseDeletesWithItsVoteComesBack) {
  SemiSets cluster;
  cluster.evict_at["orphan_stateful_set"] = "my-group-2";
  cluster.at_begin = [&](const std::string& activity) {
    if (activity == "orphan_stateful_set") cluster.voters.insert("my-group-2");
  };
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("The upgrade was undone"));
  expect_as_before(cluster);
  EXPECT_EQ(cluster.voters, (std::set<std::string>{"my-group-1", "my-group-2"}));
}

// Every step of an upgrade without faults, cancelled before it is performed and while it is.
TEST(SemiSyncNewSet, CancelledAtAnyStepIsUndoneOrDone) {
  SemiSets undisturbed;
  std::istringstream steps(OneRun(undisturbed).steps());
  std::set<std::string> names;
  for (std::string step; std::getline(steps, step);) names.insert(step);
  int cancelled = 0;
  for (const std::string& step : names) {
    for (const bool begun : {false, true}) {
      SemiSets cluster;
      const OneRun run(cluster, step, begun);
      const std::string where = step + (begun ? ", begun: " : ": ") + cluster.state();
      EXPECT_TRUE(cluster.paused_by.empty()) << where;
      EXPECT_THAT(cluster.risks, IsEmpty()) << where;
      if (cluster.version == to) {
        EXPECT_EQ(run.state(), RunState::completed) << where;
        EXPECT_EQ(cluster.primary, "my-group-1-0") << where;
        expect_no_vote_lost(cluster, where);
      } else {
        EXPECT_EQ(run.state(), RunState::cancelled) << where;
        expect_as_before(cluster);
      }
      ++cancelled;
    }
  }
  EXPECT_GE(cancelled, 50) << "the steps were not enumerated";
}

// Nobody could give up a vote before commits had to wait for ever.
TEST(SemiSyncNewSet, IsRefusedWhereTooFewNewMembersHaveRoom) {
  SemiSets cluster(9);
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(),
              HasSubstr("the cluster of MySQL demo/my-group has 9 member(s), and at most 9 may be "
                        "there at a time, so 0 of another StatefulSet, and a commit waits for 1 "
                        "acknowledgement(s)"));
  EXPECT_EQ(cluster.writes, (std::vector<std::string>{"pause db", "resume db"}));
  SemiSets five(5);
  const OneRun other(five);
  EXPECT_EQ(other.state(), RunState::completed) << other.failure();
  EXPECT_EQ(five.most, 9U);
  expect_no_vote_lost(five, five.state());
}

TEST(SemiSyncNewSet, IsPlannedInItsOwnWords) {
  MakePlan in;
  in.set_new_stateful_set(true);
  in.set_semi_sync(true);
  in.set_target_image("image:9.7.4");
  in.mutable_sight()->set_stateful_set("my-group");
  const Plan plan = plan_of(in);
  std::string steps;
  for (const PlannedStep& step : plan.steps()) steps += step.what() + "\n";
  EXPECT_THAT(steps, HasSubstr("have the former replicas give up their votes"));
  EXPECT_THAT(steps, HasSubstr("as long as the cluster has fewer than 9"));
  EXPECT_THAT(short_text(plan),
              HasSubstr("Point of no return: close the primary, and move the primary term"));
}

}  // namespace
}  // namespace ratchet::mysql::testing
