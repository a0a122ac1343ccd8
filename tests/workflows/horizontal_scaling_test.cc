// The scaling of a replication group, a member a round.
#include "workflows/mysql/horizontal_scaling.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workflows/fake_cluster.h"
#include "tests/workflows/fake_group_cluster.h"
#include "tests/workflows/restarted.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql::testing {
namespace {

using engine::RunState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct ThreeMembers : FakeGroupCluster {
  ThreeMembers() : FakeGroupCluster("9.7.4", "9.7.4") {}
};

struct FourMembers : ThreeMembers {
  FourMembers() {
    scale_to(4);
    spec_replicas = 4;
  }
};

class Scaled : public OneRun {
 public:
  Scaled(FakeGroupCluster& cluster, int members, const std::string& cancel_at = {},
         bool begun = false)
      : OneRun(cluster, horizontal_scaling_name, cluster.horizontal_request(members), cancel_at,
               begun) {}
};

template <class Cluster>
engine::testing::CrashReport scaling_matrix(int members, std::function<void(Cluster&)> fault = {}) {
  return matrix_of<Cluster>(horizontal_scaling_name, Cluster().horizontal_request(members),
                            std::move(fault));
}

TEST(HorizontalScaling, TakesInAMemberARound) {
  ThreeMembers cluster;
  const Scaled run(cluster, 5);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(run.steps(),
            "inspect_database\n"
            "pause_database\n"
            "await_drained\n"
            "inspect_group\n"
            "await_group\n"
            "set_replicas\n"
            "await_group\n"
            "set_replicas\n"
            "await_group\n"
            "record_replicas\n"
            "await_database_ready\n"
            "resume_database\n");
  EXPECT_THAT(cluster.writes, ElementsAre("pause db", "scale set to 4", "scale set to 5",
                                          "record replicas 5", "resume db"));
  EXPECT_THAT(cluster.members, SizeIs(5));
}

TEST(HorizontalScaling, HasTheLastMemberLeaveCleanlyBeforeTheNext) {
  ThreeMembers cluster;
  cluster.scale_to(5);
  cluster.spec_replicas = 5;
  const Scaled run(cluster, 3);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  const std::string one =
      "await_group\n"
      "protect_pod\n"
      "prepare_shutdown\n"
      "await_group\n"
      "set_replicas\n"
      "await_clean_shutdown\n"
      "unprotect_pod\n";
  EXPECT_EQ(run.steps(),
            "inspect_database\n"
            "pause_database\n"
            "await_drained\n"
            "inspect_group\n" +
                one + one +
                "await_group\n"
                "record_replicas\n"
                "await_database_ready\n"
                "resume_database\n");
  EXPECT_THAT(cluster.writes,
              ElementsAre("pause db", "protect my-group-4", "scale set to 4", "release my-group-4",
                          "protect my-group-3", "scale set to 3", "release my-group-3",
                          "record replicas 3", "resume db"));
  EXPECT_THAT(cluster.members, SizeIs(3));
  EXPECT_THAT(cluster.risks, IsEmpty());
  EXPECT_EQ(cluster.elections, 0);
}

TEST(HorizontalScaling, MovesThePrimaryOutOfTheWayFirst) {
  FourMembers cluster;
  cluster.primary = 3;
  const Scaled run(cluster, 3);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(cluster.primary, 0U);
  EXPECT_EQ(cluster.elections, 0) << "the primary was stopped, not moved";
  EXPECT_EQ(cluster.writes.at(1), "switch to my-group-0");

  FourMembers refusing;
  refusing.primary = 3;
  refusing.refuse["prove_switch"] = {"timeout", "pod my-group-3 still takes writes"};
  const Scaled second(refusing, 3);
  EXPECT_THAT(second.failure(), HasSubstr("still takes writes. MySQL demo/my-group has 4 members"));
  EXPECT_THAT(refusing.members, SizeIs(4)) << "it was stopped all the same";
}

TEST(HorizontalScaling, ToAsManyAsThereAreOnlySaysSo) {
  ThreeMembers cluster;
  cluster.spec_replicas = 4;
  const Scaled run(cluster, 3);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_THAT(cluster.writes, ElementsAre("pause db", "record replicas 3", "resume db"));
}

TEST(HorizontalScaling, MakesEachWriteOnceWhereverItIsStopped) {
  expect_survived(scaling_matrix<ThreeMembers>(4));
  expect_survived(scaling_matrix<FourMembers>(3, [](FourMembers& c) { c.primary = 3; }));
}

TEST(HorizontalScaling, ComesToTheSameEndWhereverItIsStoppedAfterAFault) {
  expect_survived(
      scaling_matrix<ThreeMembers>(5, [](ThreeMembers& c) { c.target_crashes_on = 4; }));
  expect_survived(
      scaling_matrix<FourMembers>(3, [](FourMembers& c) { c.members[3].exit_code = 1; }));
}

// Every step of both ways, cancelled before it is performed and while it is.
TEST(HorizontalScaling, CancelledAtAnyStepLeavesAWholeGroupOfAsManyAsItSays) {
  for (const int to : {3, 5}) {
    FourMembers undisturbed;
    std::istringstream steps(Scaled(undisturbed, to).steps());
    std::set<std::string> names;
    for (std::string step; std::getline(steps, step);) names.insert(step);
    EXPECT_GE(names.size(), 9U) << "the steps were not enumerated";
    for (const std::string& step : names) {
      for (const bool begun : {false, true}) {
        FourMembers cluster;
        const Scaled run(cluster, to, step, begun);
        const std::string where = step + (begun ? ", begun: " : ": ") + cluster.state();
        EXPECT_TRUE(cluster.paused_by.empty()) << where;
        EXPECT_THAT(cluster.risks, IsEmpty()) << where;
        EXPECT_EQ(cluster.replicas, cluster.members.size()) << where;
        EXPECT_EQ(cluster.spec_replicas, static_cast<int>(cluster.replicas)) << where;
        for (const FakeMember& member : cluster.members) {
          EXPECT_FALSE(member.is_protected || member.deleting) << where;
        }
        const bool done = cluster.spec_replicas == to;
        if (!done) EXPECT_EQ(run.state(), RunState::cancelled) << where;
      }
    }
  }
}

TEST(HorizontalScaling, TakesAMemberBackThatDoesNotComeInAndKeepsTheOthers) {
  ThreeMembers cluster;
  cluster.target_crashes_on = 4;
  const Scaled run(cluster, 6);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("member my-group-4 is OFFLINE. MySQL demo/my-group has 4 "
                                       "members, as its spec.replicas says; it had 3. Next: "));
  EXPECT_THAT(cluster.writes, ElementsAre("pause db", "scale set to 4", "scale set to 5",
                                          "restore set to 4", "keep replicas 4", "resume db"));
}

