// The upgrade of a semi-synchronous cluster, as far as it differs from a group's
// (group_update_test.cc): how the primary is moved, and what its replicas must do meanwhile.
#include <memory>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/testing/crash_matrix_gtest.h"
#include "tests/engine/every_way.h"
#include "tests/workflows/fake_group_cluster.h"
#include "tests/workflows/one_run.h"
#include "workflows/mysql/update_version.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql::testing {
namespace {

using engine::RunState;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* from = "9.7.3";
constexpr const char* to = "9.7.4";

struct SemiSyncCluster : FakeGroupCluster {
  SemiSyncCluster() : FakeGroupCluster(from, to) { topology = semi_sync; }
};

// Each on a node of its own.
std::string image_checks() {
  const std::string one = "start_image_check\nawait_image_check\nremove_image_check\n";
  return one + one + one;
}

std::string one_member() {
  return "await_group\n"
         "protect_pod\n"
         "prepare_shutdown\n"
         "await_group\n"
         "delete_pod\n"
         "await_clean_shutdown\n"
         "mark_claim\n"
         "release_volume\n"
         "await_pod_ready\n"
         "verify_server\n";
}

TEST(UpgradeSemiSync, GoesReplicaByReplicaAndHandsOverBeforeThePrimarysTurn) {
  SemiSyncCluster cluster;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(run.steps(),
            "inspect_database\n"
            "check_upgrade\n"
            "look_at_database\n"
            "make_plan\n" +
                image_checks() +
                "pause_database\n"
                "await_drained\n"
                "inspect_group\n"
                "change_image\n" +
                one_member() + one_member() +
                "await_group\n"
                "hand_over_primary\n"
                "prove_switch\n" +
                one_member() +
                "await_group\n"
                "verify_group\n"
                "record_version\n"
                "await_database_ready\n"
                "resume_database\n");
  EXPECT_EQ(cluster.state(),
            "MySQL 9.7.4, set image:9.7.4, primary my-group-1 by term 2\n"
            "my-group-0 pod0-6 image:9.7.4 «9.7.4»\n"
            "my-group-1 pod1-4 image:9.7.4 «9.7.4»\n"
            "my-group-2 pod2-5 image:9.7.4 «9.7.4»\n"
            "change image of set to image:9.7.4\n"
            "delete my-group-0\n"
            "delete my-group-1\n"
            "delete my-group-2\n"
            "hand over to my-group-1\n"
            "mark data-my-group-0 «9.7.4»\n"
            "mark data-my-group-1 «9.7.4»\n"
            "mark data-my-group-2 «9.7.4»\n"
            "pause db\n"
            "protect my-group-0\n"
            "protect my-group-1\n"
            "protect my-group-2\n"
            "record version 9.7.4\n"
            "release my-group-0\n"
            "release my-group-1\n"
            "release my-group-2\n"
            "resume db\n");
  EXPECT_EQ(cluster.elections, 0) << "the primary was stopped, not moved";
}

engine::testing::CrashReport matrix(const std::function<void(SemiSyncCluster&)>& fault = {}) {
  engine::testing::CrashCase crash_case;
  crash_case.registry = add_workflows;
  crash_case.world = [=] {
    auto cluster = std::make_unique<SemiSyncCluster>();
    if (fault) fault(*cluster);
    return cluster;
  };
  crash_case.workflow = update_version_name;
  crash_case.input = SemiSyncCluster().request().SerializeAsString();
  if (!fault) engine::testing::must_not_depend_on_the_way(crash_case);
  return engine::testing::run_crash_matrix(crash_case);
}

TEST(UpgradeSemiSync, MakesEachWriteOnceWhereverItIsStopped) {
  const auto report = matrix();
  expect_survived(report);
  EXPECT_GT(report.activities, 35U);
}

TEST(UpgradeSemiSync, ComesToTheSameEndWhereverItIsStoppedAfterAFault) {
  expect_survived(matrix([](SemiSyncCluster& c) { c.members[1].exit_code = 137; }));
  expect_survived(matrix([](SemiSyncCluster& c) { c.target_crashes_on = 0; }));
  expect_survived(matrix([](SemiSyncCluster& c) { c.given_up = 1; }));
  expect_survived(matrix([](SemiSyncCluster& c) { c.provisioner_is_silent = true; }));
  expect_survived(matrix([](SemiSyncCluster& c) { c.evict_at["hand_over_primary"] = 1; }));
}

// Every step of an upgrade without faults, cancelled before it is performed and while it is.
TEST(UpgradeSemiSync, CancelledAtAnyStepLeavesNoPrimaryToBeClosed) {
  SemiSyncCluster undisturbed;
  std::istringstream steps(OneRun(undisturbed).steps());
  std::set<std::string> names;
  for (std::string step; std::getline(steps, step);) names.insert(step);
  int cancelled = 0;
  for (const std::string& step : names) {
    for (const bool begun : {false, true}) {
      SemiSyncCluster cluster;
      // While it is cancelled the provisioner has not come to it yet.
      cluster.provisioner_is_silent = step == "hand_over_primary" || step == "prove_switch";
      const OneRun run(cluster, step, begun);
      const std::string where = step + (begun ? ", begun: " : ": ") + cluster.state();
      EXPECT_TRUE(cluster.paused_by.empty()) << where;
      EXPECT_EQ(cluster.successor, "") << where;
      EXPECT_THAT(cluster.risks, IsEmpty()) << where;
      EXPECT_EQ(cluster.elections, 0) << where;
      for (const FakeMember& member : cluster.members) {
        EXPECT_FALSE(member.is_protected || member.deleting) << where;
      }
      const bool done = cluster.version == to;
      EXPECT_EQ(run.state(), done ? RunState::completed : RunState::cancelled) << where;
      ++cancelled;
    }
  }
  EXPECT_GE(cancelled, 36) << "the steps were not enumerated";
}

TEST(UpgradeSemiSync, StopsNobodyWhoseAcknowledgementIsNeeded) {
  SemiSyncCluster cluster;
  cluster.acknowledgements = 2;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(),
              HasSubstr("the cluster of MySQL demo/my-group has 3 member(s): while one is stopped "
                        "nothing could be committed, which takes 2 acknowledgement(s). Scale it to "
                        "4 or more"));
  EXPECT_EQ(cluster.writes, (std::vector<std::string>{"pause db", "resume db"}));
}

