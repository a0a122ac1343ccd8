// Provisioning, pausing and refusing, on the embedded API server.
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/provisioner/objects.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/world.h"

namespace ratchet::k8s {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using testing::World;

std::vector<std::string> condition_types(World& world) {
  std::vector<std::string> types;
  const Json mysql = world.get(kinds::mysql, "my-standalone");
  for (const Json& condition : mysql["status"]["conditions"]) {
    types.push_back(condition["type"]);
  }
  return types;
}

TEST(Provisioning, MakesAStandaloneReadyAsTheGuideShowsIt) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  EXPECT_EQ(world.phase(), "Ready");
  EXPECT_THAT(condition_types(world), ElementsAre("ProvisioningStarted", "ReplicaReady",
                                                  "AcceptingConnection", "Ready", "Provisioned"));
  EXPECT_THAT(world.names(kinds::stateful_set), ElementsAre("my-standalone"));
  EXPECT_THAT(world.names(kinds::pod), ElementsAre("my-standalone-0"));
  EXPECT_THAT(world.names(kinds::persistent_volume_claim), ElementsAre("data-my-standalone-0"));
  EXPECT_THAT(world.names(kinds::service), ElementsAre("my-standalone", "my-standalone-pods"));
  EXPECT_THAT(world.names(kinds::pod_disruption_budget), ElementsAre("my-standalone"));
  const Json mysql = world.get(kinds::mysql, "my-standalone");
  EXPECT_THAT(mysql["metadata"]["finalizers"], ElementsAre("kubedb.com"));
  EXPECT_EQ(mysql["spec"]["authSecret"]["name"], "my-standalone-auth");
}

TEST(Provisioning, TellsWhatItMadeInTheOrderOfTheGuide) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  EXPECT_THAT(world.event_texts(),
              ElementsAre("Phase Changed: phase changed from  to Provisioning reason:",
                          "Successful: Successfully created governing service",
                          "Successful: Successfully created service for primary/standalone",
                          "Successful: Successfully created database auth secret",
                          "Successful: Successfully created StatefulSet",
                          "Successful: Successfully created MySQL",
                          "Phase Changed: phase changed from Provisioning to Ready reason:"));
}

TEST(Provisioning, OpensThePodsGateOnlyOnceTheServerAnswers) {
  World world;
  world.answer.connect_error = "connection refused";
  world.apply(testing::standalone);
  world.settle();
  EXPECT_EQ(world.phase(), "Provisioning");
  EXPECT_EQ(world.get(kinds::stateful_set, "my-standalone")["status"].value("readyReplicas", 0), 0);
  EXPECT_THAT(world.condition("AcceptingConnection")["message"].get<std::string>(),
              HasSubstr("is not accepting client requests, reason: connection refused"));
  world.answer.connect_error.reset();
  world.settle();
  EXPECT_EQ(world.phase(), "Ready");
  EXPECT_EQ(world.get(kinds::stateful_set, "my-standalone")["status"]["readyReplicas"], 1);
}

TEST(Provisioning, AServerThatStopsAnsweringIsNotReadyAndItsGateCloses) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  world.answer.connect_error = "connection refused";
  world.settle();
  EXPECT_EQ(world.phase(), "NotReady");
  EXPECT_EQ(world.condition("ReplicaReady")["status"], "False");
}

TEST(Provisioning, ProbesWithTheSecretAndPinsTheFirstCertificateOnTheClaim) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  const Json claim = world.get(kinds::persistent_volume_claim, "data-my-standalone-0");
  EXPECT_EQ(claim["metadata"]["annotations"][provisioner::server_certificate_annotation], "c0ffee");
  EXPECT_EQ(claim["metadata"]["annotations"][provisioner::server_version_annotation], "10.11.18");
  world.probes.clear();
  world.check();
  ASSERT_THAT(world.probes, SizeIs(1));
  EXPECT_EQ(world.probes[0].user, "root");
  EXPECT_THAT(world.probes[0].password, SizeIs(16));
  EXPECT_EQ(world.get(kinds::pod, "my-standalone-0")["status"]["podIP"], world.probes[0].host);
  EXPECT_EQ(world.probes[0].certificate, "c0ffee");
}

