// What the webhook changes, allows and refuses beyond the table, and how it stands.
#include <fstream>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>

#include "k8s/operator/admission.h"
#include "k8s/provisioner/objects.h"
#include "tests/k8s/webhook/asking.h"
#include "tests/k8s/webhook/table.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::ThrowsMessage;

// The conditions of a MySQL that was provisioned.
Json with_condition(Json mysql, const char* type, const char* status, const char* reason = "") {
  mysql["status"]["conditions"].push_back({{"type", type}, {"status", status}, {"reason", reason}});
  return mysql;
}

Json provisioned() { return with_condition(good_mysql(), "ProvisioningStarted", "True"); }

Json at_version(Json mysql, const char* version) {
  mysql["spec"]["version"] = version;
  return mysql;
}

TEST_F(Asking, AGoodMySqlGetsTheDefaultsOfTheGuide) {
  Json mysql = good_mysql();
  mysql["spec"].erase("deletionPolicy");
  mysql["spec"]["authSecret"] = {{"name", "root"}};
  const Json verdict = submit("CREATE", mysql);
  EXPECT_EQ(verdict["allowed"], true);
  EXPECT_FALSE(verdict.contains("warnings"));
  EXPECT_EQ(mysql["spec"]["storageType"], "Durable");
  EXPECT_EQ(mysql["spec"]["deletionPolicy"], "Delete");
  EXPECT_EQ(mysql["spec"]["replicas"], 1);
  EXPECT_EQ(mysql["spec"]["authSecret"]["kind"], "Secret");
  const Json pod = mysql["spec"]["podTemplate"]["spec"];
  EXPECT_EQ(pod["serviceAccountName"], "good");
  EXPECT_EQ(pod["containers"][0]["name"], "mysql");
  const Json apart =
      pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"];
  ASSERT_EQ(apart.size(), 2u);
  EXPECT_EQ(apart[0]["weight"], 100);
  EXPECT_EQ(apart[0]["podAffinityTerm"]["topologyKey"], "kubernetes.io/hostname");
  EXPECT_EQ(apart[0]["podAffinityTerm"]["labelSelector"]["matchLabels"],
            Json(provisioner::selector_labels("good")));
  EXPECT_EQ(
      pod["containers"][0]["resources"],
      Json({{"requests", {{"cpu", "500m"}, {"memory", "1Gi"}}}, {"limits", {{"memory", "1Gi"}}}}));
  Json again = mysql;
  submit("UPDATE", again, mysql);
  EXPECT_EQ(again, mysql);
}

TEST_F(Asking, WhatAUserSaysOfAffinityStays) {
  Json mysql = good_mysql();
  mysql["spec"]["podTemplate"]["spec"]["affinity"] = Json::object();
  submit("CREATE", mysql);
  EXPECT_EQ(mysql["spec"]["podTemplate"]["spec"]["affinity"], Json::object());
}

TEST_F(Asking, TheOldVersionKeepsItsOwnShape) {
  Json mysql = good_mysql();
  mysql["apiVersion"] = "kubedb.com/v1alpha2";
  mysql["spec"].erase("deletionPolicy");
  mysql["spec"]["podTemplate"]["spec"]["resources"]["limits"] = {{"cpu", "2"}, {"memory", "3Gi"}};
  submit("CREATE", mysql);
  EXPECT_EQ(mysql["spec"]["terminationPolicy"], "Delete");
  EXPECT_FALSE(mysql["spec"].contains("deletionPolicy"));
  const Json pod = mysql["spec"]["podTemplate"]["spec"];
  EXPECT_FALSE(pod.contains("containers"));
  EXPECT_EQ(pod["resources"]["requests"], Json({{"cpu", "2"}, {"memory", "3Gi"}}));
}

