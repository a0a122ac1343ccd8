// What is proved, by the real handlers on the embedded API server: a snapshot of the stopped
// server's volume is awaited before the target version may open it; backups are paused and resumed,
// and only ours; sessions under way stop an upgrade; and a cluster without these kinds is asked
// once a look.
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/embedded/controllers/actor.h"
#include "tests/k8s/operator/ops_world.h"
#include "tests/k8s/provisioner/yaml.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* name = "my-upgrade";
constexpr const char* claim = "data-my-standalone-0";

// A cluster that has all of these kinds, and one class of snapshots.
class BackupWorld : public OpsWorld {
 public:
  BackupWorld() {
    world.apply(read_source("tests/e2e/fixtures/backups.yaml"));
    make(kinds::volume_snapshot_class, {{"metadata", {{"name", "csi"}}},
                                        {"driver", "csi.example.com"},
                                        {"deletionPolicy", "Delete"}});
  }

  void make(const Resource& kind, Json object) {
    object["apiVersion"] = kind.api_version();
    object["kind"] = kind.kind;
    const Reply reply = world.run(world.client.create(kind, std::move(object)));
    ASSERT_TRUE(reply.ok()) << reply.message();
  }
  // Of Stash, about an AppBinding.
  void add_stash(const std::string& configuration, const std::string& database, bool paused) {
    const Json reference = {{"kind", "AppBinding"}, {"name", database}};
    make(kinds::stash_backup_configuration,
         {{"metadata", {{"name", configuration}, {"namespace", "demo"}}},
          {"spec", {{"paused", paused}, {"target", {{"ref", reference}}}}}});
  }
  // Of KubeStash, about the MySQL.
  void add_kubestash(const std::string& configuration) {
    make(kinds::kubestash_backup_configuration,
         {{"metadata", {{"name", configuration}, {"namespace", "demo"}}},
          {"spec",
           {{"target", {{"kind", "MySQL"}, {"namespace", "demo"}, {"name", "my-standalone"}}}}}});
  }
  void add_session(const std::string& session, const std::string& configuration,
                   const std::string& phase) {
    make(kinds::stash_backup_session,
         {{"metadata", {{"name", session}, {"namespace", "demo"}}},
          {"spec", {{"invoker", {{"kind", "BackupConfiguration"}, {"name", configuration}}}}},
          {"status", {{"phase", phase}}}});
  }
  bool is_paused(const Resource& kind, const std::string& configuration) {
    return world.get(kind, configuration).value("/spec/paused"_json_pointer, false);
  }

  // What the request says that it has paused.
  Json held() {
    return world.get(kinds::mysql_ops_request, name)
        .value("/status/pausedBackups"_json_pointer, Json::array());
  }

  // Null: none was taken.
  Json snapshot() {
    const auto all = world.names(kinds::volume_snapshot);
    return all.empty() ? Json() : world.get(kinds::volume_snapshot, all.front());
  }
  // As the snapshot controller would.
  void answer_snapshot(const Json& status) {
    Json object = snapshot();
    object["status"] = status;
    const Reply reply = world.run(world.client.update_status(kinds::volume_snapshot, object));
    ASSERT_TRUE(reply.ok()) << reply.message();
  }
  void run_until_snapshot() {
    run_until([this] { return !snapshot().is_null(); });
  }
  std::string version_on_claim() {
    return world.get(kinds::persistent_volume_claim, claim)
        .value("/metadata/annotations/ratchet.dev~1server-version"_json_pointer, "");
  }
};

const Json ready = {{"readyToUse", true},
                    {"creationTime", "2026-11-23T10:00:00Z"},
                    {"boundVolumeSnapshotContentName", "content"},
                    {"restoreSize", "1Gi"}};