TEST(HorizontalScaling, GoesOnFromWhatAnEarlierOneCameTo) {
  ThreeMembers cluster;
  cluster.target_crashes_on = 4;
  const Scaled first(cluster, 5);
  EXPECT_EQ(first.state(), RunState::failed);
  cluster.target_crashes_on = 9;
  const Scaled second(cluster, 5);
  EXPECT_EQ(second.state(), RunState::completed) << second.failure();
  EXPECT_EQ(cluster.spec_replicas, 5);
}

TEST(HorizontalScaling, SaysWhatIsLeftOfAMemberThatDidNotEndCleanly) {
  FourMembers cluster;
  cluster.members[3].exit_code = 137;
  const Scaled run(cluster, 3);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("the server in my-group-3 was killed. MySQL demo/my-group "
                                       "has 3 members"));
  EXPECT_THAT(cluster.members, SizeIs(3));
  EXPECT_EQ(cluster.spec_replicas, 3);
}

TEST(HorizontalScaling, LeavesAMemberInThatCannotBePrepared) {
  FourMembers cluster;
  cluster.refuse["prepare_shutdown"] = {"unavailable", "no answer"};
  const Scaled run(cluster, 3);
  EXPECT_THAT(run.failure(), HasSubstr("no answer. MySQL demo/my-group has 4 members"));
  EXPECT_THAT(cluster.writes,
              ElementsAre("pause db", "protect my-group-3", "release my-group-3", "resume db"));
}

