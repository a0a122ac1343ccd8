// The restart of replication groups and semi-synchronous clusters, member by member.
#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workflows/fake_group_cluster.h"
#include "tests/workflows/restarted.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql::testing {
namespace {

using engine::RunState;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Group : FakeGroupCluster {
  Group() : FakeGroupCluster("9.7.4", "9.7.4") {}

  std::vector<std::string> uids() const { return {members[0].uid, members[1].uid, members[2].uid}; }
  // How many pods are others than at first.
  std::ptrdiff_t replaced() const {
    const std::vector<std::string> now = uids();
    return std::ranges::count_if(
        now, [&](const std::string& uid) { return std::ranges::find(first, uid) == first.end(); });
  }
  // The pods that the run deleted, in order.
  std::vector<std::string> deleted() const {
    std::vector<std::string> pods;
    for (const std::string& write : writes) {
      if (write.starts_with("delete ")) pods.push_back(write.substr(7));
    }
    return pods;
  }
  const std::vector<std::string> first = uids();
};

struct SemiSync : Group {
  SemiSync() { topology = semi_sync; }
};

std::string one_member() {
  return "await_group\n"
         "protect_pod\n"
         "prepare_shutdown\n"
         "await_group\n"
         "delete_pod\n"
         "await_clean_shutdown\n"
         "unprotect_pod\n"
         "await_pod_ready\n"
         "verify_server\n";
}

std::string all_steps(const std::string& switching) {
  return "inspect_database\n"
         "pause_database\n"
         "await_drained\n"
         "inspect_group\n" +
         one_member() + one_member() + "await_group\n" + switching +
         "\n"
         "prove_switch\n" +
         one_member() +
         "await_group\n"
         "verify_group\n"
         "await_database_ready\n"
         "resume_database\n";
}

TEST(RestartGroup, GoesMemberByMemberAndMovesThePrimaryBeforeItsTurn) {
  Group cluster;
  const Restarted run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(run.steps(), all_steps("switch_primary"));
  EXPECT_EQ(cluster.state(),
            "MySQL 9.7.4, set image:9.7.4, primary my-group-1\n"
            "my-group-0 pod0-6 image:9.7.4 «»\n"
            "my-group-1 pod1-4 image:9.7.4 «»\n"
            "my-group-2 pod2-5 image:9.7.4 «»\n"
            "delete my-group-0\n"
            "delete my-group-1\n"
            "delete my-group-2\n"
            "pause db\n"
            "protect my-group-0\n"
            "protect my-group-1\n"
            "protect my-group-2\n"
            "release my-group-0\n"
            "release my-group-1\n"
            "release my-group-2\n"
            "resume db\n"
            "switch to my-group-1\n");
  EXPECT_EQ(cluster.elections, 0) << "the primary was stopped, not moved";
}

TEST(RestartGroup, TakesTheSecondariesInOrderWhoeverIsThePrimary) {
  Group cluster;
  cluster.primary = 1;
  const Restarted run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_THAT(cluster.deleted(), ElementsAre("my-group-0", "my-group-2", "my-group-1"));
  EXPECT_EQ(cluster.primary, 0U);
}

TEST(RestartGroup, MakesEachWriteOnceWhereverItIsStopped) {
  const auto report = restart_matrix<Group>();
  expect_survived(report);
  EXPECT_GT(report.activities, 30U);
}

TEST(RestartGroup, ComesToTheSameEndWhereverItIsStoppedAfterAFault) {
  expect_survived(restart_matrix<Group>([](Group& c) { c.members[1].exit_code = 137; }));
  expect_survived(restart_matrix<Group>([](Group& c) { c.members[2].exit_code = 137; }));
  expect_survived(restart_matrix<Group>([](Group& c) { c.evict_at["pause_database"] = 2; }));
  expect_survived(restart_matrix<Group>([](Group& c) { c.evict_at["unprotect_pod"] = 0; }));
}

// Every step of a restart without faults, cancelled before it is performed and while it is.
TEST(RestartGroup, CancelledAtAnyStepLeavesTheGroupWhole) {
  Group undisturbed;
  std::istringstream steps(Restarted(undisturbed).steps());
  std::set<std::string> names;
  for (std::string step; std::getline(steps, step);) names.insert(step);
  int cancelled = 0;
  for (const std::string& step : names) {
    for (const bool begun : {false, true}) {
      Group cluster;
      const Restarted run(cluster, step, begun);
      const std::string where = step + (begun ? ", begun: " : ": ") + cluster.state();
      EXPECT_TRUE(cluster.paused_by.empty()) << where;
      EXPECT_THAT(cluster.risks, IsEmpty()) << where;
      EXPECT_EQ(cluster.elections, 0) << where;
      for (const FakeMember& member : cluster.members) {
        EXPECT_FALSE(member.is_protected || member.deleting) << where;
      }
      const bool done = cluster.replaced() == 3;
      EXPECT_EQ(run.state(), done ? RunState::completed : RunState::cancelled) << where;
      ++cancelled;
    }
  }
  EXPECT_EQ(cancelled, 34) << "the steps were not enumerated";
}

TEST(RestartGroup, CancelledInAMembersTurnEndsBehindIt) {
  Group cluster;
  const Restarted run(cluster, "await_clean_shutdown");
  EXPECT_EQ(run.state(), RunState::cancelled);
  EXPECT_THAT(run.failure(), HasSubstr("Restarted before that: my-group-1; the others serve"));
  EXPECT_EQ(cluster.replaced(), 1);
}

TEST(RestartGroup, StopsNobodyWhenTheGroupIsNotWholeOrTooSmall) {
  Group cluster;
  cluster.lacks = {"member my-group-2 is RECOVERING"};
  const Restarted run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("is not whole: member my-group-2 is RECOVERING"));
  EXPECT_THAT(cluster.writes, ElementsAre("pause db", "resume db"));

