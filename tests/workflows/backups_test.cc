// What is proved: a volume that a server has left cleanly is copied, and the copy awaited, before
// the target version may open it; a copy that fails ends the upgrade while all can be undone;
// others' backups are held off, and no longer than the upgrade takes, however that ends.
#include "workflows/mysql/backups.h"

#include <algorithm>
#include <memory>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/testing/crash_matrix_gtest.h"
#include "tests/workflows/fake_cluster.h"
#include "tests/workflows/fake_group_cluster.h"
#include "tests/workflows/fake_two_sets.h"
#include "tests/workflows/one_run.h"
#include "workflows/mysql/plan.h"

namespace ratchet::mysql::testing {
namespace {

using engine::RunState;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Backups a_snapshot() {
  Backups backups;
  backups.set_snapshot_class("csi");
  backups.set_server_version("10.11.6-MariaDB");
  return backups;
}

void add_configuration(Backups& backups, const std::string& name, bool paused = false) {
  BackupConfiguration& one = *backups.add_configurations();
  one.set_group("stash.appscode.com");
  one.set_space("demo");
  one.set_name(name);
  one.set_paused(paused);
}

// Two configurations, and somebody else's pause of a third.
Backups everything() {
  Backups backups = a_snapshot();
  add_configuration(backups, "hourly");
  add_configuration(backups, "others", true);
  add_configuration(backups, "nightly");
  return backups;
}

template <class Cluster>
void give(Cluster& cluster, const Backups& backups) {
  cluster.backups = backups;
  for (const BackupConfiguration& one : backups.configurations()) {
    if (one.paused()) cluster.paused_backups[one.name()] = "ann";
  }
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
  return found;
}

TEST(Backups, ASnapshotIsTakenOfTheStoppedServerAndAwaited) {
  FakeCluster cluster("10.11.6", "11.8.6");
  give(cluster, a_snapshot());
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_THAT(run.steps(), HasSubstr("await_clean_shutdown\n"
                                     "take_snapshot\n"
                                     "await_snapshot\n"
                                     "mark_claim\n"
                                     "release_volume\n"));
  EXPECT_THAT(cluster.state(), HasSubstr("snapshot of data-db-0 at 10.11.6-MariaDB\n"));
}

TEST(Backups, OfAGroupTheFirstMemberThatIsStoppedIsEnough) {
  FakeGroupCluster cluster("9.7.3", "9.7.4");
  give(cluster, a_snapshot());
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(count(run.steps(), "take_snapshot\n"), 1U);
  EXPECT_THAT(cluster.state(), HasSubstr("snapshot of data-my-group-1 at")) << "a secondary";
}

TEST(Backups, ASnapshotThatFailsEndsTheUpgradeWhileAllCanBeUndone) {
  for (const char* step : {"take_snapshot", "await_snapshot"}) {
    FakeCluster cluster("10.11.6", "11.8.6");
    give(cluster, everything());
    cluster.refuse[step] = {"snapshot_failed", "the driver is out of space"};
    const OneRun run(cluster);
    EXPECT_EQ(run.state(), RunState::failed) << step;
    EXPECT_THAT(run.failure(), HasSubstr("out of space. The upgrade was undone")) << step;
    EXPECT_EQ(cluster.pod->image, "image:10.11.6") << step;
    EXPECT_EQ(cluster.claim_version, "") << step;
    EXPECT_FALSE(cluster.pod->is_protected) << step;
    EXPECT_TRUE(cluster.paused_by.empty()) << step;
    EXPECT_EQ(cluster.paused_backups.size(), 1U) << step;
  }
}

TEST(Backups, OfAGroupToo) {
  FakeGroupCluster cluster("9.7.3", "9.7.4");
  give(cluster, everything());
  cluster.refuse["await_snapshot"] = {"timeout", "it was not ready to use in time"};
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("in time. The upgrade was undone"));
  EXPECT_EQ(cluster.set_image, "image:9.7.3");
  EXPECT_EQ(cluster.image(1), "image:9.7.3");
  EXPECT_TRUE(cluster.paused_by.empty());
  EXPECT_EQ(cluster.paused_backups.size(), 1U);
}

// Red if the upgrade by another StatefulSet holds nobody off, or takes no evidence.
TEST(Backups, ByAnotherStatefulSetTheFirstFormerSecondaryIsEnough) {
  FakeTwoSets cluster("9.7.3", "9.7.4");
  give(cluster, everything());
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_THAT(run.steps(), AllOf(HasSubstr("await_drained\n"
                                           "pause_backup\n"
                                           "pause_backup\n"
                                           "await_backups_ended\n"
                                           "inspect_group\n"),
                                 HasSubstr("retire_pod\n"
                                           "await_pod_ended\n"
                                           "await_clean_shutdown\n"
                                           "take_snapshot\n"
                                           "await_snapshot\n"
                                           "unprotect_pod\n")));
  EXPECT_EQ(count(run.steps(), "take_snapshot\n"), 1U);
  EXPECT_THAT(cluster.state(), HasSubstr("snapshot of data-my-group-1 at")) << "a secondary";
  EXPECT_EQ(cluster.paused_backups.size(), 1U);
}

TEST(Backups, ByAnotherStatefulSetOneThatFailsIsUndone) {
  FakeTwoSets cluster("9.7.3", "9.7.4");
  give(cluster, everything());
  cluster.refuse["await_snapshot"] = {"timeout", "it was not ready to use in time"};
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("in time. The upgrade was undone"));
  EXPECT_TRUE(cluster.sets.contains("my-group"));
  EXPECT_EQ(cluster.pods.size(), 3U);
  EXPECT_EQ(cluster.pods.at("my-group-1").image, "image:9.7.3");
  EXPECT_EQ(cluster.paused_backups.size(), 1U);
}

