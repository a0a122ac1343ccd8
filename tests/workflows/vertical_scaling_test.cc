// Other resources for the servers of each topology.
#include "workflows/mysql/vertical_scaling.h"

#include <set>
#include <sstream>
#include <string>

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

struct OneServer : FakeCluster {
  OneServer() : FakeCluster("11.8.6", "11.8.6") {}
};

struct GroupOfThree : FakeGroupCluster {
  GroupOfThree() : FakeGroupCluster("9.7.4", "9.7.4") {}
};

class Resized : public OneRun {
 public:
  template <class Cluster>
  explicit Resized(Cluster& cluster, const std::string& cancel_at = {}, bool begun = false)
      : OneRun(cluster, vertical_scaling_name, cluster.vertical_request(), cancel_at, begun) {}
};

template <class Cluster>
engine::testing::CrashReport resize_matrix(std::function<void(Cluster&)> fault = {}) {
  return matrix_of<Cluster>(vertical_scaling_name, Cluster().vertical_request(), std::move(fault));
}

TEST(VerticalScaling, OfAStandaloneServerRestartsItWithTheNewResources) {
  OneServer cluster;
  const Resized run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(run.steps(),
            "inspect_database\n"
            "pause_database\n"
            "await_drained\n"
            "inspect_workload\n"
            "find_pods\n"
            "inspect_server\n"
            "change_resources\n"
            "protect_pod\n"
            "prepare_shutdown\n"
            "delete_pod\n"
            "await_clean_shutdown\n"
            "unprotect_pod\n"
            "await_pod_ready\n"
            "verify_server\n"
            "record_resources\n"
            "await_database_ready\n"
            "resume_database\n");
  EXPECT_EQ(cluster.state(),
            "MySQL 11.8.6, claim «», set set1 image:11.8.6, pod pod2 image:11.8.6 bigger, set with "
            "bigger, spec with bigger\n"
            "change resources of set to bigger\n"
            "delete pod1\n"
            "pause db\n"
            "protect pod1\n"
            "record resources bigger\n"
            "release pod1\n"
            "resume db\n");
}

TEST(VerticalScaling, OfAClusterGoesMemberByMember) {
  for (const char* topology : {replication_group, semi_sync}) {
    GroupOfThree cluster;
    cluster.topology = topology;
    const Resized run(cluster);
    EXPECT_EQ(run.state(), RunState::completed) << topology << run.failure();
    for (const FakeMember& member : cluster.members) EXPECT_EQ(member.resources, "bigger");
    EXPECT_EQ(cluster.writes.at(1), "change resources of set to bigger") << topology;
    EXPECT_EQ(cluster.writes.at(2), "protect my-group-1") << topology;
    EXPECT_EQ(cluster.writes.at(cluster.writes.size() - 2), "record resources bigger");
    EXPECT_EQ(cluster.primary, 1U) << topology;
    EXPECT_EQ(cluster.elections, 0) << "the primary was stopped, not moved";
    EXPECT_THAT(cluster.risks, IsEmpty()) << topology;
  }
}

TEST(VerticalScaling, MakesEachWriteOnceWhereverItIsStopped) {
  expect_survived(resize_matrix<OneServer>());
  expect_survived(resize_matrix<GroupOfThree>());
}

TEST(VerticalScaling, ComesToTheSameEndWhereverItIsStoppedAfterAFault) {
  expect_survived(resize_matrix<OneServer>([](OneServer& c) { c.unschedulable = "bigger"; }));
  expect_survived(resize_matrix<GroupOfThree>([](GroupOfThree& c) { c.unschedulable = "bigger"; }));
}

// Every step of a scaling without faults, cancelled before it is performed and while it is.
TEST(VerticalScaling, CancelledAtAnyStepLeavesSetAndSpecOfOneMind) {
  GroupOfThree undisturbed;
  std::istringstream steps(Resized(undisturbed).steps());
  std::set<std::string> names;
  for (std::string step; std::getline(steps, step);) names.insert(step);
  EXPECT_EQ(names.size(), 19U) << "the steps were not enumerated";
  for (const std::string& step : names) {
    for (const bool begun : {false, true}) {
      GroupOfThree cluster;
      const Resized run(cluster, step, begun);
      const std::string where = step + (begun ? ", begun: " : ": ") + cluster.state();
      EXPECT_TRUE(cluster.paused_by.empty()) << where;
      EXPECT_EQ(cluster.set_resources, cluster.spec_resources) << where;
      EXPECT_THAT(cluster.risks, IsEmpty()) << where;
      for (const FakeMember& member : cluster.members) {
        EXPECT_FALSE(member.is_protected || member.deleting) << where;
      }
      const bool done = cluster.spec_resources == "bigger";
      EXPECT_EQ(run.state(), done ? RunState::completed : RunState::cancelled) << where;
    }
  }
}

TEST(VerticalScaling, StartsAServerAsItWasThatNoNodeHasRoomFor) {
  OneServer cluster;
  cluster.unschedulable = "bigger";
  const Resized run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("did not become ready. The former server has ended."));
  EXPECT_THAT(run.failure(), HasSubstr("The StatefulSet of MySQL demo/db has its former resources "
                                       "again"));
  EXPECT_THAT(cluster.writes,
              ElementsAre("pause db", "change resources of set to bigger", "protect pod1",
                          "delete pod1", "release pod1", "restore resources of set", "protect pod2",
                          "delete pod2", "release pod2", "resume db"));
  EXPECT_EQ(cluster.pod->resources, "former");
  EXPECT_EQ(cluster.spec_resources, "former");

  GroupOfThree group;
  group.unschedulable = "bigger";
  const Resized second(group);
  EXPECT_THAT(second.failure(), HasSubstr("Restarted before that: none"));
  for (const FakeMember& member : group.members) EXPECT_EQ(member.resources, "former");
  EXPECT_EQ(group.set_resources, "former");
}

TEST(VerticalScaling, LeavesAServerAloneThatStartedAndDoesNotServe) {
  GroupOfThree cluster;
  cluster.refuse["await_pod_ready"] = {"timeout", "pod demo/my-group-1 did not become ready"};
  const Resized run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("a pod that was started with the new ones has them until"));
  EXPECT_EQ(cluster.members[1].resources, "bigger");
  EXPECT_EQ(cluster.set_resources, "former");
  EXPECT_FALSE(cluster.members[1].is_protected);
}

TEST(VerticalScaling, SaysWhatToDoWhenTheFormerResourcesCannotBeGivenBack) {
  OneServer cluster;
  cluster.unschedulable = "bigger";
  cluster.refuse["restore_resources"] = {"gone", "the StatefulSet is gone"};
  const Resized run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("Giving the former resources back failed too: the "
                                       "StatefulSet is gone. Next: "));
  EXPECT_TRUE(cluster.paused_by.empty());
}

TEST(VerticalScaling, StopsNobodyWhereARestartWouldNot) {
  GroupOfThree cluster;
  cluster.lacks = {"member my-group-2 is RECOVERING"};
  const Resized run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("is not whole: member my-group-2 is RECOVERING"));
  EXPECT_THAT(cluster.writes, ElementsAre("pause db", "resume db"));

  GroupOfThree other;
  other.topology = "InnoDBCluster";
  const Resized second(other);
  EXPECT_THAT(second.failure(), HasSubstr("only standalone databases, replication groups"));
  EXPECT_THAT(other.writes, IsEmpty());
}

}  // namespace
}  // namespace ratchet::mysql::testing
