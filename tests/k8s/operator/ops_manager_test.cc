#include "k8s/operator/ops_manager.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "engine/inspect/history.h"
#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

constexpr const char* patch_version = R"(
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: "10.11.19"}
spec:
  version: "10.11.19"
  db: {image: "docker.io/library/mariadb:10.11.19"}
)";

TEST(OpsManager, UpgradesWithinASeries) {
  OpsWorld world;
  world.world.apply(patch_version);
  const std::string old_pod = world.pod_uid();
  const std::string set = world.world.get(kinds::stateful_set, "my-standalone")["metadata"]["uid"];
  world.request("my-upgrade", "10.11.19");
  world.finish("my-upgrade");

  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_EQ(world.world.get(kinds::mysql, "my-standalone")["spec"]["version"], "10.11.19");
  EXPECT_EQ(world.image(), "docker.io/library/mariadb:10.11.19");
  EXPECT_NE(world.pod_uid(), old_pod);
  EXPECT_EQ(world.world.get(kinds::stateful_set, "my-standalone")["metadata"]["uid"], set);
  EXPECT_TRUE(world.world.condition("Paused").is_null());
  EXPECT_EQ(world.world.phase(), "Ready");
}

TEST(OpsManager, UpgradesAcrossMajorsWithANewSetOfTheSameName) {
  OpsWorld world;
  const std::string set = world.world.get(kinds::stateful_set, "my-standalone")["metadata"]["uid"];
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");

  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_EQ(world.image(), "docker.io/library/mariadb:11.8.6");
  EXPECT_NE(world.world.get(kinds::stateful_set, "my-standalone")["metadata"]["uid"], set);
  EXPECT_EQ(world.events_of("my-upgrade"),
            (std::vector<std::string>{
                "Starting: Start processing for MySQLOpsRequest: demo/my-upgrade",
                "Planned: Planned the upgrade of MySQL demo/my-standalone: " +
                    world.planned_in_short("my-upgrade"),
                "Starting: Pausing MySQL databse: demo/my-standalone",
                ("Successful: Successfully paused MySQL database: demo/my-standalone for "
                 "MySQLOpsRequest: my-upgrade"),
                ("Starting: Upgrading MySQL images: demo/my-standalone for MySQLOpsRequest: "
                 "my-upgrade"),
                "Starting: Restarting Pod: my-standalone-0/demo",
                ("Successful: Image successfully updated in MySQL: demo/my-standalone for "
                 "MySQLOpsRequest: my-upgrade"),
                "Starting: Resuming MySQL database: demo/my-standalone",
                "Successful: Successfully resumed MySQL database: demo/my-standalone",
                ("Successful: Controller has Successfully upgraded the version of MySQL : "
                 "demo/my-standalone")}));
  const std::vector<std::string> writes = world.writes();
  EXPECT_EQ(writes.size(), 11u) << ::testing::PrintToString(writes);
}

TEST(OpsManager, RecordsWhoAskedForTheUpgrade) {
  OpsWorld world;
  world.world.apply(R"(
apiVersion: ops.kubedb.com/v1alpha1
kind: MySQLOpsRequest
metadata:
  name: my-upgrade
  namespace: demo
  annotations: {ratchet.dev/requested-by: alice@example.com}
spec:
  databaseRef: {name: my-standalone}
  type: UpdateVersion
  updateVersion: {targetVersion: "11.8.6"}
)");
  world.finish("my-upgrade");
  const auto runs = engine::list_runs(world.log());
  ASSERT_EQ(runs.size(), 1u);
  const auto first = engine::read_history(world.log(), runs[0].run).front();
  const auto& started = std::get<engine::RunStarted>(first.turn.events.front());
  EXPECT_EQ(started.principal, "test for alice@example.com");
}

// The audit of the end-to-end test, in small: killed after every record of the log, the same writes
// come out, each once.
TEST(OpsManager, MakesTheSameWritesWhereverItIsKilled) {
  OpsWorld calm;
  calm.request("my-upgrade", "11.8.6");
  calm.finish("my-upgrade");
  const std::vector<std::string> expected = calm.writes();
  ASSERT_GT(calm.records(), 15u);
  for (std::size_t kill_after = 1; kill_after <= calm.records(); ++kill_after) {
    OpsWorld world;
    const std::string old_pod = world.pod_uid();
    world.request("my-upgrade", "11.8.6");
    world.finish("my-upgrade", kill_after);
    EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << "killed after " << kill_after;
    EXPECT_EQ(world.writes(), expected) << "killed after " << kill_after;
    EXPECT_EQ(world.events_of("my-upgrade").size(), 10u) << "killed after " << kill_after;
    EXPECT_NE(world.pod_uid(), old_pod);
  }
}