TEST_F(Asking, AGroupGetsItsSizeAndAName) {
  Json mysql = good_mysql();
  mysql["spec"]["topology"]["mode"] = "GroupReplication";
  EXPECT_EQ(submit("CREATE", mysql)["allowed"], true);
  EXPECT_EQ(mysql["spec"]["replicas"], 3);
  const std::string name = mysql["spec"]["topology"]["group"]["name"];
  EXPECT_THAT(name, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                 "[0-9a-f]{12}"));
  Json other = good_mysql();
  other["spec"]["topology"]["mode"] = "GroupReplication";
  submit("CREATE", other);
  EXPECT_NE(other["spec"]["topology"]["group"]["name"], name);
}

TEST_F(Asking, HaltingProtectsTheDataAndAnEditOfOnePolicyIsOneOfBoth) {
  Json mysql = good_mysql();
  mysql["spec"]["halted"] = true;
  EXPECT_EQ(submit("CREATE", mysql)["allowed"], true);
  EXPECT_EQ(mysql["spec"]["deletionPolicy"], "Halt");

  Json before = good_mysql();
  before["spec"]["terminationPolicy"] = "WipeOut";
  Json after = before;
  after["spec"]["terminationPolicy"] = "DoNotTerminate";
  EXPECT_EQ(submit("UPDATE", after, before)["allowed"], true);
  EXPECT_EQ(after["spec"]["deletionPolicy"], "DoNotTerminate");
}

TEST_F(Asking, AVersionIsEditedByTheOpsManagerAlone) {
  Json after = at_version(provisioned(), "11.8.6");
  const Json verdict = submit("UPDATE", after, provisioned());
  EXPECT_EQ(verdict["allowed"], false);
  EXPECT_THAT(
      said(verdict),
      HasSubstr("Create a MySQLOpsRequest of type UpdateVersion in namespace demo with "
                "spec.databaseRef.name: good and spec.updateVersion.targetVersion: 11.8.6"));
  EXPECT_EQ(submit("UPDATE", after, provisioned(), ops_manager)["allowed"], true);
}

TEST_F(Asking, AVersionThatNothingRunsWithCanBePutRight) {
  Json after = at_version(good_mysql(), "11.8.6");
  EXPECT_EQ(submit("UPDATE", after, at_version(good_mysql(), "1.2.3"))["allowed"], true);

  const Json refused =
      with_condition(provisioned(), "SpecAccepted", "False", "UpgradeNeedsRequest");
  after = at_version(refused, "11.8.6");
  EXPECT_EQ(submit("UPDATE", after, refused)["allowed"], true);
  const Json paused = with_condition(refused, "Paused", "True");
  after = at_version(paused, "11.8.6");
  EXPECT_EQ(submit("UPDATE", after, paused)["allowed"], false) << "an operation is under way";
}

TEST_F(Asking, WhatIsFixedStays) {
  Json after = provisioned();
  after["spec"]["storageType"] = "Ephemeral";
  EXPECT_THAT(said(submit("UPDATE", after, provisioned())),
              HasSubstr("At least one of the following was changed: spec.storageType"));
  Json before = provisioned();
  before["spec"]["init"] = {{"script", {{"configMap", {{"name", "a"}}}}}};
  after = before;
  after["spec"]["init"]["initialized"] = true;
  EXPECT_EQ(submit("UPDATE", after, before)["allowed"], true);
  before = after;
  after["spec"]["init"]["script"]["configMap"]["name"] = "b";
  EXPECT_THAT(said(submit("UPDATE", after, before)),
              HasSubstr("At least one of the following was changed: spec.init"));
}

// Somebody made it while there was no webhook.
TEST_F(Asking, WhatWasWrongBeforeDoesNotBlockAnEdit) {
  Json before = provisioned();
  before["spec"].erase("storage");
  Json after = before;
  after["metadata"]["labels"] = {{"team", "shop"}};
  EXPECT_EQ(submit("UPDATE", after, before)["allowed"], true);
  after["spec"]["healthChecker"]["periodSeconds"] = 0;
  const std::string message = said(submit("UPDATE", after, before));
  EXPECT_THAT(message, HasSubstr("periodSeconds"));
  EXPECT_THAT(message, ::testing::Not(HasSubstr("spec.storage is missing")));
  after["metadata"]["deletionTimestamp"] = "2026-11-23T10:00:00Z";
  EXPECT_EQ(submit("UPDATE", after, before)["allowed"], true) << "a finalizer must go";
}