TEST(BackupEvidence, IsASnapshotThatIsAwaitedBeforeTheTargetMayOpenTheVolume) {
  BackupWorld world;
  world.request(name, "11.8.6");
  world.run_until_snapshot();
  const Json snapshot = world.snapshot();
  EXPECT_EQ(snapshot["spec"]["source"]["persistentVolumeClaimName"], claim);
  EXPECT_EQ(snapshot["spec"]["volumeSnapshotClassName"], "csi");
  EXPECT_EQ(snapshot["metadata"]["annotations"]["ratchet.dev/server-version"], "10.11.18-MariaDB");
  EXPECT_FALSE(snapshot["metadata"].contains("ownerReferences")) << "it outlives the request";
  const std::string pod = world.pod_uid();
  int rounds = 0;
  world.run_until([&] { return ++rounds > 20; });
  EXPECT_NE(world.version_on_claim(), "11.8.6") << "the snapshot is not ready";
  EXPECT_EQ(world.pod_uid(), pod);

  world.answer_snapshot(ready);
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Successful") << world.message_of(name, "Failed");
  EXPECT_EQ(world.version_on_claim(), "11.8.6");
  const std::string taken = snapshot["metadata"]["name"];
  EXPECT_THAT(world.message_of(name, "BackupEvidence"), HasSubstr("demo/" + taken));
  EXPECT_THAT(world.message_of(name, "Planned"),
              HasSubstr("Backup evidence: a VolumeSnapshot (class csi)"));
}

TEST(BackupEvidence, ThatCannotBeHadEndsTheUpgradeAndTheOldServerComesBack) {
  BackupWorld world;
  world.request(name, "11.8.6");
  world.run_until_snapshot();
  world.answer_snapshot({{"readyToUse", false}, {"error", {{"message", "out of space"}}}});
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Failed");
  EXPECT_THAT(world.message_of(name, "Failed"), AllOf(HasSubstr("could not be made: out of space"),
                                                      HasSubstr("The upgrade was undone")));
  EXPECT_EQ(world.image(), "docker.io/library/mariadb:10.11.18");
  EXPECT_TRUE(world.world.condition("Paused").is_null());
}

TEST(BackupEvidence, ThatIsDeletedByOthersIsNone) {
  BackupWorld world;
  world.request(name, "11.8.6");
  world.run_until_snapshot();
  const std::string taken = world.snapshot()["metadata"]["name"];
  world.world.remove(kinds::volume_snapshot, taken);
  world.finish(name);
  EXPECT_THAT(world.message_of(name, "Failed"),
              AllOf(HasSubstr("was deleted by somebody else"), HasSubstr("undone")));
}

// Also when every answer to its creation is lost, and when the ops manager is killed meanwhile.
TEST(BackupEvidence, IsTakenOnce) {
  BackupWorld world;
  int made = 0;
  world.world.faults.on_write = [&](const embedded::Call& call) {
    const bool takes =
        call.plural == "volumesnapshots" && call.verb == embedded::Verb::create && ++made == 1;
    return takes ? embedded::Fault::lost_after : embedded::Fault::none;
  };
  world.request(name, "11.8.6");
  world.run_until_snapshot();
  int rounds = 0;
  world.run_until([&] { return ++rounds > 20; }, world.records());
  world.answer_snapshot(ready);
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Successful") << world.message_of(name, "Failed");
  EXPECT_EQ(made, 1);
}

TEST(BackupEvidence, IsNotTakenWhereTheRequestWantsNone) {
  BackupWorld world;
  world.request(name, "11.8.6", "", "ratchet.dev/backup-evidence: none");
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Successful") << world.message_of(name, "Failed");
  EXPECT_TRUE(world.snapshot().is_null());
  EXPECT_THAT(world.message_of(name, "Planned"), HasSubstr("the request wants none"));
}

TEST(BackupEvidence, ThatIsRequiredAndCannotBeHadIsFoundBeforeAnythingIsTouched) {
  OpsWorld world;
  world.request(name, "11.8.6", "", "ratchet.dev/backup-evidence: required");
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Failed");
  EXPECT_THAT(world.message_of(name, "Failed"),
              AllOf(HasSubstr("blocking backup-evidence"),
                    HasSubstr("this cluster has no VolumeSnapshots")));
  EXPECT_TRUE(world.writes().empty());
}

