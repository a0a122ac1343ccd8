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

namespace ratchet::mysql::testing {
namespace {

using engine::RunState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* from = "9.7.3";
constexpr const char* to = "9.7.4";

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

TEST(UpgradeGroup, GoesMemberByMemberAndMovesThePrimaryBeforeItsTurn) {
  FakeGroupCluster cluster(from, to);
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
                "switch_primary\n"
                "prove_switch\n" +
                one_member() +
                "await_group\n"
                "verify_group\n"
                "record_version\n"
                "await_database_ready\n"
                "resume_database\n");
  EXPECT_EQ(cluster.state(),
            "MySQL 9.7.4, set image:9.7.4, primary my-group-1\n"
            "my-group-0 pod0-6 image:9.7.4 «9.7.4»\n"
            "my-group-1 pod1-4 image:9.7.4 «9.7.4»\n"
            "my-group-2 pod2-5 image:9.7.4 «9.7.4»\n"
            "change image of set to image:9.7.4\n"
            "delete my-group-0\n"
            "delete my-group-1\n"
            "delete my-group-2\n"
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
            "resume db\n"
            "switch to my-group-1\n");
  EXPECT_EQ(cluster.elections, 0) << "the primary was stopped, not moved";
}

TEST(UpgradeGroup, TakesTheSecondariesInOrderWhoeverIsThePrimary) {
  FakeGroupCluster cluster(from, to);
  cluster.primary = 1;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed);
  std::vector<std::string> deleted;
  for (const std::string& write : cluster.writes) {
    if (write.starts_with("delete")) deleted.push_back(write);
  }
  EXPECT_EQ(deleted, (std::vector<std::string>{"delete my-group-0", "delete my-group-2",
                                               "delete my-group-1"}));
  EXPECT_EQ(cluster.primary, 0U);
}

TEST(UpgradeGroup, IsLookedAtBeforeAnythingIsTouched) {
  FakeGroupCluster cluster(from, to);
  Finding& found = cluster.findings.emplace_back();
  found.set_severity(BLOCKING);
  found.set_check("xa-prepared");
  found.set_pod("my-group-2");
  found.set_what("a transaction is prepared");
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("blocking xa-prepared (my-group-2): a transaction"));
  EXPECT_THAT(cluster.writes, IsEmpty()) << "not even paused";
}

engine::testing::CrashReport matrix(const std::function<void(FakeGroupCluster&)>& fault = {}) {
  engine::testing::CrashCase crash_case;
  crash_case.registry = add_workflows;
  crash_case.world = [=] {
    auto cluster = std::make_unique<FakeGroupCluster>(from, to);
    if (fault) fault(*cluster);
    return cluster;
  };
  crash_case.workflow = update_version_name;
  crash_case.input = FakeGroupCluster(from, to).request().SerializeAsString();
  if (!fault) engine::testing::must_not_depend_on_the_way(crash_case);
  return engine::testing::run_crash_matrix(crash_case);
}

TEST(UpgradeGroup, MakesEachWriteOnceWhereverItIsStopped) {
  const auto report = matrix();
  expect_survived(report);
  EXPECT_GT(report.activities, 35U);
}

TEST(UpgradeGroup, ComesToTheSameEndWhereverItIsStoppedAfterAFault) {
  expect_survived(matrix([](FakeGroupCluster& c) { c.members[1].exit_code = 137; }));
  expect_survived(matrix([](FakeGroupCluster& c) { c.members[2].exit_code = 137; }));
  expect_survived(matrix([](FakeGroupCluster& c) { c.target_image_missing = true; }));
  expect_survived(matrix([](FakeGroupCluster& c) { c.target_crashes_on = 0; }));
  expect_survived(matrix([](FakeGroupCluster& c) { c.evict_at["change_image"] = 2; }));
}

