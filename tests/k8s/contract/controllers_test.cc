// Owners and dependents, and the StatefulSet behaviour that upgrades rely on. Pods need not run.
#include "tests/k8s/contract/suite.h"

namespace ratchet::k8s::contract {
namespace {

Json set_spec(const std::string& image) {
  const Json labels = {{"app", "db"}};
  const Json container = {{"name", "mysql"}, {"image", image}};
  const Json claim = {{"metadata", {{"name", "data"}}},
                      {"spec",
                       {{"accessModes", {"ReadWriteOnce"}},
                        {"storageClassName", "standard"},
                        {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}};
  return {{"spec",
           {{"serviceName", "db-pods"},
            {"replicas", 1},
            {"updateStrategy", {{"type", "OnDelete"}}},
            {"selector", {{"matchLabels", labels}}},
            {"template",
             {{"metadata", {{"labels", labels}}},
              {"spec", {{"containers", Json::array({container})}}}}},
            {"volumeClaimTemplates", Json::array({claim})}}}};
}

// A pod that no node takes.
Json lone_pod() {
  const Json container = {{"name", "mysql"}, {"image", "not/there:1"}};
  return {{"spec",
           {{"nodeSelector", {{"ratchet.dev/test", "none"}}},
            {"containers", Json::array({container})}}}};
}

TEST_P(Contract, DependentsGoWithTheirOwner) {
  const Json owner = create(kinds::config_map, object(kinds::config_map, "owner")).body;
  create(kinds::secret, object(kinds::secret, "child", owned_by(owner)));
  ASSERT_EQ(remove(kinds::config_map, "owner").code, 200);
  EXPECT_TRUE(eventually([&] { return get(kinds::secret, "child").not_found(); }));
}

TEST_P(Contract, OrphanedDependentsStayWithoutAReference) {
  const Json owner = create(kinds::config_map, object(kinds::config_map, "owner")).body;
  create(kinds::secret, object(kinds::secret, "child", owned_by(owner)));
  let_the_collector_see(kinds::secret);
  ASSERT_TRUE(remove(kinds::config_map, "owner", {}, Propagation::orphan).ok());
  ASSERT_TRUE(eventually([&] { return get(kinds::config_map, "owner").not_found(); }));
  const Json child = get(kinds::secret, "child").body;
  EXPECT_FALSE(child["metadata"].contains("ownerReferences")) << child;
  EXPECT_FALSE(child["metadata"].contains("deletionTimestamp"));
}

TEST_P(Contract, AForegroundDeletionWaitsForItsDependents) {
  const Json owner = create(kinds::config_map, object(kinds::config_map, "owner")).body;
  Json held = owned_by(owner, true);
  held["metadata"]["finalizers"] = {"ratchet.dev/test"};
  create(kinds::secret, object(kinds::secret, "child", held));
  let_the_collector_see(kinds::secret);
  ASSERT_TRUE(remove(kinds::config_map, "owner", {}, Propagation::foreground).ok());
  ASSERT_TRUE(eventually(
      [&] { return get(kinds::secret, "child").body["metadata"].contains("deletionTimestamp"); }));
  EXPECT_TRUE(get(kinds::config_map, "owner").ok());
  patch(kinds::secret, "child", {{"metadata", {{"finalizers", nullptr}}}});
  EXPECT_TRUE(eventually([&] { return get(kinds::config_map, "owner").not_found(); }));
}

TEST_P(Contract, AStatefulSetMakesItsPodAndClaim) {
  const Reply made =
      create(kinds::stateful_set, object(kinds::stateful_set, "db", set_spec("not/there:1")));
  ASSERT_EQ(made.code, 201) << made.body;
  ASSERT_TRUE(eventually([&] { return get(kinds::pod, "db-0").ok(); }));
  const Json pod = get(kinds::pod, "db-0").body;
  EXPECT_EQ(pod["metadata"]["ownerReferences"][0]["uid"], made.body["metadata"]["uid"]);
  EXPECT_EQ(pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"], "db-0");
  EXPECT_EQ(pod["spec"]["hostname"], "db-0");
  EXPECT_EQ(pod["spec"]["subdomain"], "db-pods");
  EXPECT_EQ(pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"], "data-db-0");
  EXPECT_TRUE(get(kinds::persistent_volume_claim, "data-db-0").ok());
  ASSERT_TRUE(eventually(
      [&] { return get(kinds::stateful_set, "db").body["status"].value("replicas", 0) == 1; }));
  const Json status = get(kinds::stateful_set, "db").body["status"];
  EXPECT_EQ(status["observedGeneration"], 1);
  EXPECT_EQ(status["updateRevision"], pod["metadata"]["labels"]["controller-revision-hash"]);
}

TEST_P(Contract, WithOnDeleteANewTemplateReachesThePodWhenItIsDeleted) {
  create(kinds::stateful_set, object(kinds::stateful_set, "db", set_spec("not/there:1")));
  ASSERT_TRUE(eventually([&] { return get(kinds::pod, "db-0").ok(); }));
  const Json before = get(kinds::pod, "db-0").body;
  Json set = get(kinds::stateful_set, "db").body;
  ASSERT_TRUE(eventually([&] {
    set = get(kinds::stateful_set, "db").body;
    set["spec"]["template"]["spec"]["containers"][0]["image"] = "not/there:2";
    return update(kinds::stateful_set, set).ok();
  }));
  ASSERT_TRUE(eventually([&] {
    const Json now = get(kinds::stateful_set, "db").body;
    return now["status"]["observedGeneration"] == now["metadata"]["generation"];
  }));
  EXPECT_EQ(get(kinds::pod, "db-0").body["metadata"]["uid"], before["metadata"]["uid"]);
  const auto uid = before["metadata"]["uid"].get<std::string>();
  ASSERT_TRUE(remove(kinds::pod, "db-0", {uid, ""}).ok());
  ASSERT_TRUE(eventually([&] {
    const Reply pod = get(kinds::pod, "db-0");
    return pod.ok() && pod.body["metadata"]["uid"] != before["metadata"]["uid"];
  }));
  EXPECT_EQ(get(kinds::pod, "db-0").body["spec"]["containers"][0]["image"], "not/there:2");
}

TEST_P(Contract, ANewStatefulSetOfTheSameNameAdoptsTheOrphanedPod) {
  create(kinds::stateful_set, object(kinds::stateful_set, "db", set_spec("not/there:1")));
  ASSERT_TRUE(eventually([&] { return get(kinds::pod, "db-0").ok(); }));
  let_the_collector_see(kinds::pod, lone_pod());
  const Json before = get(kinds::pod, "db-0").body;
  const Json old = get(kinds::stateful_set, "db").body;
  const auto uid = old["metadata"]["uid"].get<std::string>();
  ASSERT_TRUE(remove(kinds::stateful_set, "db", {uid, ""}, Propagation::orphan).ok());
  ASSERT_TRUE(eventually([&] { return get(kinds::stateful_set, "db").not_found(); }));
  EXPECT_FALSE(get(kinds::pod, "db-0").body["metadata"].contains("ownerReferences"));

  const Reply made =
      create(kinds::stateful_set, object(kinds::stateful_set, "db", set_spec("not/there:2")));
  ASSERT_EQ(made.code, 201) << made.body;
  ASSERT_TRUE(eventually([&] {
    const Json pod = get(kinds::pod, "db-0").body;
    return pod["metadata"].contains("ownerReferences") &&
           pod["metadata"]["ownerReferences"][0]["uid"] == made.body["metadata"]["uid"];
  }));
  const Json after = get(kinds::pod, "db-0").body;
  EXPECT_EQ(after["metadata"]["uid"], before["metadata"]["uid"]);
  EXPECT_EQ(after["spec"]["containers"][0]["image"], "not/there:1");
  ASSERT_TRUE(eventually([&] {
    const Json status = get(kinds::stateful_set, "db").body["status"];
    return status.value("replicas", 0) == 1 && status.value("updatedReplicas", 0) == 0;
  }));
}

TEST_P(Contract, AStatefulSetsIdentityIsImmutable) {
  const Json made =
      create(kinds::stateful_set, object(kinds::stateful_set, "db", set_spec("not/there:1"))).body;
  const Reply refused = patch(kinds::stateful_set, "db", {{"spec", {{"serviceName", "other"}}}});
  EXPECT_TRUE(refused.invalid()) << refused.body;
  EXPECT_EQ(refused.body["details"]["causes"][0]["field"], "spec");
  EXPECT_EQ(refused.message(),
            "StatefulSet.apps \"db\" is invalid: spec: Forbidden: updates to statefulset spec for "
            "fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' "
            "are forbidden");
  EXPECT_TRUE(patch(kinds::stateful_set, "db", {{"spec", {{"replicas", 2}}}}).ok());
}

}  // namespace
}  // namespace ratchet::k8s::contract