TEST(Provisioning, TheVersionOnTheClaimNeverGoesBack) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  world.patch(kinds::persistent_volume_claim, "data-my-standalone-0",
              {{"metadata", {{"annotations", {{"ratchet.dev/server-version", "11.8.6"}}}}}});
  world.check();
  const Json claim = world.get(kinds::persistent_volume_claim, "data-my-standalone-0");
  EXPECT_EQ(claim["metadata"]["annotations"]["ratchet.dev/server-version"], "11.8.6");
}

TEST(Provisioning, PutsBackWhatSomebodyChangedOrDeleted) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  world.remove(kinds::service, "my-standalone");
  world.patch(kinds::stateful_set, "my-standalone", {{"spec", {{"replicas", 3}}}});
  world.settle();
  EXPECT_THAT(world.names(kinds::service), ElementsAre("my-standalone", "my-standalone-pods"));
  EXPECT_EQ(world.get(kinds::stateful_set, "my-standalone")["spec"]["replicas"], 1);
}

TEST(Provisioning, APassOverAFinishedDatabaseWritesNothing) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  std::vector<std::string> writes;
  world.faults.on_write = [&](const embedded::Call& call) {
    writes.push_back(std::string(embedded::verb_name(call.verb)) + " " + call.plural);
    return embedded::Fault::none;
  };
  EXPECT_EQ(world.pass(), std::nullopt);
  world.check();
  EXPECT_THAT(writes, IsEmpty());
}

TEST(Provisioning, ATemplateChangeReachesTheSetButRestartsNoPod) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  const std::string pod = world.get(kinds::pod, "my-standalone-0")["metadata"]["uid"];
  world.patch(
      kinds::mysql, "my-standalone",
      {{"spec",
        {{"podTemplate",
          {{"spec", {{"args", {"--max-connections=7"}}, {"nodeSelector", {{"disk", "ssd"}}}}}}}}}});
  world.settle();
  const Json set = world.get(kinds::stateful_set, "my-standalone");
  EXPECT_THAT(set["spec"]["template"]["spec"]["containers"][0]["args"],
              ElementsAre("--max-connections=7"));
  EXPECT_EQ(world.get(kinds::pod, "my-standalone-0")["metadata"]["uid"], pod);
  world.patch(kinds::mysql, "my-standalone", {{"spec", {{"podTemplate", nullptr}}}});
  world.settle();
  const Json after = world.get(kinds::stateful_set, "my-standalone")["spec"]["template"]["spec"];
  EXPECT_FALSE(after["containers"][0].contains("args"));
  EXPECT_FALSE(after.contains("nodeSelector"));
}

TEST(Provisioning, AnEditOfResourcesReachesTheSetAndOneOfTheStorageDoesNot) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  const std::string pod = world.get(kinds::pod, "my-standalone-0")["metadata"]["uid"];
  const Json size = {{"resources", {{"requests", {{"storage", "5Gi"}}}}}};
  const Json server = {{"resources", {{"requests", {{"cpu", "700m"}}}}}};
  world.patch(kinds::mysql, "my-standalone",
              {{"spec", {{"storage", size}, {"podTemplate", {{"spec", server}}}}}});
  world.settle();
  const Json set = world.get(kinds::stateful_set, "my-standalone")["spec"];
  EXPECT_EQ(set["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"], "700m");
  const Json& claimed = set["volumeClaimTemplates"][0]["spec"]["resources"]["requests"];
  EXPECT_EQ(claimed["storage"], "1Gi") << "a claim's size is changed by whoever owns volumes";
  const Json claim = world.get(kinds::persistent_volume_claim, "data-my-standalone-0");
  EXPECT_EQ(claim["spec"]["resources"]["requests"]["storage"], "1Gi");
  EXPECT_EQ(world.get(kinds::pod, "my-standalone-0")["metadata"]["uid"], pod);
  EXPECT_EQ(world.phase(), "Ready");
}