// Every step of an upgrade without faults, cancelled before it is performed and while it is.
TEST(UpgradeGroup, CancelledAtAnyStepLeavesTheGroupWhole) {
  FakeGroupCluster undisturbed(from, to);
  std::istringstream steps(OneRun(undisturbed).steps());
  std::set<std::string> names;
  for (std::string step; std::getline(steps, step);) names.insert(step);
  int cancelled = 0;
  for (const std::string& step : names) {
    for (const bool begun : {false, true}) {
      FakeGroupCluster cluster(from, to);
      const OneRun run(cluster, step, begun);
      const std::string where = step + (begun ? ", begun: " : ": ") + cluster.state();
      EXPECT_TRUE(cluster.paused_by.empty()) << where;
      EXPECT_THAT(cluster.risks, IsEmpty()) << where;
      EXPECT_EQ(cluster.elections, 0) << where;
      bool opened = false;
      for (const FakeMember& member : cluster.members) {
        EXPECT_FALSE(member.is_protected || member.deleting) << where;
        opened = opened || member.image == "image:9.7.4";
        EXPECT_EQ(member.claim_version, member.image == "image:9.7.4" ? to : "") << where;
      }
      // Undone, or left in the middle with what is done on record, or done.
      EXPECT_EQ(cluster.set_image, opened ? "image:9.7.4" : "image:9.7.3") << where;
      const bool done = cluster.version == to;
      EXPECT_EQ(run.state(), done ? RunState::completed : RunState::cancelled) << where;
      if (!done && opened)
        EXPECT_THAT(run.failure(), HasSubstr("the only way is forward")) << where;
      ++cancelled;
    }
  }
  EXPECT_GE(cancelled, 36) << "the steps were not enumerated";
}

TEST(UpgradeGroup, StopsNobodyWhenTheGroupIsNotWhole) {
  FakeGroupCluster cluster(from, to);
  cluster.lacks = {"member my-group-2 is RECOVERING"};
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("is not whole: member my-group-2 is RECOVERING"));
  EXPECT_EQ(cluster.writes, (std::vector<std::string>{"pause db", "resume db"}));
}

// Of two members neither is a majority, so the group would stop with the first of them.
TEST(UpgradeGroup, IsRefusedWhereTheOthersWouldHaveNoMajority) {
  for (const std::size_t replicas : {1U, 2U}) {
    FakeGroupCluster cluster(from, to);
    cluster.replicas = replicas;
    const OneRun run(cluster);
    EXPECT_EQ(run.state(), RunState::failed);
    EXPECT_THAT(run.failure(), HasSubstr("has " + std::to_string(replicas) +
                                         " member(s): while one is stopped the others must have a "
                                         "majority. Scale it to 3 or more"));
    EXPECT_EQ(cluster.writes, (std::vector<std::string>{"pause db", "resume db"}));
  }
}

TEST(UpgradeGroup, LooksAtTheVersionsThatRun) {
  FakeGroupCluster cluster(from, to);
  cluster.members[1].image = "image:9.7.2";
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("my-group-1 is version 9.7.2, but MySQLVersion 9.7.3 says"));
  EXPECT_EQ(cluster.writes, (std::vector<std::string>{"pause db", "resume db"}));
}

TEST(UpgradeGroup, LooksAtWhatMayHaveOpenedEachVolume) {
  FakeGroupCluster cluster(from, to);
  cluster.members[2].claim_version = "9.7.5";
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("may have been opened by version 9.7.5"));
  EXPECT_EQ(cluster.writes.size(), 2U);
}

// Other ways than those of one LTS series are new_set_test's.
TEST(UpgradeGroup, IsRefusedFromOldReleasesAndForOtherTopologies) {
  for (const auto& [old, target] : {std::pair("5.7.44", "8.0.36"), std::pair("11.8.5", "11.8.6")}) {
    FakeGroupCluster cluster(old, target);
    const OneRun run(cluster);
    EXPECT_THAT(run.failure(), HasSubstr("only from MySQL 8.0.22 on")) << old;
    EXPECT_THAT(cluster.writes, IsEmpty());
  }
  FakeGroupCluster cluster(from, to);
  cluster.topology = "InnoDBCluster";
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(),
              HasSubstr("a database with spec.topology.mode InnoDBCluster cannot be upgraded"));
}

TEST(UpgradeGroup, IsUndoneWhileNoVolumeWasOpened) {
  FakeGroupCluster cluster(from, to);
  cluster.members[1].exit_code = 137;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("was killed. The upgrade was undone"));
  EXPECT_EQ(cluster.set_image, "image:9.7.3");
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cluster.image(i), "image:9.7.3");
    EXPECT_EQ(cluster.members[i].claim_version, "");
  }
  EXPECT_TRUE(cluster.paused_by.empty());
}

TEST(UpgradeGroup, GoesBackFromAnImageThatCannotBePulled) {
  FakeGroupCluster cluster(from, to);
  cluster.target_image_missing = true;
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("The upgrade was undone"));
  EXPECT_EQ(cluster.image(1), "image:9.7.3");
  EXPECT_EQ(cluster.set_image, "image:9.7.3");
  EXPECT_FALSE(cluster.members[1].is_protected);
}