TEST(OpsManager, LooksBeforeItWritesAgainWhenAnswersAreLost) {
  OpsWorld calm;
  calm.request("my-upgrade", "11.8.6");
  calm.finish("my-upgrade");
  OpsWorld world;
  std::set<std::string> lost;
  world.world.faults.on_write = [&](const embedded::Call& call) {
    const std::string what = std::string(embedded::verb_name(call.verb)) + call.plural;
    if (call.user != "ops-manager" || !lost.insert(what).second) return embedded::Fault::none;
    return embedded::Fault::lost_after;
  };
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful");
  EXPECT_GT(lost.size(), 5u);
  EXPECT_EQ(world.writes(), calm.writes());
}

TEST(OpsManager, BlockingFindingsEndTheRequestAndTheDatabaseIsNotTouched) {
  OpsWorld world;
  world.planted["XA RECOVER"] = {{"1", "4", "0", "left"}};
  world.planted["AND ENGINE NOT IN"] = {{"shop", "old", "MyISAM"}};
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Failed");
  const std::string why = world.message_of("my-upgrade", "Failed");
  EXPECT_NE(why.find("blocking xa-prepared (my-standalone-0): a prepared XA transaction (format 1, "
                     "left) is open"),
            std::string::npos)
      << why;
  EXPECT_TRUE(world.writes().empty()) << "not even paused";
  EXPECT_EQ(world.world.phase(), "Ready");
}

TEST(OpsManager, TheRunningServerDecidesAndNotTheCatalogue) {
  OpsWorld world;
  world.planted["SELECT VERSION(), @@GLOBAL.version_comment"] = {{"9.7.4", "MySQL"}};
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  const std::string why = world.message_of("my-upgrade", "Failed");
  EXPECT_NE(why.find("the server is 9.7.4: from there to 11.8.6 the way is closed: MySQL and "
                     "MariaDB cannot open each other's files"),
            std::string::npos)
      << why;
  EXPECT_TRUE(world.writes().empty());
}

std::string plan_shown(OpsWorld& world) {
  const std::string text = world.message_of("my-upgrade", "WaitingForApproval");
  const std::string before = "waits for an approval of plan ";
  const auto at = text.find(before);
  return at == std::string::npos ? "" : text.substr(at + before.size(), 64);
}

void annotate(OpsWorld& world, const std::string& name, const std::string& value) {
  world.world.patch(kinds::mysql_ops_request, "my-upgrade",
                    {{"metadata", {{"annotations", {{name, value}}}}}});
}

void await_the_gate(OpsWorld& world) {
  world.request("my-upgrade", "11.8.6", "", "ratchet.dev/approval: required");
  world.run_until([&] { return world.phase_of("my-upgrade") == "WaitingForApproval"; });
}

TEST(OpsManager, WaitsForAnApprovalOfItsPlan) {
  OpsWorld world;
  await_the_gate(world);
  EXPECT_TRUE(world.touches().empty());
  annotate(world, approved_annotation, std::string(64, 'a'));
  world.run_until([&] { return world.events_of("my-upgrade").size() == 4u; });
  EXPECT_NE(world.events_of("my-upgrade")[3].find("decided about another plan"), std::string::npos);
  EXPECT_EQ(world.phase_of("my-upgrade"), "WaitingForApproval");
  const std::string plan = plan_shown(world);
  annotate(world, decider_annotation, "ann");
  annotate(world, approved_annotation, plan);
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_EQ(world.message_of("my-upgrade", "Approved"),
            "Approved by ann: plan " + plan + " (annotation ratchet.dev/approved-plan)");
}

// Also by processes that were not there when it was recorded.
TEST(OpsManager, AnApprovalOfAnotherPlanIsRecordedOnce) {
  OpsWorld world;
  await_the_gate(world);
  annotate(world, approved_annotation, std::string(64, 'a'));
  world.run_until([&] { return world.events_of("my-upgrade").size() == 4u; });
  for (int kills = 0; kills < 3; ++kills) {
    int rounds = 0;
    world.run_until([&] { return ++rounds > 20; }, world.records());
  }
  EXPECT_EQ(world.events_of("my-upgrade").size(), 4u);
}