TEST_F(Asking, WhatMustNotBeTerminatedIsNotDeleted) {
  Json none;
  EXPECT_EQ(submit("DELETE", none, good_mysql())["allowed"], true);
  Json mysql = good_mysql();
  mysql["spec"]["deletionPolicy"] = "DoNotTerminate";
  EXPECT_EQ(said(submit("DELETE", none, mysql)),
            "mysql \"demo/good\" can't be terminated. To delete, change spec.deletionPolicy");
  mysql["spec"].erase("deletionPolicy");
  mysql["spec"]["terminationPolicy"] = "DoNotTerminate";
  EXPECT_EQ(said(submit("DELETE", none, mysql)),
            "mysql \"demo/good\" can't be terminated. To delete, change spec.terminationPolicy");
}

TEST_F(Asking, TheRequesterIsWhoTheApiServerSays) {
  Json there = good_mysql();
  there["metadata"]["name"] = "my-standalone";
  ASSERT_TRUE(world.run(world.client.create(kinds::mysql, there)).ok());
  Json request = good_request();
  request["metadata"]["annotations"] = {{requester_annotation, "root"}, {"a", "b"}};
  EXPECT_EQ(submit("CREATE", request, {}, "jane")["allowed"], true);
  EXPECT_EQ(request["metadata"]["annotations"], Json({{requester_annotation, "jane"}, {"a", "b"}}));

  Json edited = request;
  edited["metadata"]["annotations"][requester_annotation] = "root";
  EXPECT_EQ(submit("UPDATE", edited, request, "mallory")["allowed"], true);
  EXPECT_EQ(edited, request);
  edited["metadata"].erase("annotations");
  submit("UPDATE", edited, request, "mallory");
  EXPECT_EQ(edited["metadata"]["annotations"], Json({{requester_annotation, "jane"}}));

  Json unmarked = good_request();
  edited = unmarked;
  edited["metadata"]["annotations"] = {{requester_annotation, "root"}};
  submit("UPDATE", edited, unmarked, "mallory");
  EXPECT_FALSE(edited["metadata"]["annotations"].contains(requester_annotation));
}

// Whoever names a plan is recorded, and cannot say that somebody else did.
TEST_F(Asking, TheDeciderIsWhoTheApiServerSays) {
  Json request = good_request();
  request["metadata"]["annotations"] = {{requester_annotation, "jane"}};
  Json approved = request;
  approved["metadata"]["annotations"][approved_annotation] = "00ff";
  approved["metadata"]["annotations"][decider_annotation] = "root";
  EXPECT_EQ(submit("UPDATE", approved, request, "ann")["allowed"], true);
  EXPECT_EQ(approved["metadata"]["annotations"][decider_annotation], "ann");
  EXPECT_EQ(approved["metadata"]["annotations"][decided_on_annotation], "00ff/");

  Json later = approved;
  later["metadata"]["annotations"]["a"] = "b";
  later["metadata"]["annotations"][decider_annotation] = "mallory";
  submit("UPDATE", later, approved, "mallory");
  EXPECT_EQ(later["metadata"]["annotations"][decider_annotation], "ann");
  later["metadata"]["annotations"][denied_annotation] = "00ff";
  submit("UPDATE", later, approved, "mallory");
  EXPECT_EQ(later["metadata"]["annotations"][decider_annotation], "mallory");

  Json none = request;
  none["metadata"]["annotations"][decider_annotation] = "root";
  submit("UPDATE", none, request, "ann");
  EXPECT_FALSE(none["metadata"]["annotations"].contains(decider_annotation));
}

