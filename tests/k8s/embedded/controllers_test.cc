// StatefulSets with pods that run: order, update strategies, scaling, and the simulated node.
#include "k8s/embedded/controllers/controllers.h"

#include <gtest/gtest.h>

#include "k8s/embedded/controllers/simulated_node.h"
#include "k8s/embedded/json_access.h"

namespace ratchet::k8s::embedded {
namespace {

Json set_form(const std::string& policy, const std::string& strategy) {
  const Json labels = {{"app", "db"}};
  return {{"apiVersion", "apps/v1"},
          {"kind", "StatefulSet"},
          {"metadata", {{"name", "db"}, {"namespace", "default"}}},
          {"spec",
           {{"replicas", 3},
            {"podManagementPolicy", policy},
            {"updateStrategy", {{"type", strategy}}},
            {"selector", {{"matchLabels", labels}}},
            {"template",
             {{"metadata", {{"labels", labels}}},
              {"spec", {{"containers", {{{"name", "mysql"}, {"image", "mysql:1"}}}}}}}}}}};
}

class StatefulSets : public testing::Test {
 protected:
  void settle() {
    for (int i = 0; i < 200; ++i) {
      const bool controlled = controllers_.pass();
      const bool ran = node_runs_ && node_.pass();
      if (!controlled && !ran) return;
    }
    FAIL() << "the controllers do not come to rest";
  }
  Object pod(int ordinal) {
    return server_.store().find({"pods", "default", "db-" + std::to_string(ordinal)});
  }
  Json set() { return *server_.store().find({"statefulsets.apps", "default", "db"}); }
  void change(Json patch) {
    ASSERT_EQ(actor_.merge_patch("statefulsets.apps", set(), std::move(patch)).code, 200);
  }
  static Json image(const std::string& name) {
    return {{"spec",
             {{"template", {{"spec", {{"containers", {{{"name", "mysql"}, {"image", name}}}}}}}}}}};
  }

  ApiServer server_;
  Controllers controllers_{server_};
  SimulatedNode node_{server_,
                      [](const Json&, const std::string& name) { return name != "mysql:broken"; }};
  Actor actor_{server_, "test"};
  bool node_runs_ = true;
};

TEST_F(StatefulSets, OrderedPodsWaitForTheirPredecessor) {
  node_runs_ = false;
  ASSERT_EQ(actor_.create("statefulsets.apps", set_form("OrderedReady", "OnDelete")).code, 201);
  settle();
  EXPECT_TRUE(pod(0));
  EXPECT_FALSE(pod(1));
  node_runs_ = true;
  settle();
  EXPECT_TRUE(pod(2));
  EXPECT_EQ(number(set(), {"status", "readyReplicas"}), 3);
}

TEST_F(StatefulSets, ParallelPodsDoNotWait) {
  node_runs_ = false;
  actor_.create("statefulsets.apps", set_form("Parallel", "OnDelete"));
  settle();
  EXPECT_TRUE(pod(0) && pod(1) && pod(2));
}

TEST_F(StatefulSets, WithOnDeleteTheCurrentRevisionStaysBehind) {
  actor_.create("statefulsets.apps", set_form("Parallel", "OnDelete"));
  settle();
  const std::string first = text(set(), {"status", "currentRevision"});
  change(image("mysql:2"));
  settle();
  EXPECT_EQ(number(set(), {"status", "updatedReplicas"}), 0);
  for (int i = 0; i < 3; ++i) actor_.remove("pods", *pod(i));
  settle();
  EXPECT_EQ(number(set(), {"status", "updatedReplicas"}), 3);
  EXPECT_EQ(text(*pod(1), {"spec", "containers"}), "");
  EXPECT_EQ((*pod(1))["spec"]["containers"][0]["image"], "mysql:2");
  EXPECT_EQ(text(set(), {"status", "currentRevision"}), first);
  EXPECT_NE(text(set(), {"status", "updateRevision"}), first);
}

TEST_F(StatefulSets, ARollingUpdateStopsAtAPodThatDoesNotGetReady) {
  actor_.create("statefulsets.apps", set_form("OrderedReady", "RollingUpdate"));
  settle();
  change(image("mysql:broken"));
  settle();
  EXPECT_EQ((*pod(2))["spec"]["containers"][0]["image"], "mysql:broken");
  EXPECT_EQ((*pod(1))["spec"]["containers"][0]["image"], "mysql:1");
  EXPECT_EQ(number(set(), {"status", "readyReplicas"}), 2);
}

TEST_F(StatefulSets, ARollingUpdateEndsWithOneRevision) {
  actor_.create("statefulsets.apps", set_form("OrderedReady", "RollingUpdate"));
  settle();
  change(image("mysql:2"));
  settle();
  EXPECT_EQ(text(set(), {"status", "currentRevision"}), text(set(), {"status", "updateRevision"}));
  EXPECT_EQ(number(set(), {"status", "updatedReplicas"}), 3);
}

TEST_F(StatefulSets, ScalingDownTakesTheLastPodFirst) {
  actor_.create("statefulsets.apps", set_form("OrderedReady", "OnDelete"));
  settle();
  change({{"spec", {{"replicas", 1}}}});
  settle();
  EXPECT_TRUE(pod(0));
  EXPECT_FALSE(pod(1) || pod(2));
}

TEST_F(StatefulSets, AReadinessGateKeepsAPodUnready) {
  Json form = set_form("Parallel", "OnDelete");
  form["spec"]["template"]["spec"]["readinessGates"] = {{{"conditionType", "kubedb.com/Ready"}}};
  actor_.create("statefulsets.apps", form);
  settle();
  EXPECT_EQ(number(set(), {"status", "readyReplicas"}), 0);
  Json conditions = (*pod(0))["status"]["conditions"];
  conditions.push_back({{"type", "kubedb.com/Ready"}, {"status", "True"}});
  actor_.merge_patch("pods", *pod(0), {{"status", {{"conditions", conditions}}}}, "status");
  settle();
  EXPECT_EQ(number(set(), {"status", "readyReplicas"}), 1);
}

TEST_F(StatefulSets, APodOfAnotherOwnerIsLeftAlone) {
  Json foreign = {{"apiVersion", "v1"},
                  {"kind", "Pod"},
                  {"metadata",
                   {{"name", "db-0"},
                    {"namespace", "default"},
                    {"labels", {{"app", "db"}}},
                    {"ownerReferences",
                     {{{"apiVersion", "unknown/v1"},
                       {"kind", "Thing"},
                       {"name", "x"},
                       {"uid", "u"},
                       {"controller", true}}}}}},
                  {"spec", {{"containers", {{{"name", "c"}, {"image", "i"}}}}}}};
  ASSERT_EQ(actor_.create("pods", foreign).code, 201);
  actor_.create("statefulsets.apps", set_form("Parallel", "OnDelete"));
  settle();
  EXPECT_EQ((*pod(0))["metadata"]["ownerReferences"][0]["uid"], "u");
  EXPECT_EQ(number(set(), {"status", "replicas"}), 2);
}

}  // namespace
}  // namespace ratchet::k8s::embedded