TEST(UpgradeGroup, OnlyGoesForwardOnceAVolumeWasOpenedAndTheOthersServe) {
  FakeGroupCluster cluster(from, to);
  cluster.members[2].exit_code = 137;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("the only way is forward"));
  EXPECT_THAT(run.failure(), HasSubstr("remove what keeps pod demo/my-group-2"));
  EXPECT_EQ(cluster.set_image, "image:9.7.4")
      << "member 1 must not come back as the former version";
  EXPECT_EQ(cluster.members[2].claim_version, to);
  EXPECT_FALSE(cluster.members[2].is_protected);
  EXPECT_EQ(cluster.primary, 0U);
  EXPECT_EQ(cluster.image(0), "image:9.7.3");
  EXPECT_EQ(cluster.version, from);
  EXPECT_TRUE(cluster.paused_by.empty());
}

TEST(UpgradeGroup, TouchesNoOtherMemberWhenOneDoesNotComeBack) {
  FakeGroupCluster cluster(from, to);
  cluster.target_crashes_on = 1;
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("the only way is forward"));
  EXPECT_EQ(cluster.image(2), "image:9.7.3");
  EXPECT_EQ(cluster.image(0), "image:9.7.3");
  EXPECT_EQ(cluster.set_image, "image:9.7.4");
  EXPECT_FALSE(cluster.members[1].is_protected);
}

TEST(UpgradeGroup, AnotherRequestGoesOnWithTheMembersThatAreLeft) {
  FakeGroupCluster cluster(from, to);
  cluster.members[2].exit_code = 137;
  const OneRun first(cluster);
  ASSERT_EQ(first.state(), RunState::failed);
  cluster.writes.clear();
  const OneRun second(cluster);
  EXPECT_EQ(second.state(), RunState::completed) << second.failure();
  EXPECT_EQ(cluster.version, to);
  const std::vector<std::string> expected{"pause db",
                                          "switch to my-group-1",
                                          "protect my-group-0",
                                          "delete my-group-0",
                                          "mark data-my-group-0 «9.7.4»",
                                          "release my-group-0",
                                          "record version 9.7.4",
                                          "resume db"};
  EXPECT_EQ(cluster.writes, expected);
}

TEST(UpgradeGroup, AMemberThatSomebodyElseReplacesCountsAsUpgraded) {
  for (const char* moment : {"change_image", "protect_pod", "await_pod_ready", "prove_switch"}) {
    for (std::size_t i = 0; i < 3; ++i) {
      FakeGroupCluster cluster(from, to);
      cluster.evict_at[moment] = i;
      const OneRun run(cluster);
      const std::string where = std::string(moment) + std::to_string(i) + " " + cluster.state();
      EXPECT_EQ(run.state(), RunState::completed) << where << run.failure();
      EXPECT_EQ(cluster.version, to) << where;
      EXPECT_THAT(cluster.risks, IsEmpty()) << where;
    }
  }
}

TEST(UpgradeGroup, ReplacedJustBeforeItIsProtectedItIsLookedAtAnew) {
  FakeGroupCluster cluster(from, to);
  cluster.evict_at["await_group"] = 1;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(cluster.image(1), "image:9.7.4");
}

// The StatefulSet makes pods of the image that it had when the eviction was carried out.
TEST(UpgradeGroup, IsNotUndoneUnderAMemberThatSomebodyElseHasReplaced) {
  FakeGroupCluster cluster(from, to);
  cluster.members[1].exit_code = 137;
  cluster.evict_at["delete_pod"] = 2;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("the only way is forward"));
  EXPECT_EQ(cluster.set_image, "image:9.7.4");
  EXPECT_FALSE(cluster.members[1].is_protected);
}

TEST(UpgradeGroup, SaysWhatIsLeftWhenUndoingFails) {
  FakeGroupCluster cluster(from, to);
  cluster.members[1].exit_code = 1;
  cluster.refuse["restore_stateful_set"] = {"name_taken", "the name is taken"};
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("Undoing the upgrade failed too: the name is taken"));
  EXPECT_TRUE(cluster.paused_by.empty());
}

TEST(UpgradeGroup, SaysSoWhenThePrimaryDoesNotStay) {
  FakeGroupCluster cluster(from, to);
  cluster.refuse["prove_switch"] = {"timeout", "pod my-group-0 still takes writes"};
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("still takes writes. Version 9.7.4 may have opened"));
  EXPECT_EQ(cluster.image(0), "image:9.7.3") << "the former primary was stopped all the same";
}

}  // namespace
}  // namespace ratchet::mysql::testing
