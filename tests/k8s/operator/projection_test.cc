#include "k8s/operator/projection.h"

#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "k8s/operator/request_types.h"
#include "workflows/mysql/backup_ports.h"
#include "workflows/mysql/group_ports.h"
#include "workflows/mysql/ports.h"
#include "workflows/mysql/scaling_ports.h"

namespace ratchet::k8s {
namespace {

using namespace engine;

// Writes a history as a run would: one turn a fact, the decisions behind it.
class Story {
 public:
  // Of a request of this type.
  explicit Story(const std::string& type = "UpdateVersion",
                 const std::string& name = "my-upgrade") {
    OpsRequest request;
    request.space = "demo";
    request.database = "my-standalone";
    request.name = name;
    request.generation = 1;
    const RequestType& served = *request_type(type);
    RunStarted started;
    started.run_id = "0a1b2c3d-0000-4000-8000-000000000000";
    started.workflow = served.workflow;
    started.input = served.input(request);
    turn(started);
  }

  template <class A>
  Story& step(const A& activity, Bytes input = {}, Bytes result = {}) {
    history_.back().turn.events.push_back(
        StepScheduled{++command_, activity.info().name, std::move(input)});
    StepCompleted completed;
    completed.command = command_;
    completed.result = std::move(result);
    turn(completed);
    return *this;
  }
  template <class A>
  Story& failing(const A& activity, Failure failure) {
    history_.back().turn.events.push_back(StepScheduled{++command_, activity.info().name, {}});
    turn(StepFailed{command_, std::move(failure), 1});
    return *this;
  }
  Story& delete_pod() {
    mysql::DeletePod deletion;
    deletion.set_pod("my-standalone-0");
    return step(mysql::delete_pod, deletion.SerializeAsString());
  }
  Story& end(Event event) {
    history_.back().turn.events.push_back(std::move(event));
    return *this;
  }
  const std::vector<HistoryTurn>& history() const { return history_; }