TEST(Provisioning, AnEditOfTheVersionDoesNotUpgrade) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  world.patch(kinds::mysql, "my-standalone", {{"spec", {{"version", "11.8.6"}}}});
  world.settle();
  EXPECT_EQ(provisioner::mysql_image(world.get(kinds::stateful_set, "my-standalone")),
            "docker.io/library/mariadb:10.11.18");
  const Json refused = world.condition("SpecAccepted");
  EXPECT_EQ(refused["status"], "False");
  EXPECT_EQ(refused["reason"], "UpgradeNeedsRequest");
  EXPECT_THAT(refused["message"].get<std::string>(), HasSubstr("create a MySQLOpsRequest"));
  EXPECT_EQ(world.phase(), "Ready");
  world.patch(kinds::mysql, "my-standalone", {{"spec", {{"version", "10.11.18"}}}});
  world.settle();
  EXPECT_TRUE(world.condition("SpecAccepted").is_null());
}

TEST(Provisioning, WhatTheApiServerForbidsIsSaidWithTheWayOut) {
  World world;
  world.faults.on_write = [](const embedded::Call& call) {
    return call.plural == "secrets" ? embedded::Fault::forbid : embedded::Fault::none;
  };
  world.apply(testing::standalone);
  world.settle();
  const Json refused = world.condition("SpecAccepted");
  EXPECT_EQ(refused["reason"], "Forbidden");
  EXPECT_THAT(refused["message"].get<std::string>(),
              AllOf(HasSubstr("secrets"),
                    HasSubstr("kubectl apply -n demo -f k8s/manifests/databases.yaml")));
  EXPECT_TRUE(world.names(kinds::stateful_set).empty());
  world.faults.on_write = nullptr;
  world.settle();
  EXPECT_TRUE(world.condition("SpecAccepted").is_null());
  EXPECT_EQ(world.phase(), "Ready");
}

TEST(Provisioning, WaitsForTheSourcesThatTheSpecNamesUntilTheSetIsMade) {
  World world;
  world.apply(testing::standalone);
  world.patch(kinds::mysql, "my-standalone",
              {{"spec",
                {{"configSecret", {{"name", "conf"}}},
                 {"init", {{"script", {{"configMap", {{"name", "scripts"}}}}}}}}}});
  const auto refused = [&] {
    world.settle();
    const Json condition = world.condition("SpecAccepted");
    return condition.is_null() ? "" : condition["message"].get<std::string>();
  };
  EXPECT_THAT(refused(), HasSubstr("configmap demo/scripts of spec.init.script not found"));
  world.apply(
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: scripts, namespace: demo}, "
      "data: {a.sql: SELECT 1}}");
  EXPECT_THAT(refused(), HasSubstr("secret demo/conf of spec.configSecret not found"));
  EXPECT_TRUE(world.names(kinds::stateful_set).empty());
  world.apply(
      "{apiVersion: v1, kind: Secret, metadata: {name: conf, namespace: demo}, "
      "stringData: {a.cnf: '[mysqld]'}}");
  EXPECT_EQ(refused(), "");
  EXPECT_EQ(world.phase(), "Ready");
  world.remove(kinds::secret, "conf");
  world.remove(kinds::config_map, "scripts");
  EXPECT_EQ(refused(), "");
}

TEST(Provisioning, KeepsTheSetThatAnUpgradeMadeInPlaceOfTheOldOne) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  world.pause("my-standalone", "2026-11-23T10:00:01Z");
  Json set = world.get(kinds::stateful_set, "my-standalone");
  ASSERT_TRUE(world
                  .run(world.client.remove(kinds::stateful_set, {"demo", "my-standalone"}, {},
                                           Propagation::orphan))
                  .ok());
  world.run_cluster();
  const Json metadata = set["metadata"];
  set["metadata"] = {{"name", metadata["name"]},
                     {"namespace", "demo"},
                     {"labels", metadata["labels"]},
                     {"ownerReferences", metadata["ownerReferences"]}};
  set.erase("status");
  set["spec"]["template"]["spec"]["containers"][0]["image"] = "docker.io/library/mariadb:11.8.6";
  ASSERT_TRUE(world.run(world.client.create(kinds::stateful_set, set)).ok());
  world.patch(kinds::mysql, "my-standalone", {{"spec", {{"version", "11.8.6"}}}});
  world.resume("my-standalone");
  world.settle();
  EXPECT_EQ(world.phase(), "Ready");
  EXPECT_TRUE(world.condition("SpecAccepted").is_null());
  const Json after = world.get(kinds::stateful_set, "my-standalone");
  EXPECT_EQ(provisioner::mysql_image(after), "docker.io/library/mariadb:11.8.6");
  EXPECT_EQ(world.get(kinds::pod_disruption_budget,
                      "my-standalone")["metadata"]["ownerReferences"][0]["uid"],
            after["metadata"]["uid"]);
}

