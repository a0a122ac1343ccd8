#include "workflows/mysql/update_version.h"

#include <memory>
#include <sstream>

#include <gtest/gtest.h>

#include "engine/testing/crash_matrix_gtest.h"
#include "tests/engine/every_way.h"
#include "tests/workflows/fake_cluster.h"
#include "tests/workflows/one_run.h"

namespace ratchet::mysql::testing {
namespace {

using engine::RunState;

TEST(UpdateVersion, ChangesTheImageForAMinorUpgrade) {
  FakeCluster cluster("11.8.6", "11.8.9");
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed);
  EXPECT_EQ(run.steps(),
            "inspect_database\n"
            "check_upgrade\n"
            "look_at_database\n"
            "make_plan\n"
            "start_image_check\n"
            "await_image_check\n"
            "remove_image_check\n"
            "pause_database\n"
            "await_drained\n"
            "inspect_workload\n"
            "inspect_server\n"
            "protect_pod\n"
            "prepare_shutdown\n"
            "change_image\n"
            "delete_pod\n"
            "await_clean_shutdown\n"
            "mark_claim\n"
            "release_volume\n"
            "await_pod_ready\n"
            "verify_server\n"
            "record_version\n"
            "await_database_ready\n"
            "resume_database\n");
  EXPECT_EQ(cluster.state(),
            "MySQL 11.8.9, claim «11.8.9», set set1 image:11.8.9, pod pod2 image:11.8.9\n"
            "change image of set to image:11.8.9\n"
            "delete pod1\n"
            "mark claim «11.8.9»\n"
            "pause db\n"
            "protect pod1\n"
            "record version 11.8.9\n"
            "release pod1\n"
            "resume db\n");
}

TEST(UpdateVersion, ReplacesTheStatefulSetForAMajorUpgrade) {
  FakeCluster cluster("10.11.6", "11.8.6");
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed);
  EXPECT_EQ(cluster.state(),
            "MySQL 11.8.6, claim «11.8.6», set set2 image:11.8.6, pod pod2 image:11.8.6\n"
            "create set with image:11.8.6\n"
            "delete pod1\n"
            "delete set\n"
            "mark claim «11.8.6»\n"
            "pause db\n"
            "protect pod1\n"
            "record version 11.8.6\n"
            "release pod1\n"
            "resume db\n");
  EXPECT_EQ(cluster.fast_shutdown, 0) << "nothing may be left to redo for another series";
}

engine::testing::CrashReport matrix(const std::string& from, const std::string& to,
                                    const std::function<void(FakeCluster&)>& fault = {}) {
  engine::testing::CrashCase crash_case;
  crash_case.registry = add_workflows;
  crash_case.world = [=] {
    auto cluster = std::make_unique<FakeCluster>(from, to);
    if (fault) fault(*cluster);
    return cluster;
  };
  crash_case.workflow = update_version_name;
  crash_case.input = FakeCluster(from, to).request().SerializeAsString();
  if (!fault) engine::testing::must_not_depend_on_the_way(crash_case);
  return engine::testing::run_crash_matrix(crash_case);
}

TEST(UpdateVersion, MakesEachWriteOnceWhereverItIsStopped) {
  expect_survived(matrix("11.8.6", "11.8.9"));
  expect_survived(matrix("10.11.6", "11.8.6"));
}

TEST(UpdateVersion, IsUndoneToTheSameEndWhereverItIsStopped) {
  expect_survived(matrix("10.11.6", "11.8.6", [](FakeCluster& c) { c.exit_code = 137; }));
  expect_survived(
      matrix("10.11.6", "11.8.6", [](FakeCluster& c) { c.target_image_missing = true; }));
  expect_survived(
      matrix("10.11.6", "11.8.6", [](FakeCluster& c) { c.image_trouble = "not found"; }));
}

// Every step of an upgrade without faults, cancelled before it is performed and while it is.
TEST(UpdateVersion, CancelledAtAnyStepIsUndoneOrFinishedButNeverLeftHalfWay) {
  for (const char* from : {"10.11.6", "11.8.5"}) {
    FakeCluster undisturbed(from, "11.8.6");
    std::istringstream steps(OneRun(undisturbed).steps());
    bool released = false;
    int cancelled = 0;
    for (std::string step; std::getline(steps, step);) {
      // The claim's mark is awaited to its end; what follows it is behind the shield.
      released = released || step == "mark_claim";
      for (const bool begun : {false, true}) {
        FakeCluster cluster(from, "11.8.6");
        const OneRun run(cluster, step, begun);
        const std::string where = from + (" at " + step) + (begun ? ", begun: " : ": ");
        EXPECT_TRUE(cluster.paused_by.empty()) << where << cluster.state();
        EXPECT_FALSE(cluster.pod->is_protected) << where;
        EXPECT_EQ(run.state(), released ? RunState::completed : RunState::cancelled)
            << where << run.failure();
        EXPECT_EQ(cluster.version, released ? "11.8.6" : from) << where << cluster.state();
        EXPECT_EQ(cluster.pod->image, std::string("image:") + (released ? "11.8.6" : from))
            << where;
        ++cancelled;
      }
    }
    EXPECT_GE(cancelled, 30) << "the steps were not enumerated";
  }
}