 private:
  void turn(Event fact) {
    const auto number = static_cast<std::uint32_t>(history_.size());
    HistoryTurn entry;
    entry.turn.turn = number;
    entry.turn.wall = Time{std::chrono::seconds{1'800'000'000 + number}};
    entry.turn.events.push_back(std::move(fact));
    history_.push_back(std::move(entry));
  }

  std::vector<HistoryTurn> history_;
  CommandId command_ = 0;
};

std::string text(const Projection& projection) {
  std::ostringstream out;
  out << "phase " << projection.phase << "\n";
  for (const Condition& c : projection.conditions) {
    out << "condition " << c.type << "=" << (c.holds ? "True " : "False ") << c.reason << " |"
        << c.message << "|\n";
  }
  for (const Announcement& a : projection.announcements) {
    out << "event " << (a.warning ? "Warning " : "Normal ") << a.reason << " |" << a.message
        << "|\n";
  }
  return out.str();
}

Story upgraded() {
  Story story;
  story.step(mysql::inspect_database).step(mysql::check_upgrade);
  story.step(mysql::pause_database).step(mysql::await_drained).step(mysql::inspect_workload);
  story.step(mysql::protect_pod).step(mysql::change_image).delete_pod();
  story.step(mysql::release_volume).step(mysql::record_version).step(mysql::resume_database);
  story.end(RunCompleted{});
  return story;
}

TEST(Projection, OfAnUpgradeIsWhatKubeDbsGuidesShow) {
  EXPECT_EQ(
      text(project(upgraded().history())),
      "phase Successful\n"
      "condition Progressing=True OpsRequestProgressingStarted "
      "|Controller has started to Progress the MySQLOpsRequest: demo/my-upgrade|\n"
      "condition Upgrading=True DatabaseVersionUpgradingStarted "
      "|MySQL version UpgradeFunc stated for MySQLOpsRequest: demo/my-upgrade|\n"
      "condition PauseDatabase=True SuccessfullyPausedDatabase "
      "|Successfully paused MySQL database: demo/my-standalone for MySQLOpsRequest: my-upgrade|\n"
      "condition UpgradeVersion=True SuccessfullyUpgradedDatabaseVersion "
      "|Image successfully updated in MySQL: demo/my-standalone for MySQLOpsRequest: my-upgrade |\n"
      "condition ResumeDatabase=True SuccessfullyResumedDatabase "
      "|Successfully resumed MySQL database: demo/my-standalone|\n"
      "condition Successful=True OpsRequestProcessedSuccessfully "
      "|Controller has successfully upgraded the MySQL demo/my-upgrade|\n"
      "event Normal Starting |Start processing for MySQLOpsRequest: demo/my-upgrade|\n"
      "event Normal Starting |Pausing MySQL databse: demo/my-standalone|\n"
      "event Normal Successful |Successfully paused MySQL database: demo/my-standalone for "
      "MySQLOpsRequest: my-upgrade|\n"
      "event Normal Starting |Upgrading MySQL images: demo/my-standalone for MySQLOpsRequest: "
      "my-upgrade|\n"
      "event Normal Starting |Restarting Pod: my-standalone-0/demo|\n"
      "event Normal Successful |Image successfully updated in MySQL: demo/my-standalone for "
      "MySQLOpsRequest: my-upgrade|\n"
      "event Normal Starting |Resuming MySQL database: demo/my-standalone|\n"
      "event Normal Successful |Successfully resumed MySQL database: demo/my-standalone|\n"
      "event Normal Successful |Controller has Successfully upgraded the version of MySQL : "
      "demo/my-standalone|\n");
}

TEST(Projection, TellsWhichBackupsWaitAndWhatEvidenceThereIs) {
  mysql::PauseBackup backup;
  backup.mutable_configuration()->set_group("stash.appscode.com");
  backup.mutable_configuration()->set_space("backups");
  backup.mutable_configuration()->set_name("nightly");
  mysql::PausedBackup ours;
  ours.set_ours(true);
  mysql::TakeSnapshot taken;
  taken.set_claim("data-my-standalone-0");
  mysql::Snapshot snapshot;
  snapshot.set_name("before");

  Story story;
  story.step(mysql::pause_database).step(mysql::await_drained);
  story.step(mysql::pause_backup, backup.SerializeAsString());  // somebody else was faster
  EXPECT_FALSE(status_of(project(story.history())).contains("pausedBackups"));
  story.step(mysql::pause_backup, backup.SerializeAsString(), ours.SerializeAsString());
  EXPECT_EQ(status_of(project(story.history()))["pausedBackups"],
            nlohmann::json::parse(R"([{"apiGroup": "stash.appscode.com", "namespace": "backups",
                                       "kind": "BackupConfiguration", "name": "nightly"}])"));
  story.step(mysql::take_snapshot, taken.SerializeAsString());
  story.step(mysql::await_snapshot, {}, snapshot.SerializeAsString());
  story.step(mysql::resume_backup, backup.SerializeAsString());
  EXPECT_FALSE(status_of(project(story.history())).contains("pausedBackups"));
  const std::string told = text(project(story.history()));
  for (const char* part :
       {"condition PauseBackupConfiguration=True PauseBackupConfiguration "
        "|BackupConfiguration backups/nightly Paused|\n",
        "condition BackupEvidence=True SnapshotReady |VolumeSnapshot demo/before of "
        "PersistentVolumeClaim demo/data-my-standalone-0 is ready to use",
        "condition ResumeBackupConfiguration=True ResumeBackupConfiguration "
        "|BackupConfiguration backups/nightly resumed|\n",
        "event Normal Starting |Taking a VolumeSnapshot of PersistentVolumeClaim: "
        "demo/data-my-standalone-0|\n"}) {
    EXPECT_NE(told.find(part), std::string::npos) << part << " in\n" << told;
  }
}

Story restarted() {
  Story story("Restart", "restart");
  story.step(mysql::inspect_database).step(mysql::pause_database).step(mysql::await_drained);
  story.step(mysql::inspect_group).step(mysql::await_group).step(mysql::protect_pod);
  story.step(mysql::await_group).delete_pod().step(mysql::await_clean_shutdown);
  story.step(mysql::unprotect_pod).step(mysql::await_pod_ready).step(mysql::await_group);
  story.step(mysql::switch_primary).step(mysql::prove_switch).step(mysql::await_group);
  story.step(mysql::verify_group).step(mysql::await_database_ready);
  story.step(mysql::resume_database).end(RunCompleted{});
  return story;
}

// kubedb.md 5.4 and 3.5.3: the conditions in their order, and what is told of each pod.
TEST(Projection, OfARestartIsWhatKubeDbsGuideShows) {
  EXPECT_EQ(
      text(project(restarted().history())),
      "phase Successful\n"
      "condition Running=True Running "
      "|Controller has started to Progress the MySQLOpsRequest: demo/restart|\n"
      "condition EvictPod=True  |evict pod; ConditionStatus:True|\n"
      "condition IsPodReady=True  |is pod ready; ConditionStatus:True|\n"
      "condition IsJoinInCluster=True  |is join in cluster; ConditionStatus:True|\n"
      "condition SwitchPrimary=True  |switch primary; ConditionStatus:True|\n"
      "condition Restart=True RestartPodsSucceeded "
      "|Successfully started MySQL pods for MySQLOpsRequest: demo/restart |\n"
      "condition Successful=True Successful "
      "|Controller has successfully restart the MySQL replicas|\n"
      "event Normal Starting |Start processing for MySQLOpsRequest: demo/restart|\n"
      "event Normal Starting |Pausing MySQL databse: demo/my-standalone|\n"
      "event Normal Successful |Successfully paused MySQL database: demo/my-standalone for "
      "MySQLOpsRequest: restart|\n"
      "event Normal Starting |Restarting Pod: my-standalone-0/demo|\n"
      "event Warning evict pod; ConditionStatus:True |evict pod; ConditionStatus:True|\n"
      "event Warning is pod ready; ConditionStatus:False "
      "|is pod ready; ConditionStatus:False|\n"
      "event Warning is pod ready; ConditionStatus:True "
      "|is pod ready; ConditionStatus:True|\n"
      "event Warning is join in cluster; ConditionStatus:True "
      "|is join in cluster; ConditionStatus:True|\n"
      "event Normal Starting |Moving the primary of MySQL: demo/my-standalone to Pod: /demo|\n"
      "event Normal Successful |Successfully moved the primary of MySQL: demo/my-standalone "
      "to Pod: /demo|\n"
      "event Warning switch primary; ConditionStatus:True "
      "|switch primary; ConditionStatus:True|\n"
      "event Normal Successful |Successfully started MySQL pods for MySQLOpsRequest: "
      "demo/restart|\n"
      "event Normal Starting |Resuming MySQL database: demo/my-standalone|\n"
      "event Normal Successful |Successfully resumed MySQL database: demo/my-standalone|\n"
      "event Normal Successful |Controller has Successfully restarted the MySQL: "
      "demo/my-standalone|\n");
}

Story scaled(int from, int to) {
  mysql::RecordReplicas recorded;
  recorded.set_from_replicas(from);
  recorded.set_replicas(to);
  Story story("HorizontalScaling", "scale");
  story.step(mysql::inspect_database).step(mysql::pause_database).step(mysql::await_drained);
  story.step(mysql::inspect_group).step(mysql::await_group).step(mysql::set_replicas);
  story.step(mysql::await_group);
  story.step(mysql::record_replicas, recorded.SerializeAsString());
  story.step(mysql::await_database_ready).step(mysql::resume_database).end(RunCompleted{});
  return story;
}

// kubedb.md 5.1.
TEST(Projection, OfAScalingSaysWhichWay) {
  const std::string up = text(project(scaled(3, 5).history()));
  EXPECT_EQ(up.substr(0, up.find("event")),
            "phase Successful\n"
            "condition Progressing=True OpsRequestProgressingStarted "
            "|Controller has started to Progress the MySQLOpsRequest: demo/scale|\n"
            "condition Scaling=True HorizontalScalingStarted "
            "|Horizontal scaling started in MySQL: demo/my-standalone for MySQLOpsRequest: scale|\n"
            "condition ScalingUp=True SuccessfullyPerformedHorizontalScaling "
            "|Horizontal scaling Up performed successfully in MySQL: demo/my-standalone for "
            "MySQLOpsRequest: scale|\n"
            "condition Successful=True OpsRequestProcessedSuccessfully "
            "|Controller has successfully scaled the MySQL demo/scale|\n");
  const std::string down = text(project(scaled(5, 3).history()));
  EXPECT_NE(down.find("condition ScalingDown=True SuccessfullyPerformedHorizontalScaling "
                      "|Horizontal scaling down performed successfully in MySQL: "),
            std::string::npos)
      << down;
}

TEST(Projection, OfAFailedScalingNamesNoDirection) {
  Story story("HorizontalScaling", "scale");
  story.step(mysql::pause_database).step(mysql::await_drained);
  story.failing(mysql::await_group, {"timeout", "no answer"}).step(mysql::keep_replicas);
  story.step(mysql::resume_database).end(RunFailed{{"timeout", "no answer"}});
  const std::string said = text(project(story.history()));
  EXPECT_NE(said.find("condition HorizontalScaling=False FailedToPerformHorizontalScaling |no "
                      "answer|"),
            std::string::npos)
      << said;
}

TEST(Projection, OfARestartLeavesOutReasonsThatKubeDbHasNot) {
  const nlohmann::json conditions = status_of(project(restarted().history())).at("conditions");
  EXPECT_TRUE(conditions.at(0).contains("reason"));
  EXPECT_FALSE(conditions.at(1).contains("reason"));
}

TEST(Projection, OfAFailedRestartSaysThatPodsWereNotRestarted) {
  Story story("Restart", "restart");
  story.step(mysql::pause_database).step(mysql::await_drained);
  story.failing(mysql::protect_pod, {"timeout", "no answer"}).step(mysql::resume_database);
  story.end(RunFailed{{"timeout", "no answer"}});
  const std::string said = text(project(story.history()));
  EXPECT_NE(said.find("condition Restart=False RestartPodsFailed |no answer|"), std::string::npos)
      << said;
  EXPECT_EQ(said.find("pod ready"), std::string::npos) << said;
}

TEST(Projection, OfAnotherWorkflowThereIsNone) {
  Story story;
  std::vector<HistoryTurn> history = story.history();
  std::get<RunStarted>(history[0].turn.events[0]).workflow = "travel";
  EXPECT_THROW(project(history), std::invalid_argument);
}

void expect_growth(const std::vector<HistoryTurn>& whole) {
  Projection before;
  for (std::size_t turns = 1; turns <= whole.size(); ++turns) {
    const Projection now = project({whole.begin(), whole.begin() + static_cast<long>(turns)});
    ASSERT_LE(before.conditions.size(), now.conditions.size());
    for (std::size_t i = 0; i < before.conditions.size(); ++i) {
      EXPECT_EQ(before.conditions[i].message, now.conditions[i].message);
      EXPECT_EQ(before.conditions[i].since, now.conditions[i].since);
    }
    for (std::size_t i = 0; i < before.announcements.size(); ++i) {
      EXPECT_EQ(announcement_name(before, "0a1b2c3d-x", before.announcements[i]),
                announcement_name(now, "0a1b2c3d-x", now.announcements[i]));
    }
    before = now;
  }
}

TEST(Projection, GrowsWithTheHistoryAndNeverChangesWhatItSaid) {
  expect_growth(upgraded().history());
  expect_growth(restarted().history());
  expect_growth(scaled(3, 4).history());
}

TEST(Projection, OfATerminatedRunSaysWhoAndThatNothingWasUndone) {
  Story story;
  story.step(mysql::inspect_database).step(mysql::pause_database);
  story.end(Terminated{{"ann", "not today"}});
  const Projection projection = project(story.history());
  EXPECT_EQ(projection.phase, "Failed");
  EXPECT_NE(text(projection).find("Terminated by ann: not today. Nothing was undone"),
            std::string::npos)
      << text(projection);
}

TEST(Projection, OfARefusedRequestSaysWhyAndNothingOfPausing) {
  Story story;
  story.failing(mysql::inspect_database, {"not_found", "no MySQLVersion 9.9"});
  story.end(RunFailed{{"not_found", "no MySQLVersion 9.9"}});
  EXPECT_EQ(text(project(story.history())),
            "phase Failed\n"
            "condition Progressing=True OpsRequestProgressingStarted "
            "|Controller has started to Progress the MySQLOpsRequest: demo/my-upgrade|\n"
            "condition UpgradeVersion=False OpsRequestFailedToProgressing |no MySQLVersion 9.9|\n"
            "condition Failed=True OpsRequestFailedToProgressing |no MySQLVersion 9.9|\n"
            "event Normal Starting |Start processing for MySQLOpsRequest: demo/my-upgrade|\n"
            "event Warning Failed |no MySQLVersion 9.9|\n");
}

TEST(Projection, OfAFailedUpgradeResumesBeforeItFails) {
  Story story;
  story.step(mysql::pause_database).step(mysql::await_drained);
  story.failing(mysql::protect_pod, {"gone", "the pod is gone"}).step(mysql::resume_database);
  story.end(RunFailed{{"gone", "the pod is gone"}});
  const Projection projection = project(story.history());
  ASSERT_EQ(projection.conditions.size(), 6u);
  EXPECT_EQ(projection.conditions[4].reason, "FailedToUpgradeDatabaseVersion");
  const auto& said = projection.announcements;
  ASSERT_EQ(said.size(), 6u);
  EXPECT_EQ(said[4].message, "Successfully resumed MySQL database: demo/my-standalone");
  EXPECT_TRUE(said[5].warning);
}

TEST(Projection, OfADivergedRunSaysThatAPersonIsNeeded) {
  Story story;
  story.end(Diverged{1, "step 3 was pause_database, is delete_pod"});
  const Projection projection = project(story.history());
  EXPECT_EQ(projection.phase, "Progressing");
  ASSERT_EQ(projection.conditions.size(), 2u);
  EXPECT_EQ(projection.conditions[1].type, "Quarantined");
}

// Red if whoever has only kubectl sees a request that stands still, and not why.
TEST(Projection, SaysWhyAStepIsTriedAgainAndAgain) {
  Story story;
  story.end(StepScheduled{7, "record_version", {}});
  story.end(AttemptFailed{7, 4, {"unavailable", "denied"}, 0, ""});
  EXPECT_EQ(text(project(story.history())).find("Retrying"), std::string::npos) << "so far";
  story.end(AttemptFailed{7, 8, {"unavailable", "denied by a policy"}, 0, ""});
  EXPECT_NE(text(project(story.history()))
                .find("condition Retrying=True AttemptFailed |attempt 8 of record_version failed, "
                      "and it is tried again: denied by a policy|"),
            std::string::npos);
  EXPECT_EQ(text(project(story.history())).find("Stalled"), std::string::npos)
      << "what kstatus takes for a failure, while it goes on";
  story.end(Probed{7, Verdict::unknown, "two have its name"});
  EXPECT_NE(text(project(story.history())).find("Stalled=True InDoubt"), std::string::npos);
  story.end(StepCompleted{7, {}, 9, false});
  for (const char* type : {"Retrying", "Stalled"}) {
    EXPECT_EQ(text(project(story.history())).find(type), std::string::npos);
  }
}

TEST(Projection, WritesStatusAsTheApiHasIt) {
  const nlohmann::json status = status_of(project(Story{}.history()));
  EXPECT_EQ(
      status.dump(),
      R"({"conditions":[{"lastTransitionTime":"2027-01-15T08:00:00Z",)"
      R"("message":"Controller has started to Progress the MySQLOpsRequest: demo/my-upgrade",)"
      R"("observedGeneration":1,"reason":"OpsRequestProgressingStarted","status":"True",)"
      R"("type":"Progressing"}],"observedGeneration":1,"phase":"Progressing"})");
}

}  // namespace
}  // namespace ratchet::k8s