TEST_F(Asking, ARequestIsNeverEdited) {
  Json after = good_request();
  after["spec"]["updateVersion"]["targetVersion"] = "11.8.7";
  const Json verdict = submit("UPDATE", after, good_request());
  EXPECT_THAT(said(verdict), HasSubstr("At least one of the following was changed: spec"));
  after = good_request();
  after["status"]["phase"] = "Failed";
  EXPECT_EQ(submit("UPDATE", after, good_request())["allowed"], true);
}

TEST_F(Asking, StatusIsNeverJudged) {
  Json mysql = good_mysql();
  mysql["spec"]["version"] = "";
  const Json verdict = ask("/validate-kubedb-com-v1-mysql", {{"operation", "UPDATE"},
                                                             {"subResource", "status"},
                                                             {"object", mysql},
                                                             {"oldObject", good_mysql()}});
  EXPECT_EQ(verdict["allowed"], true);
}

// `Fail` is then the API server's own decision; of a MySQL, the controller looks again anyway.
TEST_F(Asking, WithoutTheClusterAMySqlPassesWithAWarning) {
  class Silent : public embedded::InProcessClient {
   public:
    using embedded::InProcessClient::InProcessClient;
    boost::asio::awaitable<Reply> get(Resource, Key) override {
      throw ApiError(503, "the API server is down");
      co_return Reply{};
    }
  };
  Silent silent(world.server, "webhook");
  Reviewer reviewer(silent, {});
  const auto review = [](const Json& object) {
    return Json{{"apiVersion", "admission.k8s.io/v1"},
                {"kind", "AdmissionReview"},
                {"request", {{"uid", "u"}, {"operation", "CREATE"}, {"object", object}}}};
  };
  const Json answer =
      loop.run(reviewer.answer("/validate-kubedb-com-v1-mysql", review(good_mysql())));
  EXPECT_EQ(answer["response"]["allowed"], true);
  EXPECT_THAT(answer["response"]["warnings"].dump(), HasSubstr("the API server is down"));
  EXPECT_THROW(loop.run(reviewer.answer("/validate-ops-kubedb-com-v1alpha1-mysqlopsrequest",
                                        review(good_request()))),
               ApiError);
}

TEST_F(Asking, AnAnswerThatWouldComeTooLateIsAFailureInTime) {
  class Stuck : public embedded::InProcessClient {
   public:
    using embedded::InProcessClient::InProcessClient;
    boost::asio::awaitable<Reply> get(Resource, Key) override {
      boost::asio::steady_timer never(co_await boost::asio::this_coro::executor,
                                      std::chrono::hours(1));
      co_await never.async_wait(boost::asio::use_awaitable);
      co_return Reply{};
    }
  };
  Stuck stuck(world.server, "webhook");
  serve(stuck);
  const Json review = {
      {"apiVersion", "admission.k8s.io/v1"},
      {"kind", "AdmissionReview"},
      {"request", {{"uid", "u"}, {"operation", "CREATE"}, {"object", good_request()}}}};
  const http::Response late =
      post("/validate-ops-kubedb-com-v1alpha1-mysqlopsrequest", review.dump());
  EXPECT_EQ(late.status, 504);
  EXPECT_EQ(post("/", review.dump()).status, 400) << "and it serves on";
}

TEST_F(Asking, WhatIsNoReviewIsRefused) {
  const std::string path = "/validate-kubedb-com-v1-mysql";
  EXPECT_EQ(post(path, "no JSON").status, 400);
  EXPECT_THAT(post(path, "{}").body, HasSubstr("apiVersion admission.k8s.io/v1"));
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_THAT(post(path, deep).body, HasSubstr("nested too deeply"));
  EXPECT_EQ(post(path, std::string(std::size_t{9} << 20, ' ')).status, 413);
  const Json review = {{"apiVersion", "admission.k8s.io/v1"},
                       {"kind", "AdmissionReview"},
                       {"request", {{"uid", "u"}, {"operation", "CREATE"}}}};
  EXPECT_THAT(post(path, review.dump()).body, HasSubstr("has no request.object"));
  EXPECT_EQ(post("/", review.dump()).status, 400);
}