TEST(BackupEvidence, ThatIsRequiredAndCanBeHadIsNoFinding) {
  BackupWorld world;
  world.request(name, "11.8.6", "", "ratchet.dev/backup-evidence: required");
  world.run_until_snapshot();
  EXPECT_THAT(world.message_of(name, "Planned"),
              AllOf(HasSubstr("a VolumeSnapshot (class csi)"), Not(HasSubstr("backup-evidence"))));
  world.answer_snapshot(ready);
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Successful") << world.message_of(name, "Failed");
}

TEST(BackupEvidence, AWordThatIsNoneIsRefused) {
  OpsWorld world;
  world.request(name, "11.8.6", "", "ratchet.dev/backup-evidence: nome");
  world.finish(name);
  EXPECT_THAT(world.message_of(name, "Failed"),
              HasSubstr("\"nome\" is neither \"required\" nor \"none\""));
}

TEST(BackupEvidence, NeedsAClassThatIsTheOnlyOneOrTheDefault) {
  for (const char* is_default : {"false", "true"}) {
    BackupWorld world;
    const Json notes = {{"snapshot.storage.kubernetes.io/is-default-class", is_default}};
    world.make(kinds::volume_snapshot_class,
               {{"metadata", {{"name", "other"}, {"annotations", notes}}},
                {"driver", "other.example.com"},
                {"deletionPolicy", "Delete"}});
    world.request(name, "11.8.6", "", "ratchet.dev/approval: required");
    world.run_until([&] { return world.phase_of(name) == "WaitingForApproval"; });
    const bool chosen = std::string(is_default) == "true";
    EXPECT_THAT(world.message_of(name, "Planned"),
                HasSubstr(chosen ? "(class other)" : "none of several"));
  }
}

TEST(BackupEvidence, AClassOfAnotherDriverIsNone) {
  BackupWorld world;
  world.world.patch(
      kinds::persistent_volume_claim, claim,
      {{"metadata",
        {{"annotations", {{"volume.kubernetes.io/storage-provisioner", "nfs.example.com"}}}}}});
  world.request(name, "11.8.6");
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Successful") << world.message_of(name, "Failed");
  EXPECT_THAT(world.message_of(name, "Planned"),
              HasSubstr("no VolumeSnapshotClass for driver nfs.example.com"));
}

// A question for each of three kinds, in the look; nothing else.
TEST(BackupEvidence, WhereNobodyKnowsTheKindsTheyAreAskedForOnce) {
  OpsWorld world;
  std::multiset<std::string> asked;
  world.world.server.on_call([&](const embedded::Call& call, const embedded::Answer&) {
    const bool is_theirs = call.group == "snapshot.storage.k8s.io" ||
                           call.group == "stash.appscode.com" || call.group == "core.kubestash.com";
    if (is_theirs) asked.insert(call.plural + "." + call.group);
  });
  world.request(name, "11.8.6");
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Successful") << world.message_of(name, "Failed");
  EXPECT_EQ(asked, (std::multiset<std::string>{"backupconfigurations.core.kubestash.com",
                                               "backupconfigurations.stash.appscode.com",
                                               "volumesnapshotclasses.snapshot.storage.k8s.io"}));
}

TEST(BackupPause, IsOfThoseAboutTheDatabaseThatNobodyElsePausedAndEndsWithTheUpgrade) {
  BackupWorld world;
  world.add_stash("nightly", "my-standalone", false);
  world.add_stash("of-others", "my-standalone", true);
  world.add_stash("elsewhere", "another", false);
  world.add_kubestash("hourly");
  world.request(name, "11.8.6");
  world.run_until_snapshot();
  const Resource& stash = kinds::stash_backup_configuration;
  EXPECT_TRUE(world.is_paused(stash, "nightly"));
  EXPECT_TRUE(world.is_paused(kinds::kubestash_backup_configuration, "hourly"));
  EXPECT_FALSE(world.is_paused(stash, "elsewhere"));
  world.run_until([&] { return world.held().size() == 2; });

  world.answer_snapshot(ready);
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Successful") << world.message_of(name, "Failed");
  EXPECT_FALSE(world.is_paused(stash, "nightly"));
  EXPECT_FALSE(world.is_paused(kinds::kubestash_backup_configuration, "hourly"));
  EXPECT_TRUE(world.is_paused(stash, "of-others")) << "somebody else's pause";
  const Json nightly = world.world.get(stash, "nightly");
  EXPECT_FALSE(nightly["metadata"]["annotations"].contains("ratchet.dev/paused-by"));
  EXPECT_TRUE(world.held().empty());
}

