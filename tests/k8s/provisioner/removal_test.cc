// Halting and the four deletion policies, and what is refused before anything is made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/provisioner/objects.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/world.h"

namespace ratchet::k8s {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::World;

// A database that is up, with this policy.
void bring_up(World& world, const char* policy) {
  world.apply(testing::standalone);
  world.patch(kinds::mysql, "my-standalone",
              {{"spec", {{"terminationPolicy", nullptr}, {"deletionPolicy", policy}}}});
  world.settle();
  ASSERT_EQ(world.phase(), "Ready");
}

void expect_no_workload(World& world) {
  for (const Resource& kind : {kinds::mysql, kinds::stateful_set, kinds::pod, kinds::service,
                               kinds::role, kinds::role_binding, kinds::pod_disruption_budget}) {
    EXPECT_THAT(world.names(kind), IsEmpty()) << kind.kind;
  }
}

TEST(Deletion, WipeOutLeavesNothing) {
  World world;
  bring_up(world, "WipeOut");
  world.remove(kinds::mysql, "my-standalone");
  world.settle();
  expect_no_workload(world);
  EXPECT_THAT(world.names(kinds::persistent_volume_claim), IsEmpty());
  EXPECT_THAT(world.names(kinds::secret), IsEmpty());
}

// As when the namespace is deleted, whose bindings may go before its MySQL.
TEST(Deletion, WipeOutIsNotHeldUpByASecretThatMayNotBeReadAnyMore) {
  World world;
  bring_up(world, "WipeOut");
  world.faults.on_write = [](const embedded::Call& call) {
    const bool of_ours = call.user == "provisioner" && call.plural == "secrets";
    return of_ours ? embedded::Fault::forbid : embedded::Fault::none;
  };
  world.remove(kinds::mysql, "my-standalone");
  world.settle();
  expect_no_workload(world);
  EXPECT_THAT(world.names(kinds::secret), ElementsAre("my-standalone-auth"));
  EXPECT_THAT(world.event_texts(), Contains(HasSubstr("secret my-standalone-auth stays")));
}

TEST(Deletion, DeleteKeepsTheSecretOnly) {
  World world;
  bring_up(world, "Delete");
  world.remove(kinds::mysql, "my-standalone");
  world.settle();
  expect_no_workload(world);
  EXPECT_THAT(world.names(kinds::persistent_volume_claim), IsEmpty());
  EXPECT_THAT(world.names(kinds::secret), ElementsAre("my-standalone-auth"));
}

TEST(Deletion, HaltKeepsDataAndSecretAndANewMySqlTakesThemUp) {
  World world;
  bring_up(world, "Halt");
  const Json secret = world.get(kinds::secret, "my-standalone-auth");
  const Json claim = world.get(kinds::persistent_volume_claim, "data-my-standalone-0");
  world.remove(kinds::mysql, "my-standalone");
  world.settle();
  expect_no_workload(world);
  bring_up(world, "Halt");
  EXPECT_EQ(world.get(kinds::secret, "my-standalone-auth")["data"], secret["data"]);
  EXPECT_EQ(world.get(kinds::persistent_volume_claim, "data-my-standalone-0")["metadata"]["uid"],
            claim["metadata"]["uid"]);
}

TEST(Deletion, DoNotTerminateKeepsServingUntilThePolicyChanges) {
  World world;
  bring_up(world, "DoNotTerminate");
  world.remove(kinds::mysql, "my-standalone");
  world.settle();
  EXPECT_THAT(world.names(kinds::pod), SizeIs(1));
  EXPECT_THAT(world.event_texts(),
              Contains(HasSubstr("mysql \"demo/my-standalone\" can't be terminated. To delete, "
                                 "change spec.deletionPolicy")));
  world.patch(kinds::mysql, "my-standalone", {{"spec", {{"deletionPolicy", "WipeOut"}}}});
  world.settle();
  expect_no_workload(world);
}

TEST(Deletion, WipeOutSparesASecretThatAnotherDatabaseUses) {
  World world;
  bring_up(world, "WipeOut");
  world.apply(R"(
apiVersion: kubedb.com/v1
kind: MySQL
metadata: {name: other, namespace: demo}
spec: {version: "10.11.18", authSecret: {name: my-standalone-auth}}
)");
  world.remove(kinds::mysql, "my-standalone");
  world.settle();
  EXPECT_THAT(world.names(kinds::secret), ElementsAre("my-standalone-auth"));
}

TEST(Halting, TakesTheWorkloadAwayAndBringsItBackOnTheSameData) {
  World world;
  bring_up(world, "WipeOut");
  const Json claim = world.get(kinds::persistent_volume_claim, "data-my-standalone-0");
  world.patch(kinds::mysql, "my-standalone", {{"spec", {{"halted", true}}}});
  world.settle();
  EXPECT_EQ(world.phase(), "Halted");
  for (const Resource& kind : {kinds::stateful_set, kinds::pod, kinds::service, kinds::role,
                               kinds::pod_disruption_budget}) {
    EXPECT_THAT(world.names(kind), IsEmpty()) << kind.kind;
  }
  EXPECT_THAT(world.names(kinds::secret), SizeIs(1));
  world.patch(kinds::mysql, "my-standalone", {{"spec", {{"halted", false}}}});
  world.settle();
  EXPECT_EQ(world.phase(), "Ready");
  EXPECT_EQ(world.get(kinds::persistent_volume_claim, "data-my-standalone-0")["metadata"]["uid"],
            claim["metadata"]["uid"]);
}

TEST(Refusing, AMalformedSpecMakesNothingAndSaysWhy) {
  World world;
  world.apply(R"(
apiVersion: kubedb.com/v1
kind: MySQL
metadata: {name: my-standalone, namespace: demo}
spec: {version: "10.11.18"}
)");
  world.settle();
  EXPECT_EQ(world.condition("SpecAccepted")["status"], "False");
  EXPECT_EQ(world.condition("SpecAccepted")["reason"], "MalformedSpec");
  EXPECT_EQ(world.phase(), "Provisioning");
  EXPECT_THAT(world.event_texts(),
              Contains("Invalid: spec.storage is missing for durable storage type; describe the "
                       "claim, or set spec.storageType: Ephemeral"));
  for (const Resource& kind :
       {kinds::stateful_set, kinds::service, kinds::secret, kinds::service_account, kinds::role}) {
    EXPECT_THAT(world.names(kind), IsEmpty()) << kind.kind;
  }
  world.apply(testing::standalone);
  world.settle();
  EXPECT_EQ(world.phase(), "Ready");
  EXPECT_TRUE(world.condition("SpecAccepted").is_null());
}

TEST(Refusing, AnUnknownVersionIsTakenUpOnceTheCatalogueHasIt) {
  World world;
  world.remove(kinds::mysql_version, "10.11.18");
  world.apply(testing::standalone);
  EXPECT_EQ(world.pass(), world.context.options.refused_period);
  EXPECT_THAT(world.condition("SpecAccepted")["message"].get<std::string>(),
              HasSubstr("mysqlversions.catalog.kubedb.com \"10.11.18\" not found"));
  world.apply(testing::old_version);
  world.settle();
  EXPECT_EQ(world.phase(), "Ready");
}

TEST(Refusing, AStorageClassThatIsMissingIsAwaitedAndNotMissedLater) {
  World world;
  world.remove(kinds::storage_class, "standard");
  world.apply(testing::standalone);
  EXPECT_EQ(world.pass(), world.context.options.refused_period);
  EXPECT_THAT(world.condition("SpecAccepted")["message"].get<std::string>(),
              HasSubstr("spec.storage.storageClassName \"standard\" not found"));
  EXPECT_THAT(world.names(kinds::stateful_set), IsEmpty());
  world.apply(testing::storage_class);
  world.settle();
  EXPECT_EQ(world.phase(), "Ready");
  world.remove(kinds::storage_class, "standard");
  world.remove(kinds::service, "my-standalone");
  world.settle();
  EXPECT_THAT(world.names(kinds::service), ElementsAre("my-standalone", "my-standalone-pods"));
  EXPECT_TRUE(world.condition("SpecAccepted").is_null());
}

TEST(Refusing, AServiceOfSomebodyElseIsLeftAlone) {
  World world;
  world.apply(R"(
apiVersion: v1
kind: Service
metadata: {name: my-standalone, namespace: demo}
spec: {ports: [{port: 80}]}
)");
  world.apply(testing::standalone);
  world.settle();
  EXPECT_EQ(world.condition("SpecAccepted")["reason"], "NameTaken");
  EXPECT_EQ(world.get(kinds::service, "my-standalone")["spec"]["ports"][0]["port"], 80);
}

TEST(Refusing, TwoDatabasesWhoseServicesHaveOneName) {
  World world;
  world.apply(R"(
apiVersion: kubedb.com/v1
kind: MySQL
metadata: {name: my-standalone-pods, namespace: demo}
spec: {version: "10.11.18", storage: {resources: {requests: {storage: 1Gi}}}}
)");
  world.settle("my-standalone-pods");
  ASSERT_EQ(world.phase("my-standalone-pods"), "Ready");
  world.apply(testing::standalone);
  world.settle();
  EXPECT_EQ(world.condition("SpecAccepted")["reason"], "NameTaken");
  world.settle("my-standalone-pods");
  EXPECT_EQ(world.phase("my-standalone-pods"), "Ready");
}

TEST(Refusing, ASecretOfSomebodyElseIsNotTakenForOurs) {
  World world;
  world.apply(R"(
apiVersion: v1
kind: Secret
metadata: {name: my-standalone-auth, namespace: demo}
data: {username: cm9vdA==, password: eA==}
)");
  world.apply(testing::standalone);
  world.settle();
  EXPECT_THAT(world.condition("SpecAccepted")["message"].get<std::string>(),
              HasSubstr("intended secret \"demo/my-standalone-auth\" already exists"));
}

TEST(Refusing, NoNewPasswordForDataThatAnOldOneOpens) {
  World world;
  bring_up(world, "Halt");
  world.remove(kinds::mysql, "my-standalone");
  world.settle();
  world.remove(kinds::secret, "my-standalone-auth");
  world.apply(testing::standalone);
  world.settle();
  EXPECT_EQ(world.condition("SpecAccepted")["reason"], "SecretMissing");
  EXPECT_THAT(world.names(kinds::secret), IsEmpty());
}

TEST(Refusing, NoImageOlderThanWhatTheDataHasSeen) {
  World world;
  bring_up(world, "Halt");
  world.patch(kinds::persistent_volume_claim, "data-my-standalone-0",
              {{"metadata", {{"annotations", {{"ratchet.dev/server-version", "11.8.6"}}}}}});
  world.remove(kinds::mysql, "my-standalone");
  world.settle();
  world.apply(testing::standalone);
  world.settle();
  EXPECT_EQ(world.condition("SpecAccepted")["reason"], "ImageOlderThanData");
  EXPECT_THAT(world.names(kinds::stateful_set), IsEmpty());
}

TEST(Refusing, AnAccountOfTheUsersKeepsTheUsersRights) {
  World world;
  world.apply(R"(
apiVersion: v1
kind: ServiceAccount
metadata: {name: mine, namespace: demo}
)");
  world.apply(testing::standalone);
  world.patch(kinds::mysql, "my-standalone",
              {{"spec", {{"podTemplate", {{"spec", {{"serviceAccountName", "mine"}}}}}}}});
  world.settle();
  EXPECT_EQ(world.phase(), "Ready");
  EXPECT_THAT(world.names(kinds::role), IsEmpty());
  EXPECT_EQ(world.get(kinds::pod, "my-standalone-0")["spec"]["serviceAccountName"], "mine");
}

}  // namespace
}  // namespace ratchet::k8s