  Group small;
  small.replicas = 2;
  const Restarted second(small);
  EXPECT_THAT(second.failure(), HasSubstr("while one is stopped the others must have a majority"));
  EXPECT_THAT(small.writes, ElementsAre("pause db", "resume db"));
}

TEST(RestartGroup, IsRefusedWhereItWouldChangeAVersionAndForOtherTopologies) {
  Group cluster;
  cluster.members[1].image = "image:9.7.3";
  const Restarted run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("pod demo/my-group-1 has another image than its "));
  EXPECT_THAT(cluster.writes, ElementsAre("pause db", "resume db"));

  Group other;
  other.topology = "InnoDBCluster";
  const Restarted second(other);
  EXPECT_THAT(second.failure(),
              HasSubstr("a database with spec.topology.mode InnoDBCluster cannot be restarted"));
  EXPECT_THAT(other.writes, IsEmpty());
}

TEST(RestartGroup, EndsBehindAMemberThatDidNotEndCleanly) {
  Group cluster;
  cluster.members[2].exit_code = 137;
  const Restarted run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("the server in my-group-2 was killed. pod demo/my-group-2 "
                                       "is ready. Restarted before that: my-group-1; "));
  EXPECT_THAT(cluster.deleted(), ElementsAre("my-group-1", "my-group-2"));
  EXPECT_FALSE(cluster.members[2].is_protected);
  EXPECT_EQ(cluster.primary, 0U);
  EXPECT_TRUE(cluster.paused_by.empty());
}

TEST(RestartGroup, TouchesNoOtherMemberWhenOneDoesNotComeBack) {
  Group cluster;
  cluster.refuse["await_pod_ready"] = {"timeout", "pod demo/my-group-1 did not become ready"};
  const Restarted run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("remove what keeps pod demo/my-group-1 from serving"));
  EXPECT_THAT(run.failure(), HasSubstr("Restarted before that: none"));
  EXPECT_THAT(cluster.deleted(), ElementsAre("my-group-1"));
  EXPECT_FALSE(cluster.members[1].is_protected);
}