std::string run_of(OpsWorld& world) {
  return world.world.get(kinds::mysql_ops_request, "my-upgrade")["metadata"]["uid"];
}

TEST(OpsManager, ARequestFollowsItsRunWhenItIsReset) {
  OpsWorld world;
  await_the_gate(world);
  const auto done = world.engine().reset(run_of(world), 1, {"ann", "look again"});
  ASSERT_EQ(done.refused, std::nullopt);
  world.run_until([&] { return world.engine().state(done.run_id) == engine::RunState::running; });
  annotate(world, approved_annotation, plan_shown(world));
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_EQ(world.engine().state(done.run_id), engine::RunState::completed);
}

TEST(OpsManager, ARunThatIsResetResumesWhatTheFormerOnePaused) {
  OpsWorld world;
  world.request("my-upgrade", "11.8.6");
  world.run_until([&] { return world.world.condition("Paused")["status"] == "True"; });
  engine::WasReset done{"not asked", {}};
  world.run_until([&] {  // while the run is written to, it says to ask again
    const auto run = engine::find_run(world.log(), run_of(world));
    const auto turns =
        static_cast<std::uint32_t>(engine::read_history(world.log(), run->run).size());
    if (turns > 1) done = world.engine().reset(run_of(world), turns - 1, {"ann", "look again"});
    return !done.refused;
  });
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_EQ(world.engine().state(done.run_id), engine::RunState::completed);
  EXPECT_TRUE(world.world.condition("Paused").is_null());
}

TEST(OpsManager, AFailedRequestCanStartOverOnceItsCauseIsGone) {
  OpsWorld world;
  world.planted["XA RECOVER"] = {{"1", "4", "0", "left"}};
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  ASSERT_EQ(world.phase_of("my-upgrade"), "Failed");
  world.planted.clear();
  const auto done = world.engine().reset(run_of(world), 1, {"ann", "it is rolled back"});
  ASSERT_EQ(done.refused, std::nullopt);
  world.run_until([&] { return world.phase_of("my-upgrade") == "Successful"; });
  EXPECT_EQ(world.engine().state(run_of(world)), engine::RunState::failed) << "as it was";
  const auto events = world.events_of("my-upgrade");
  EXPECT_EQ(std::ranges::count(events, events.front()), 1) << "what was told is not told again";
  EXPECT_EQ(events.back().substr(0, 10), "Successful") << events.back();
}

TEST(OpsManager, ADeniedPlanIsNotCarriedOut) {
  OpsWorld world;
  await_the_gate(world);
  annotate(world, denied_annotation, plan_shown(world));
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Denied");
  EXPECT_TRUE(world.touches().empty());
}

TEST(OpsManager, AChangeBehindAnApprovalNeedsAnother) {
  OpsWorld world;
  await_the_gate(world);
  const std::string plan = plan_shown(world);
  world.planted["AND ENGINE NOT IN"] = {{"shop", "old", "MyISAM"}};
  annotate(world, approved_annotation, plan);
  world.run_until([&] { return plan_shown(world) != plan; });
  EXPECT_EQ(world.phase_of("my-upgrade"), "WaitingForApproval");
  EXPECT_TRUE(world.touches().empty());
  annotate(world, approved_annotation, plan_shown(world));
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
}

TEST(OpsManager, AWindowThatCannotBeReadFailsBeforeAnythingIsTouched) {
  OpsWorld world;
  world.request("my-upgrade", "11.8.6", "", "ratchet.dev/window: 0 2 * * SAT");
  world.finish("my-upgrade");
  EXPECT_NE(
      world.message_of("my-upgrade", "Failed").find("is no \"<cron> <duration> <time zone>\""),
      std::string::npos);
  EXPECT_TRUE(world.writes().empty());
}

TEST(OpsManager, AnApprovalThatIsMisspeltIsNotNone) {
  OpsWorld world;
  world.request("my-upgrade", "11.8.6", "", "ratchet.dev/approval: requierd");
  world.finish("my-upgrade");
  EXPECT_NE(world.message_of("my-upgrade", "Failed").find("\"requierd\" is not \"required\""),
            std::string::npos);
}

