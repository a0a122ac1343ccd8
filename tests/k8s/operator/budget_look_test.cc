// What the plan says of PodDisruptionBudgets: others' can ask for what no upgrade can give, and two
// of them keep nodes from being drained.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The plan of an upgrade that goes well all the same; `spec`: of somebody's budget, none if null.
std::string planned_beside(const Json& spec) {
  OpsWorld world;
  if (!spec.is_null()) {
    const Json budget = {{"apiVersion", "policy/v1"},
                         {"kind", "PodDisruptionBudget"},
                         {"metadata", {{"name", "others"}, {"namespace", "demo"}}},
                         {"spec", spec}};
    World& cluster = world.world;
    EXPECT_TRUE(cluster.run(cluster.client.create(kinds::pod_disruption_budget, budget)).ok());
  }
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  return world.message_of("my-upgrade", "Planned");
}

Json selector_of(const std::string& database) {
  return {{"matchLabels", {{"app.kubernetes.io/instance", database}}}};
}

TEST(DisruptionBudgets, OfItsOwnIsNoFinding) {
  const std::string planned = planned_beside({});
  EXPECT_THAT(planned, HasSubstr("plan "));
  EXPECT_THAT(planned, Not(HasSubstr("disruption-budget")));
}

TEST(DisruptionBudgets, ThatLetNobodyBeMissingAreToldWithTheWayOut) {
  for (const Json& spec : {Json{{"maxUnavailable", 0}}, Json{{"minAvailable", "100%"}},
                           Json{{"minAvailable", 1}}, Json{{"minAvailable", "60%"}}}) {
    Json whole = spec;
    whole["selector"] = selector_of("my-standalone");
    const std::string planned = planned_beside(whole);
    EXPECT_THAT(planned, HasSubstr("warning disruption-budget: PodDisruptionBudget demo/others "
                                   "lets no member be missing"))
        << spec;
    EXPECT_THAT(planned, HasSubstr("Fix: kubectl delete poddisruptionbudget -n demo others"));
  }
}

TEST(DisruptionBudgets, MoreThanOneAreTold) {
  const std::string planned =
      planned_beside({{"maxUnavailable", 1}, {"selector", selector_of("my-standalone")}});
  EXPECT_THAT(planned, HasSubstr("PodDisruptionBudgets my-standalone, others select the same"));
  EXPECT_THAT(planned, Not(HasSubstr("lets no member be missing")));
}

TEST(DisruptionBudgets, OfOtherPodsAreNoFinding) {
  const Json expressions = {
      {"matchExpressions", Json::array({{{"key", "app.kubernetes.io/instance"},
                                         {"operator", "NotIn"},
                                         {"values", Json::array({"my-standalone"})}}})}};
  for (const Json& selector : {selector_of("another"), expressions}) {
    EXPECT_THAT(planned_beside({{"maxUnavailable", 0}, {"selector", selector}}),
                Not(HasSubstr("disruption-budget")));
  }
}

}  // namespace
}  // namespace ratchet::k8s::testing