TEST(UpgradeSemiSync, StopsNobodyWhenTheClusterIsNotWhole) {
  SemiSyncCluster cluster;
  cluster.lacks = {"member my-group-2 is not receiving from my-group-0"};
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("the cluster of MySQL demo/my-group is not whole: member "
                                       "my-group-2 is not receiving"));
  EXPECT_EQ(cluster.writes, (std::vector<std::string>{"pause db", "resume db"}));
}

TEST(UpgradeSemiSync, IsRefusedBeforeTheReleaseThatHasTheNamesOfToday) {
  FakeGroupCluster cluster("8.0.25", "8.0.36");
  cluster.topology = semi_sync;
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(),
              HasSubstr("a semi-synchronous cluster can be upgraded only from MySQL 8.0.26 on"));
  EXPECT_THAT(cluster.writes, IsEmpty());
}

TEST(UpgradeSemiSync, WithdrawsAHandOverThatNobodyMakes) {
  SemiSyncCluster cluster;
  cluster.provisioner_is_silent = true;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("my-group-1 is not the primary. Version 9.7.4 may have "
                                       "opened"));
  EXPECT_EQ(cluster.successor, "") << "the primary would be closed some day";
  EXPECT_EQ(cluster.image(0), "image:9.7.3") << "the primary was stopped all the same";
  EXPECT_EQ(cluster.primary, 0U);
  EXPECT_TRUE(cluster.paused_by.empty());
}

TEST(UpgradeSemiSync, AsksAgainWhenTheProvisionerGaveTheMoveUp) {
  SemiSyncCluster cluster;
  cluster.given_up = 2;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(cluster.term, 2U);
  EXPECT_EQ(std::ranges::count(cluster.writes, "hand over to my-group-1"), 3);
  EXPECT_THAT(cluster.writes, Not(Contains(HasSubstr("withdraw")))) << "nothing was there";
}

TEST(UpgradeSemiSync, ButNotForEver) {
  SemiSyncCluster cluster;
  cluster.given_up = 100;
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("again and again during the upgrade. Version 9.7.4 may "
                                       "have opened"));
  EXPECT_EQ(cluster.image(0), "image:9.7.3");
  EXPECT_TRUE(cluster.paused_by.empty());
}

TEST(UpgradeSemiSync, LooksAgainWhenAMemberIsLostInTheMiddleOfTheMove) {
  for (std::size_t i = 0; i < 3; ++i) {
    SemiSyncCluster cluster;
    cluster.evict_at["hand_over_primary"] = i;
    const OneRun run(cluster);
    EXPECT_EQ(run.state(), RunState::completed) << i << run.failure();
    EXPECT_EQ(cluster.version, to) << i;
    EXPECT_THAT(cluster.risks, IsEmpty()) << i << cluster.state();
    for (std::size_t member = 0; member < 3; ++member) {
      EXPECT_EQ(cluster.image(member), "image:9.7.4") << i;
    }
  }
}

TEST(UpgradeSemiSync, AnotherRequestGoesOnAfterAMoveThatWasNotMade) {
  SemiSyncCluster cluster;
  cluster.provisioner_is_silent = true;
  ASSERT_EQ(OneRun(cluster).state(), RunState::failed);
  cluster.provisioner_is_silent = false;
  cluster.writes.clear();
  const OneRun second(cluster);
  EXPECT_EQ(second.state(), RunState::completed) << second.failure();
  EXPECT_EQ(cluster.writes,
            (std::vector<std::string>{"pause db", "hand over to my-group-1", "protect my-group-0",
                                      "delete my-group-0", "mark data-my-group-0 «9.7.4»",
                                      "release my-group-0", "record version 9.7.4", "resume db"}));
}

}  // namespace
}  // namespace ratchet::mysql::testing