TEST(OpsManager, SaysWhyItRefuses) {
  OpsWorld world;
  world.request("unknown", "12.0.0");
  world.finish("unknown");
  EXPECT_EQ(world.phase_of("unknown"), "Failed");
  EXPECT_EQ(world.message_of("unknown", "Failed"),
            "upgrade from version 10.11.18 to 12.0.0 is not supported: there is no MySQLVersion "
            "\"12.0.0\" (kubectl get mysqlversions lists what there is)");
  EXPECT_TRUE(world.writes().empty());
}

TEST(OpsManager, RefusesARequestForNoDatabase) {
  OpsWorld world;
  world.world.apply(R"(
apiVersion: ops.kubedb.com/v1alpha1
kind: MySQLOpsRequest
metadata: {name: lost, namespace: demo}
spec:
  databaseRef: {name: nowhere}
  type: Upgrade
  upgrade: {targetVersion: "11.8.6"}
)");
  world.finish("lost");
  EXPECT_NE(world.message_of("lost", "Failed").find("spec.databaseRef demo/nowhere, is invalid"),
            std::string::npos);
}

TEST(OpsManager, LetsASecondRequestWait) {
  OpsWorld world;
  world.world.apply(patch_version);
  world.request("first", "10.11.19");
  world.run_until([&] { return world.phase_of("first") == "Progressing"; });
  world.request("second", "11.8.6");
  world.run_until([&] { return world.phase_of("second") == "Pending"; });
  EXPECT_NE(world.message_of("second", "Pending").find("demo/first"), std::string::npos);
  world.finish("second");
  EXPECT_EQ(world.phase_of("first"), "Successful");
  EXPECT_EQ(world.phase_of("second"), "Successful");
  EXPECT_EQ(world.image(), "docker.io/library/mariadb:11.8.6");
}

TEST(OpsManager, StartsTheOldServerAgainAfterAnUncleanShutdown) {
  OpsWorld world;
  world.exit_code = 137;
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Failed");
  EXPECT_NE(world.message_of("my-upgrade", "Failed").find("did not shut down cleanly"),
            std::string::npos);
  EXPECT_EQ(world.image(), "docker.io/library/mariadb:10.11.18");
  EXPECT_EQ(world.world.phase(), "Ready");
  EXPECT_TRUE(world.world.condition("Paused").is_null());
}

TEST(OpsManager, GoesBackFromAnImageThatCannotBePulled) {
  OpsWorld world;
  world.request("my-upgrade", "11.8.6", "  timeout: 1s\n");
  world.run_until([&] { return world.world.condition("Paused")["status"] == "True"; });
  world.world.missing_images.insert("docker.io/library/mariadb:11.8.6");  // since it was looked at
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Failed");
  const std::string why = world.message_of("my-upgrade", "Failed");
  EXPECT_NE(why.find("ImagePullBackOff"), std::string::npos) << why;
  EXPECT_NE(why.find("The upgrade was undone"), std::string::npos) << why;
  EXPECT_EQ(world.image(), "docker.io/library/mariadb:10.11.18");
  world.run_until([&] { return world.world.phase() == "Ready"; });
}

TEST(OpsManager, DoesNotTakeOverSomebodyElsesPause) {
  OpsWorld world;
  world.world.pause("my-standalone", "2026-11-23T09:00:00Z");
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_NE(world.message_of("my-upgrade", "Failed").find("is already paused (by a test)"),
            std::string::npos);
  EXPECT_FALSE(world.world.condition("Paused").is_null()) << "it is not ours to remove";
  EXPECT_TRUE(world.touches().empty());
}

TEST(OpsManager, SurvivesAPodThatSomebodyElseDeletesInTheMiddle) {
  OpsWorld world;
  world.request("my-upgrade", "11.8.6");
  world.run_until([&] {
    const Json pod = world.world.get(kinds::pod, "my-standalone-0");
    return pod.contains("/metadata/finalizers/0"_json_pointer);
  });
  world.world.remove(kinds::pod, "my-standalone-0");
  world.finish("my-upgrade");
  // Whichever way it ended, no target server has opened a volume whose server was not seen ending.
  EXPECT_EQ(world.world.phase(), "Ready");
  EXPECT_TRUE(world.world.condition("Paused").is_null());
  const Json pod = world.world.get(kinds::pod, "my-standalone-0");
  EXPECT_FALSE(pod.contains("/metadata/finalizers/0"_json_pointer));
}

}  // namespace
}  // namespace ratchet::k8s::testing