TEST(Pausing, IsAnsweredByTheTimeOfTheConditionAndTakenBackOnResume) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  world.pause("my-standalone", "2026-11-23T10:00:01Z");
  world.settle();
  const auto drained = [&] {
    const Json metadata = world.get(kinds::mysql, "my-standalone")["metadata"];
    return metadata.value("annotations", Json::object()).value(provisioner::drained_annotation, "");
  };
  EXPECT_EQ(drained(), "2026-11-23T10:00:01Z");
  world.resume("my-standalone");
  world.settle();
  EXPECT_EQ(drained(), "");
}

TEST(Pausing, StopsTheSpecButNotTheHealth) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  world.pause("my-standalone", "2026-11-23T10:00:01Z");
  world.remove(kinds::service, "my-standalone");
  world.answer.connect_error = "gone";
  world.settle();
  EXPECT_THAT(world.names(kinds::service), ElementsAre("my-standalone-pods"));
  EXPECT_EQ(world.phase(), "NotReady");
  EXPECT_EQ(world.condition("Paused")["status"], "True");
  world.resume("my-standalone");
  world.settle();
  EXPECT_THAT(world.names(kinds::service), SizeIs(2));
}

// The pause arrives while a pass is under way: not one more object is written.
TEST(Pausing, IsSeenBeforeEachWriteOfAPass) {
  World world;
  world.apply(testing::standalone);
  bool paused = false;
  std::vector<std::string> written_after;
  world.faults.on_write = [&](const embedded::Call& call) {
    if (paused && call.plural != "mysqls") written_after.push_back(call.plural);
    return embedded::Fault::none;
  };
  world.server.on_call([&](const embedded::Call& call, const embedded::Answer& answer) {
    if (paused || call.plural != "services" || !embedded::is_write(call.verb)) return;
    paused = answer.code == 201;
    if (paused) {
      boost::asio::post(world.loop(), [&] {
        embedded::InProcessClient other(world.server, "ops-manager");
        Json mysql = *world.server.store().find({"mysqls.kubedb.com", "demo", "my-standalone"});
        mysql["status"]["conditions"].push_back({{"type", "Paused"},
                                                 {"status", "True"},
                                                 {"lastTransitionTime", "2026-11-23T10:00:01Z"}});
        embedded::Call write;
        write.verb = embedded::Verb::update;
        write.group = "kubedb.com";
        write.version = "v1";
        write.plural = "mysqls";
        write.space = "demo";
        write.name = "my-standalone";
        write.subresource = "status";
        write.body = mysql;
        ASSERT_EQ(world.server.handle(write).code, 200);
      });
    }
  });
  for (int i = 0; i < 5; ++i) world.pass();
  ASSERT_TRUE(paused);
  EXPECT_THAT(written_after, IsEmpty());
  EXPECT_THAT(world.names(kinds::stateful_set), IsEmpty());
}

TEST(Pausing, WaitsForAWriteWhoseAnswerWasLost) {
  World world;
  world.context.options.in_doubt_period = std::chrono::milliseconds(300);
  world.apply(testing::standalone);
  world.faults.on_write = [&](const embedded::Call& call) {
    return call.plural == "secrets" ? embedded::Fault::lost_after : embedded::Fault::none;
  };
  EXPECT_THROW(world.pass(), ApiError);
  world.faults.on_write = {};
  world.pause("my-standalone", "2026-11-23T10:00:01Z");
  const auto again = world.pass();
  const auto annotations = [&] {
    return world.get(kinds::mysql, "my-standalone")["metadata"].value("annotations",
                                                                      Json::object());
  };
  ASSERT_TRUE(again.has_value());
  EXPECT_GT(*again, std::chrono::milliseconds(0));
  EXPECT_FALSE(annotations().contains(provisioner::drained_annotation));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (world.pass() && std::chrono::steady_clock::now() < deadline) {
  }
  EXPECT_EQ(annotations().value(provisioner::drained_annotation, ""), "2026-11-23T10:00:01Z");
}

}  // namespace
}  // namespace ratchet::k8s