TEST(Backups, WhereThereIsNothingToDoNoStepIsAdded) {
  FakeCluster plain("10.11.6", "11.8.6");
  FakeCluster looked("10.11.6", "11.8.6");
  looked.backups.emplace().set_no_snapshot("this cluster has no VolumeSnapshots");
  EXPECT_EQ(OneRun(looked).steps(), OneRun(plain).steps());
}

TEST(Backups, WhatNobodyElseHasPausedIsPausedAndResumed) {
  FakeCluster cluster("10.11.6", "11.8.6");
  give(cluster, everything());
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_THAT(run.steps(), AllOf(HasSubstr("await_drained\n"
                                           "pause_backup\n"
                                           "pause_backup\n"
                                           "await_backups_ended\n"
                                           "inspect_workload\n"),
                                 HasSubstr("resume_database\n"
                                           "resume_backup\n"
                                           "resume_backup\n")));
  EXPECT_THAT(cluster.state(),
              AllOf(HasSubstr("pause backup hourly\n"), HasSubstr("pause backup nightly\n"),
                    HasSubstr("resume backup hourly\n"), HasSubstr("resume backup nightly\n")));
  EXPECT_THAT(cluster.state(), Not(HasSubstr("pause backup others")));
  EXPECT_EQ(cluster.paused_backups, (std::map<std::string, std::string>{{"others", "ann"}}));
}

TEST(Backups, ASessionThatDoesNotEndStopsTheUpgradeBeforeItTouchesAServer) {
  FakeGroupCluster cluster("9.7.3", "9.7.4");
  give(cluster, everything());
  cluster.refuse["await_backups_ended"] = {"timeout", "BackupSession demo/hourly-1 is Running"};
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("BackupSession demo/hourly-1 is Running"));
  EXPECT_EQ(cluster.writes, (std::vector<std::string>{
                                "pause db", "pause backup hourly", "pause backup nightly",
                                "resume db", "resume backup hourly", "resume backup nightly"}));
}

TEST(Backups, OneThatCannotBeResumedIsToldAndTheOthersAreResumed) {
  FakeCluster cluster("10.11.6", "11.8.6");
  give(cluster, everything());
  cluster.refuse["resume_backup"] = {"invalid", "BackupConfiguration demo/hourly was refused"};
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("BackupConfiguration demo/hourly was refused"));
  EXPECT_EQ(count(run.steps(), "resume_backup\n"), 2U);
  EXPECT_EQ(cluster.version, "11.8.6");
  EXPECT_TRUE(cluster.paused_by.empty());
}

template <class Cluster>
void cancel_everywhere(const char* from, const char* to) {
  Cluster undisturbed(from, to);
  give(undisturbed, everything());
  std::istringstream steps(OneRun(undisturbed).steps());
  std::set<std::string> names;
  for (std::string step; std::getline(steps, step);) names.insert(step);
  ASSERT_TRUE(names.contains("await_snapshot") && names.contains("pause_backup"));
  for (const std::string& step : names) {
    for (const bool begun : {false, true}) {
      Cluster cluster(from, to);
      give(cluster, everything());
      const OneRun run(cluster, step, begun);
      const std::string where = step + (begun ? ", begun: " : ": ") + cluster.state();
      EXPECT_TRUE(cluster.paused_by.empty()) << where;
      EXPECT_EQ(cluster.paused_backups, (std::map<std::string, std::string>{{"others", "ann"}}))
          << where;
      EXPECT_LE(std::ranges::count(cluster.writes, std::string("resume backup hourly")), 1)
          << where;
      EXPECT_TRUE(run.state() == RunState::cancelled || run.state() == RunState::completed)
          << where << run.failure();
    }
  }
}

TEST(Backups, CancelledAtAnyStepNothingStaysPaused) {
  cancel_everywhere<FakeCluster>("10.11.6", "11.8.6");
  cancel_everywhere<FakeGroupCluster>("9.7.3", "9.7.4");
}