TEST(BackupPause, EndsWithAFailedUpgradeToo) {
  BackupWorld world;
  world.add_stash("nightly", "my-standalone", false);
  world.request(name, "11.8.6");
  world.run_until_snapshot();
  world.answer_snapshot({{"error", {{"message", "out of space"}}}});
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Failed");
  EXPECT_FALSE(world.is_paused(kinds::stash_backup_configuration, "nightly"));
}

// Between our look and our step.
TEST(BackupPause, OfSomebodyElseInTheLastMomentStays) {
  BackupWorld world;
  world.add_stash("nightly", "my-standalone", false);
  embedded::Actor somebody(world.world.server, "somebody");
  const std::string kind = "backupconfigurations.stash.appscode.com";
  bool begun = false;
  world.world.server.on_call([&](const embedded::Call& call, const embedded::Answer& answer) {
    const bool pauses = call.user == "ops-manager" && call.plural == "mysqls" &&
                        call.subresource == "status" && answer.code == 200;
    if (!pauses || begun) return;
    begun = true;
    const auto found = somebody.find(kind, "demo", "nightly");
    somebody.merge_patch(kind, *found, {{"spec", {{"paused", true}}}});
  });
  world.request(name, "11.8.6", "", "ratchet.dev/backup-evidence: none");
  world.finish(name);
  EXPECT_TRUE(begun);
  EXPECT_EQ(world.phase_of(name), "Successful") << world.message_of(name, "Failed");
  EXPECT_TRUE(world.is_paused(kinds::stash_backup_configuration, "nightly"));
}

TEST(BackupPause, IsNotTriedWhileASessionIsUnderWay) {
  BackupWorld world;
  world.add_stash("nightly", "my-standalone", false);
  world.add_stash("elsewhere", "another", false);
  world.add_session("elsewhere-1", "elsewhere", "Running");
  world.add_session("nightly-1", "nightly", "Succeeded");
  world.add_session("nightly-2", "nightly", "Running");
  world.request(name, "11.8.6");
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Failed");
  EXPECT_THAT(world.message_of(name, "Failed"),
              AllOf(HasSubstr("blocking backup-running: BackupSession demo/nightly-2 is Running"),
                    Not(HasSubstr("nightly-1")), Not(HasSubstr("elsewhere"))));
  EXPECT_TRUE(world.writes().empty());
}

TEST(BackupPause, WaitsForASessionThatHasBegunSinceTheLook) {
  BackupWorld world;
  world.add_stash("nightly", "my-standalone", false);
  world.request(name, "11.8.6", "", "ratchet.dev/backup-evidence: none");
  world.run_until([&] { return world.world.condition("Paused")["status"] == "True"; });
  world.add_session("nightly-1", "nightly", "Running");
  const std::string pod = world.pod_uid();
  int rounds = 0;
  world.run_until([&] { return ++rounds > 20; });
  EXPECT_EQ(world.phase_of(name), "Progressing");
  EXPECT_EQ(world.pod_uid(), pod);
  EXPECT_FALSE(
      world.world.get(kinds::pod, "my-standalone-0")["metadata"].contains("deletionTimestamp"));
  world.world.patch(kinds::stash_backup_session, "nightly-1",
                    {{"status", {{"phase", "Succeeded"}}}});
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Successful") << world.message_of(name, "Failed");
}

}  // namespace
}  // namespace ratchet::k8s::testing