// Red if the spec waits for the member that stays.
TEST(HorizontalScaling, SaysHowManyItCameToBeforeItAwaitsTheOneThatStays) {
  ThreeMembers cluster;
  cluster.scale_to(5);
  cluster.spec_replicas = 5;
  int prepared = 0;
  cluster.at_begin = [&prepared](const std::string& activity) {
    if (activity != "prepare_shutdown" || ++prepared < 2) return;
    throw Refusal{{"unavailable", "no answer"}};
  };
  cluster.refuse["await_pod_ready"] = {"timeout", "pod demo/my-group-3 did not become ready"};
  const Scaled run(cluster, 3);
  EXPECT_THAT(run.failure(), HasSubstr("no answer. After that: pod demo/my-group-3 did not"));
  EXPECT_EQ(cluster.spec_replicas, 4);
}

TEST(HorizontalScaling, LooksAnewWhenSomebodyElseDeletesTheMember) {
  for (const char* moment : {"inspect_group", "await_group", "protect_pod", "prepare_shutdown"}) {
    FourMembers cluster;
    cluster.evict_at[moment] = 3;
    const Scaled run(cluster, 3);
    const std::string where = std::string(moment) + " " + cluster.state();
    EXPECT_EQ(run.state(), RunState::completed) << where << run.failure();
    EXPECT_THAT(cluster.members, SizeIs(3)) << where;
    EXPECT_THAT(cluster.risks, IsEmpty()) << where;
  }
}

TEST(HorizontalScaling, TouchesNothingWhileAMemberIsMissing) {
  ThreeMembers cluster;
  cluster.lacks = {"member my-group-2 is RECOVERING"};
  const Scaled run(cluster, 4);
  EXPECT_THAT(run.failure(), HasSubstr("is not whole: member my-group-2 is RECOVERING"));
  EXPECT_THAT(cluster.writes, ElementsAre("pause db", "resume db"));
}

TEST(HorizontalScaling, IsForReplicationGroupsOnly) {
  ThreeMembers cluster;
  cluster.topology = semi_sync;
  const Scaled run(cluster, 4);
  EXPECT_EQ(run.failure(),
            "OpsRequest haven't pointed to a Group Replication, Horizontal scaling applicable only "
            "for group Replication: its spec.topology.mode is SemiSync");
  EXPECT_THAT(cluster.writes, IsEmpty());

  FakeCluster standalone("11.8.6", "11.8.6");
  const OneRun second(standalone, horizontal_scaling_name, standalone.horizontal_request(3));
  EXPECT_THAT(second.failure(), HasSubstr("it is a standalone server"));
  EXPECT_THAT(standalone.writes, IsEmpty());
}

TEST(HorizontalScaling, SaysWhatToDoWhenItCannotSettle) {
  ThreeMembers cluster;
  cluster.target_crashes_on = 3;
  cluster.refuse["restore_replicas"] = {"gone", "the StatefulSet is gone"};
  const Scaled run(cluster, 4);
  EXPECT_THAT(run.failure(), HasSubstr("my-group-3 is OFFLINE. After that: the StatefulSet is "
                                       "gone. Next: see that MySQL demo/my-group says "
                                       "spec.replicas: 3"));
  EXPECT_TRUE(cluster.paused_by.empty());
}

}  // namespace
}  // namespace ratchet::mysql::testing
