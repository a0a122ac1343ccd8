// Databases that KubeDB runs in the same cluster are recognised and left alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/provisioner/objects.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/world.h"

namespace ratchet::k8s {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::World;

constexpr const char* pet_sets = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: petsets.apps.k8s.appscode.com}
spec:
  group: apps.k8s.appscode.com
  scope: Namespaced
  names: {kind: PetSet, listKind: PetSetList, plural: petsets, singular: petset}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
)";

// What KubeDB has made of the MySQL: the finalizer, the conditions, and a workload.
class KubeDb : public ::testing::Test {
 protected:
  KubeDb() {
    world.apply(testing::standalone);
    world.patch(kinds::mysql, "my-standalone",
                {{"metadata", {{"finalizers", {provisioner::finalizer}}}}});
    Json mysql = world.get(kinds::mysql, "my-standalone");
    mysql["status"] = {{"phase", "Provisioning"},
                       {"conditions",
                        {{{"type", "ProvisioningStarted"},
                          {"status", "True"},
                          {"lastTransitionTime", "2026-11-23T09:00:00Z"}}}}};
    EXPECT_TRUE(world.run(world.client.update_status(kinds::mysql, mysql)).ok());
  }

  void has(const Resource& kind, const Json& containers) {
    const provisioner::Database database =
        provisioner::read_database(world.get(kinds::mysql, "my-standalone"));
    const Json labels = provisioner::selector_labels("my-standalone");
    const Json workload = {
        {"apiVersion", kind.api_version()},
        {"kind", kind.kind},
        {"metadata",
         {{"name", "my-standalone"},
          {"namespace", "demo"},
          {"labels", labels},
          {"ownerReferences", {provisioner::owner_reference(database)}}}},
        {"spec",
         {{"replicas", 1},
          {"serviceName", "my-standalone-pods"},
          {"selector", {{"matchLabels", labels}}},
          {"template",
           {{"metadata", {{"labels", labels}}}, {"spec", {{"containers", containers}}}}}}}};
    const Reply made = world.run(world.client.create(kind, workload));
    ASSERT_EQ(made.code, 201) << made.body;
    world.run_cluster();
  }

  // Passes and checks, and what they wrote.
  void look() {
    world.faults.on_write = [this](const embedded::Call& call) {
      writes.push_back(call.plural + "/" + call.subresource);
      return embedded::Fault::none;
    };
    for (int i = 0; i < 3; ++i) {
      world.pass();
      world.check();
    }
    world.faults.on_write = {};
  }

  void expect_left_alone(const std::string& sign) {
    const Json condition = world.condition("SpecAccepted");
    ASSERT_FALSE(condition.is_null());
    EXPECT_EQ(condition["reason"], "ManagedByKubeDB");
    EXPECT_THAT(condition["message"].get<std::string>(), HasSubstr(sign));
    EXPECT_THAT(writes, ElementsAre("mysqls/status"));
    EXPECT_THAT(world.probes, IsEmpty());
  }

  World world;
  std::vector<std::string> writes;
};

TEST_F(KubeDb, APetSetIsASign) {
  world.apply(pet_sets);
  has(kinds::pet_set, Json::array({{{"name", "mysql"}, {"image", "mysql:8.4.8"}}}));
  look();
  expect_left_alone("is run by KubeDB (PetSet my-standalone)");
}

TEST_F(KubeDb, SoIsTheCoordinatorBesideTheServer) {
  has(kinds::stateful_set, {{{"name", "mysql"}, {"image", "mysql:8.0.29"}},
                            {{"name", "mysql-coordinator"}, {"image", "coordinator:1"}}});
  look();
  expect_left_alone("StatefulSet my-standalone has its container mysql-coordinator");
}

TEST_F(KubeDb, ItsDeletionIsKubeDbsAffairToo) {
  world.apply(pet_sets);
  has(kinds::pet_set, Json::array({{{"name", "mysql"}, {"image", "mysql:8.4.8"}}}));
  look();
  writes.clear();
  world.remove(kinds::mysql, "my-standalone");
  look();
  EXPECT_THAT(writes, Each("mysqls/status")) << "the condition, of the new generation";
  EXPECT_THAT(world.get(kinds::mysql, "my-standalone")["metadata"]["finalizers"],
              ElementsAre(provisioner::finalizer));
}

TEST_F(KubeDb, AnotherDatabasesPetSetIsNoSign) {
  world.apply(pet_sets);
  has(kinds::pet_set, Json::array({{{"name", "mysql"}, {"image", "mysql:8.4.8"}}}));
  Json set = world.get(kinds::pet_set, "my-standalone");
  set["metadata"]["ownerReferences"][0]["uid"] = "another";
  ASSERT_TRUE(world.run(world.client.update(kinds::pet_set, set)).ok());
  world.pass();
  EXPECT_TRUE(world.condition("SpecAccepted").is_null());
  EXPECT_THAT(world.names(kinds::stateful_set), ElementsAre("my-standalone"));
}

}  // namespace
}  // namespace ratchet::k8s