TEST_F(Asking, ARestartNeedsNoVersion) {
  Json there = good_mysql();
  there["metadata"]["name"] = "my-standalone";
  ASSERT_TRUE(world.run(world.client.create(kinds::mysql, there)).ok());
  Json request = good_request();
  request["spec"] = {{"type", "Restart"}, {"databaseRef", {{"name", "my-standalone"}}}};
  EXPECT_EQ(said(submit("CREATE", request, {}, "jane")), "");
  request["spec"]["databaseRef"]["name"] = "nobody";
  EXPECT_THAT(said(submit("CREATE", request, {}, "jane")), HasSubstr("demo/nobody, is invalid"));
}

// In the former spelling of the key; the list for groups does not count.
TEST_F(Asking, AWayThatTheCatalogueDoesNotHaveIsRefusedWithThoseThatItHas) {
  Json there = good_mysql();
  there["metadata"]["name"] = "my-standalone";
  ASSERT_TRUE(world.run(world.client.create(kinds::mysql, there)).ok());
  world.apply(R"(
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: "10.11.18"}
spec:
  version: "10.11.18"
  db: {image: "docker.io/library/mariadb:10.11.18"}
  upgradeConstraints:
    allowlist: {standalone: [">= 10.11.19, < 11"], groupReplication: ["11.8.6"]}
)");
  Json request = good_request();
  EXPECT_THAT(said(submit("CREATE", request, {}, "jane")),
              HasSubstr("upgrade from version 10.11.18 to 11.8.6 is not supported: MySQLVersion "
                        "10.11.18 does not list it as allowed. Allowed: \">= 10.11.19, < 11\""));
}

TEST_F(Asking, OnlyAGroupGetsAnotherNumberOfMembers) {
  Json there = good_mysql();
  there["metadata"]["name"] = "my-db";
  ASSERT_TRUE(world.run(world.client.create(kinds::mysql, there)).ok());
  Json request = good_request();
  request["spec"] = {{"type", "HorizontalScaling"},
                     {"databaseRef", {{"name", "my-db"}}},
                     {"horizontalScaling", {{"member", 5}}}};
  EXPECT_THAT(said(submit("CREATE", request, {}, "jane")),
              HasSubstr("OpsRequest haven't pointed to a Group Replication, Horizontal scaling "
                        "applicable only for group Replication: it is a standalone server"));
  world.patch(kinds::mysql, "my-db", {{"spec", {{"topology", {{"mode", "SemiSync"}}}}}});
  EXPECT_THAT(said(submit("CREATE", request, {}, "jane")), HasSubstr("mode is SemiSync"));
  world.patch(kinds::mysql, "my-db", {{"spec", {{"topology", {{"mode", "GroupReplication"}}}}}});
  EXPECT_EQ(said(submit("CREATE", request, {}, "jane")), "");
}

TEST_F(Asking, ARenewedCertificateIsUsedWithoutARestart) {
  const auto works = [&] {
    try {
      return post("/", "{}").status == 400;
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  ASSERT_TRUE(works());
  const http::testing::Authority next("the next authority");
  // The certificate first: until its key is there, the old pair serves.
  const http::testing::Identity renewed = next.issue("webhook", "IP:127.0.0.1");
  std::ofstream(folder / "tls.crt") << renewed.certificate_pem;
  loop.context().restart();
  loop.context().run_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(works());
  write_pair(renewed);
  authority = next;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!works() && std::chrono::steady_clock::now() < end) {
    loop.context().restart();
    loop.context().run_for(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(works());
}

TEST_F(Asking, AFileThatIsNotThereIsNamedAtTheStart) {
  WebhookOptions options;
  options.port = 0;
  options.certificate = folder / "absent.crt";
  options.key = folder / "tls.key";
  EXPECT_THAT([&] { Webhook(loop.executor(), world.client, options); },
              ThrowsMessage<std::runtime_error>(HasSubstr("absent.crt")));
}

}  // namespace
}  // namespace ratchet::k8s::testing