TEST(UpdateVersion, RefusesBeforeAnythingIsTouched) {
  FakeCluster down("11.8.6", "10.11.6");
  const OneRun downgrade(down);
  EXPECT_EQ(downgrade.state(), RunState::failed);
  EXPECT_NE(downgrade.failure().find("upgrade from version 11.8.6 to 10.11.6 is not supported"),
            std::string::npos);
  EXPECT_TRUE(down.writes.empty());

  FakeCluster missing("11.8.6", "11.8.9");
  missing.database_exists = false;
  const OneRun nothing(missing);
  EXPECT_EQ(nothing.failure(), "no MySQL demo/db");
  EXPECT_TRUE(missing.writes.empty());
}

TEST(UpdateVersion, ResumesTheDatabaseWhenPausingIsNotEnough) {
  FakeCluster cluster("11.8.6", "11.8.9");
  cluster.refuse["await_drained"] = {"timeout", "the provisioner is silent"};
  const OneRun run(cluster);
  EXPECT_EQ(run.failure(), "the provisioner is silent");
  EXPECT_EQ(cluster.writes, (std::vector<std::string>{"pause db", "resume db"}));
}

TEST(UpdateVersion, DoesNotStopAServerWithPreparedTransactions) {
  FakeCluster cluster("11.8.6", "11.8.9");
  cluster.prepared_transactions = 2;
  const OneRun run(cluster);
  EXPECT_NE(run.failure().find("2 prepared XA transaction(s)"), std::string::npos);
  EXPECT_EQ(cluster.pod->uid, "pod1");
}

TEST(UpdateVersion, FinishesAHalfMadeUpgradeBeforeAnother) {
  FakeCluster cluster("11.8.6", "11.8.9");
  cluster.claim_version = "11.8.7";
  const OneRun run(cluster);
  EXPECT_NE(run.failure().find("may have been opened by version 11.8.7"), std::string::npos);
}

TEST(UpdateVersion, StartsTheOldServerAgainAfterAnUncleanShutdown) {
  for (const char* from : {"10.11.6", "11.8.5"}) {
    FakeCluster cluster(from, "11.8.6");
    cluster.exit_code = 137;
    const OneRun run(cluster);
    EXPECT_EQ(run.state(), RunState::failed);
    EXPECT_NE(run.failure().find("the server was killed. The upgrade was undone"),
              std::string::npos);
    EXPECT_EQ(cluster.version, from);
    EXPECT_EQ(cluster.pod->uid, "pod2");
    EXPECT_EQ(cluster.pod->image, std::string("image:") + from);
    EXPECT_EQ(cluster.claim_version, "") << "no other version has opened the volume";
    EXPECT_TRUE(cluster.paused_by.empty());
  }
}

TEST(UpdateVersion, LeavesTheRunningServerAloneWhenItCannotBePrepared) {
  FakeCluster cluster("10.11.6", "11.8.6");
  cluster.refuse["await_adoption"] = {"timeout", "the pod was not adopted"};
  const OneRun run(cluster);
  EXPECT_EQ(cluster.pod->uid, "pod1");
  EXPECT_EQ(cluster.set->image, "image:10.11.6");
  EXPECT_FALSE(cluster.pod->is_protected);
  EXPECT_EQ(cluster.fast_shutdown, 1);
  EXPECT_TRUE(cluster.paused_by.empty());
}

TEST(UpdateVersion, GoesBackFromAnImageThatCannotBePulled) {
  FakeCluster cluster("10.11.6", "11.8.6");
  cluster.target_image_missing = true;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_NE(run.failure().find("The upgrade was undone"), std::string::npos);
  EXPECT_EQ(cluster.pod->uid, "pod3");
  EXPECT_EQ(cluster.pod->image, "image:10.11.6");
  EXPECT_EQ(cluster.claim_version, "");
}

TEST(UpdateVersion, HoldsNoPodWhenNobodyCanTellWhetherTheTargetStarted) {
  FakeCluster cluster("10.11.6", "11.8.6");
  cluster.target_image_missing = true;
  cluster.refuse["await_pod_ended"] = {"timeout", "the node is silent"};
  const OneRun run(cluster);
  EXPECT_NE(run.failure().find("the only way is forward"), std::string::npos);
  EXPECT_EQ(cluster.set->image, "image:11.8.6");
  EXPECT_FALSE(cluster.pod->is_protected);
}

TEST(UpdateVersion, OnlyGoesForwardOnceTheTargetHasStarted) {
  FakeCluster cluster("10.11.6", "11.8.6");
  cluster.target_crashes = true;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_NE(run.failure().find("the only way is forward"), std::string::npos);
  EXPECT_EQ(cluster.set->image, "image:11.8.6") << "the old server must not open the volume";
  EXPECT_EQ(cluster.claim_version, "11.8.6");
  EXPECT_EQ(cluster.version, "10.11.6");
  EXPECT_TRUE(cluster.paused_by.empty());
}

TEST(UpdateVersion, SaysWhatIsLeftWhenUndoingFails) {
  FakeCluster cluster("10.11.6", "11.8.6");
  cluster.exit_code = 1;
  cluster.refuse["restore_stateful_set"] = {"name_taken", "the name is taken"};
  const OneRun run(cluster);
  EXPECT_NE(run.failure().find("Undoing the upgrade failed too: the name is taken"),
            std::string::npos);
  EXPECT_TRUE(cluster.paused_by.empty());
}

}  // namespace
}  // namespace ratchet::mysql::testing