TEST(Backups, CancelledWhileTheSnapshotIsAwaitedTheOldServerComesBack) {
  FakeCluster cluster("10.11.6", "11.8.6");
  give(cluster, a_snapshot());
  const OneRun run(cluster, "await_snapshot", true);
  EXPECT_EQ(run.state(), RunState::cancelled);
  EXPECT_EQ(cluster.pod->image, "image:10.11.6");
  EXPECT_EQ(cluster.claim_version, "");
}

template <class Cluster>
engine::testing::CrashReport matrix(const char* from, const char* to,
                                    const std::function<void(Cluster&)>& fault = {}) {
  engine::testing::CrashCase crash_case;
  crash_case.registry = add_workflows;
  crash_case.world = [=] {
    auto cluster = std::make_unique<Cluster>(from, to);
    give(*cluster, everything());
    if (fault) fault(*cluster);
    return cluster;
  };
  crash_case.workflow = update_version_name;
  crash_case.input = Cluster(from, to).request().SerializeAsString();
  return engine::testing::run_crash_matrix(crash_case);
}

TEST(Backups, EachWriteIsMadeOnceWhereverTheRunIsStopped) {
  expect_survived(matrix<FakeCluster>("10.11.6", "11.8.6"));
  expect_survived(matrix<FakeGroupCluster>("9.7.3", "9.7.4"));
  expect_survived(matrix<FakeTwoSets>("9.7.3", "9.7.4"));
  expect_survived(matrix<FakeCluster>("10.11.6", "11.8.6", [](FakeCluster& c) {
    c.refuse["await_snapshot"] = {"snapshot_failed", "out of space"};
  }));
}

MakePlan seen(const Backups& backups, bool standalone) {
  MakePlan in;
  in.set_database("demo/db");
  in.set_standalone(standalone);
  in.mutable_sight()->add_members()->set_pod("db-0");
  *in.mutable_sight()->mutable_backups() = backups;
  return in;
}

std::string steps_of(const Plan& plan) {
  std::string text;
  for (const PlannedStep& step : plan.steps()) text += step.what() + "\n";
  return text;
}

TEST(Backups, ThePlanSaysWhatIsTakenAndWhoIsHeldOff) {
  const Plan plan = plan_of(seen(everything(), true));
  EXPECT_THAT(plan.backup(),
              AllOf(HasSubstr("a VolumeSnapshot (class csi) of the first volume"),
                    HasSubstr("stays stopped until it is ready to use"),
                    HasSubstr("Paused meanwhile: BackupConfiguration demo/hourly "
                              "(stash.appscode.com), BackupConfiguration demo/nightly"),
                    HasSubstr("left so: BackupConfiguration demo/others")));
  EXPECT_THAT(steps_of(plan), AllOf(HasSubstr("take a VolumeSnapshot (class csi) of its volume, "
                                              "mark its claim\n"),
                                    HasSubstr("pause BackupConfiguration demo/hourly"),
                                    HasSubstr("resume BackupConfiguration demo/hourly")));
  EXPECT_THAT(short_text(plan), HasSubstr(". Backup evidence: a VolumeSnapshot (class csi)"));
  const Plan of_group = plan_of(seen(everything(), false));
  EXPECT_THAT(of_group.backup(), Not(HasSubstr("stays stopped")));
  EXPECT_EQ(count(steps_of(of_group), "a VolumeSnapshot"), 1U);
}

TEST(Backups, ThePlanByAnotherStatefulSetSaysWhoseVolumeIsCopied) {
  MakePlan in = seen(everything(), false);
  in.set_new_stateful_set(true);
  const Plan plan = plan_of(in);
  EXPECT_THAT(plan.backup(),
              AllOf(HasSubstr("of the first former secondary"), HasSubstr("the upgrade is undone"),
                    Not(HasSubstr("releases that volume"))));
  EXPECT_THAT(steps_of(plan), AllOf(HasSubstr("of the first of them: take a VolumeSnapshot"),
                                    HasSubstr("pause BackupConfiguration demo/hourly")));
}

TEST(Backups, ThePlanSaysWhyNoneIsTaken) {
  Backups none;
  none.set_no_snapshot("the data is on ephemeral storage");
  const Plan plan = plan_of(seen(none, true));
  EXPECT_THAT(short_text(plan),
              HasSubstr("Backup evidence: none is taken: the data is on ephemeral storage"));
  EXPECT_THAT(steps_of(plan), AllOf(Not(HasSubstr("Snapshot")), Not(HasSubstr("Backup"))));
  EXPECT_FALSE(same_ground(plan, plan_of(seen(a_snapshot(), true)))) << "needs another approval";
}

}  // namespace
}  // namespace ratchet::mysql::testing