TEST(RestartGroup, DoesNotRestartAMemberThatSomebodyElseHasReplaced) {
  for (std::size_t i = 0; i < 3; ++i) {
    Group cluster;
    cluster.evict_at["inspect_group"] = i;
    const Restarted run(cluster);
    EXPECT_EQ(run.state(), RunState::completed) << i << run.failure();
    EXPECT_EQ(cluster.replaced(), 3) << i;
    EXPECT_THAT(cluster.deleted(), Not(Contains("my-group-" + std::to_string(i))));
    EXPECT_EQ(cluster.deleted().size(), 2U) << i;
  }
}

TEST(RestartGroup, GoesOnWhenMembersAreReplacedInTheMiddle) {
  for (const char* moment : {"await_group", "protect_pod", "delete_pod", "prove_switch"}) {
    for (std::size_t i = 0; i < 3; ++i) {
      Group cluster;
      cluster.evict_at[moment] = i;
      const Restarted run(cluster);
      const std::string where = std::string(moment) + std::to_string(i) + " " + cluster.state();
      EXPECT_EQ(run.state(), RunState::completed) << where << run.failure();
      EXPECT_EQ(cluster.replaced(), 3) << where;
      EXPECT_THAT(cluster.risks, IsEmpty()) << where;
    }
  }
}

TEST(RestartGroup, LeavesThePrimaryAloneThatCouldNotBeMoved) {
  Group cluster;
  cluster.refuse["prove_switch"] = {"timeout", "pod my-group-0 still takes writes"};
  const Restarted run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("still takes writes. Restarted before that: my-group-1, "
                                       "my-group-2; "));
  EXPECT_EQ(cluster.members[0].uid, cluster.first[0]) << "it was stopped all the same";
}

TEST(RestartSemiSync, HandsThePrimaryOverBeforeItsTurn) {
  SemiSync cluster;
  const Restarted run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(run.steps(), all_steps("hand_over_primary"));
  EXPECT_EQ(cluster.term, 2U);
  EXPECT_EQ(cluster.elections, 0);
  EXPECT_EQ(cluster.replaced(), 3);
}

TEST(RestartSemiSync, MakesEachWriteOnceWhereverItIsStopped) {
  expect_survived(restart_matrix<SemiSync>());
  expect_survived(restart_matrix<SemiSync>([](SemiSync& c) { c.given_up = 1; }));
  expect_survived(restart_matrix<SemiSync>([](SemiSync& c) { c.provisioner_is_silent = true; }));
}

TEST(RestartSemiSync, WithdrawsAHandOverThatNobodyMakes) {
  SemiSync cluster;
  cluster.provisioner_is_silent = true;
  const Restarted run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(cluster.successor, "") << "the primary would be closed some day";
  EXPECT_EQ(cluster.members[0].uid, cluster.first[0]) << "the primary was stopped all the same";
  EXPECT_TRUE(cluster.paused_by.empty());
}

TEST(RestartSemiSync, AsksAgainWhenTheProvisionerGaveTheMoveUpButNotForEver) {
  SemiSync cluster;
  cluster.given_up = 2;
  const Restarted run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(std::ranges::count(cluster.writes, "hand over to my-group-1"), 3);

  SemiSync stubborn;
  stubborn.given_up = 100;
  const Restarted second(stubborn);
  EXPECT_THAT(second.failure(), HasSubstr("by somebody else again and again during the restart"));
  EXPECT_EQ(stubborn.members[0].uid, stubborn.first[0]);
  EXPECT_TRUE(stubborn.paused_by.empty());
}

TEST(RestartSemiSync, StopsNobodyWhoseAcknowledgementIsNeeded) {
  SemiSync cluster;
  cluster.acknowledgements = 2;
  const Restarted run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("which takes 2 acknowledgement(s). Scale it to 4 or more"));
  EXPECT_THAT(cluster.writes, ElementsAre("pause db", "resume db"));
}

}  // namespace
}  // namespace ratchet::mysql::testing
