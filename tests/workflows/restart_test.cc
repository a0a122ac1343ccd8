// The restart of a standalone server; of clusters in restart_cluster_test.cc.
#include "workflows/mysql/restart.h"

#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workflows/fake_cluster.h"
#include "tests/workflows/restarted.h"

namespace ratchet::mysql::testing {
namespace {

using engine::RunState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Standalone : FakeCluster {
  Standalone() : FakeCluster("11.8.6", "11.8.6") {}
};

TEST(Restart, StopsTheServerCleanlyAndStartsItOnItsVolume) {
  Standalone cluster;
  const Restarted run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(run.steps(),
            "inspect_database\n"
            "pause_database\n"
            "await_drained\n"
            "inspect_workload\n"
            "find_pods\n"
            "inspect_server\n"
            "protect_pod\n"
            "prepare_shutdown\n"
            "delete_pod\n"
            "await_clean_shutdown\n"
            "unprotect_pod\n"
            "await_pod_ready\n"
            "verify_server\n"
            "await_database_ready\n"
            "resume_database\n");
  EXPECT_EQ(cluster.state(),
            "MySQL 11.8.6, claim «», set set1 image:11.8.6, pod pod2 image:11.8.6\n"
            "delete pod1\n"
            "pause db\n"
            "protect pod1\n"
            "release pod1\n"
            "resume db\n");
}

TEST(Restart, MakesEachWriteOnceWhereverItIsStopped) {
  expect_survived(restart_matrix<Standalone>());
  expect_survived(restart_matrix<Standalone>([](Standalone& c) { c.exit_code = 137; }));
  expect_survived(restart_matrix<Standalone>([](Standalone& c) { c.evict_at = "protect_pod"; }));
}

// Every step of a restart without faults, cancelled before it is performed and while it is.
TEST(Restart, CancelledAtAnyStepLeavesTheServerServing) {
  Standalone undisturbed;
  std::istringstream steps(Restarted(undisturbed).steps());
  bool ended = false;
  int cancelled = 0;
  for (std::string step; std::getline(steps, step);) {
    ended = ended || step == "await_clean_shutdown";
    for (const bool begun : {false, true}) {
      Standalone cluster;
      const Restarted run(cluster, step, begun);
      const std::string where = step + (begun ? ", begun: " : ": ") + cluster.state();
      EXPECT_TRUE(cluster.paused_by.empty()) << where;
      ASSERT_TRUE(cluster.pod) << where;
      EXPECT_FALSE(cluster.pod->is_protected || cluster.pod->deleting) << where;
      const bool restarted = cluster.pod->uid == "pod2";
      EXPECT_EQ(run.state(), restarted ? RunState::completed : RunState::cancelled)
          << where << run.failure();
      if (step != "delete_pod") EXPECT_EQ(restarted, ended) << where;
      EXPECT_EQ(cluster.fast_shutdown, 1) << where;
      ++cancelled;
    }
  }
  EXPECT_EQ(cancelled, 30) << "the steps were not enumerated";
}

TEST(Restart, AsksTheCatalogueNothingAndLeavesPreparedTransactionsToTheServer) {
  Standalone cluster;
  cluster.prepared_transactions = 2;
  cluster.claim_version = "11.8.6";
  cluster.version = "a name that no catalogue has";
  const Restarted run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(cluster.claim_version, "11.8.6");
}

TEST(Restart, IsRefusedWhereItWouldChangeTheVersion) {
  Standalone cluster;
  cluster.set->image = "image:11.8.9";
  const Restarted run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("pod demo/db-0 has another image than its StatefulSet"));
  EXPECT_THAT(cluster.writes, ElementsAre("pause db", "resume db"));
}

TEST(Restart, OfNothingTouchesNothing) {
  Standalone cluster;
  cluster.database_exists = false;
  const Restarted run(cluster);
  EXPECT_EQ(run.failure(), "no MySQL demo/db");
  EXPECT_THAT(cluster.writes, IsEmpty());
}

// Whoever deleted it: a pod is restarted once.
TEST(Restart, DoesNotRestartAPodThatSomebodyElseHasReplaced) {
  Standalone cluster;
  cluster.evict_at = "inspect_server";
  const Restarted run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(cluster.pod->uid, "pod2");
  EXPECT_THAT(cluster.writes, ElementsAre("pause db", "resume db"));

  Standalone held;
  held.evict_at = "protect_pod";
  const Restarted second(held);
  EXPECT_EQ(second.state(), RunState::completed) << second.failure();
  EXPECT_EQ(held.pod->uid, "pod2");
  EXPECT_THAT(held.writes, ElementsAre("pause db", "protect pod1", "release pod1", "resume db"));
}

TEST(Restart, StartsAServerAgainThatDidNotEndCleanlyAndSaysSo) {
  Standalone cluster;
  cluster.exit_code = 137;
  const Restarted run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(run.failure(), "the server was killed. pod demo/db-0 is ready");
  EXPECT_EQ(cluster.pod->uid, "pod2");
  EXPECT_FALSE(cluster.pod->is_protected);
  EXPECT_TRUE(cluster.paused_by.empty());
}

TEST(Restart, LeavesTheServerAsItWasWhenItCannotBePrepared) {
  Standalone cluster;
  cluster.refuse["delete_pod"] = {"forbidden", "not allowed"};
  const Restarted run(cluster);
  EXPECT_EQ(run.failure(), "not allowed. pod demo/db-0 is ready");
  EXPECT_EQ(cluster.pod->uid, "pod1");
  EXPECT_FALSE(cluster.pod->is_protected);
  EXPECT_TRUE(cluster.paused_by.empty());
}

TEST(Restart, SaysWhatToDoWhenTheServerDoesNotComeBack) {
  Standalone cluster;
  cluster.refuse["await_pod_ready"] = {"timeout", "pod demo/db-0 did not become ready"};
  const Restarted run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("did not become ready. The former server has ended. Next: "
                                       "remove what keeps pod demo/db-0 from serving"));
  EXPECT_FALSE(cluster.pod->is_protected);
  EXPECT_TRUE(cluster.paused_by.empty());

  Standalone unclean;
  unclean.exit_code = 137;
  unclean.refuse["await_pod_ready"] = {"timeout", "pod demo/db-0 did not become ready"};
  const Restarted second(unclean);
  EXPECT_THAT(second.failure(), HasSubstr("the server was killed. After that: pod demo/db-0 did "
                                          "not become ready. Next: remove what keeps"));
  EXPECT_TRUE(unclean.paused_by.empty());
}

TEST(Restart, ResumesTheDatabaseWhenPausingIsNotEnough) {
  Standalone cluster;
  cluster.refuse["await_drained"] = {"timeout", "the provisioner is silent"};
  const Restarted run(cluster);
  EXPECT_EQ(run.failure(), "the provisioner is silent");
  EXPECT_THAT(cluster.writes, ElementsAre("pause db", "resume db"));
}

}  // namespace
}  // namespace ratchet::mysql::testing
