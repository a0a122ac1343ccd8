// The rules of k8s/api/resources.h, by which the provisioner makes StatefulSets and a vertical
// scaling changes them.
#include "k8s/api/resources.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "k8s/provisioner/objects.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/yaml.h"

namespace ratchet::k8s::provisioner {
namespace {

using ratchet::k8s::testing::parse_yaml;

// As the API server writes them (resource.Quantity).
TEST(Resources, QuantitiesAreWrittenInOneWay) {
  const std::vector<std::pair<Json, Json>> rows = {{"0.7", "700m"},
                                                   {"700m", "700m"},
                                                   {"1200m", "1200m"},
                                                   {"1000m", "1"},
                                                   {2, "2"},
                                                   {"2.0", "2"},
                                                   {"1000", "1k"},
                                                   {"1500000000", "1500M"},
                                                   {"1200Mi", "1200Mi"},
                                                   {"1024Mi", "1Gi"},
                                                   {"1.5Gi", "1536Mi"},
                                                   {"0.5Ki", "512"},
                                                   {"0Gi", "0"},
                                                   {"0.0", "0"}};
  for (const auto& [given, written] : rows) {
    EXPECT_EQ(api::canonical_quantity(given), written) << given;
    EXPECT_EQ(api::canonical_quantity(written), written) << written;
    EXPECT_TRUE(api::is_quantity(given)) << given;
  }
  for (const Json& none : {Json("much"), Json(""), Json("-1"), Json("1 Gi"), Json("Mi"), Json(0.7),
                           Json(nullptr), Json("9999999999999999")}) {
    EXPECT_FALSE(api::is_quantity(none)) << none;
    EXPECT_EQ(api::canonical_quantity(none), none) << none;
  }
}

Json group_with(const Json& template_spec) {
  Json mysql = parse_yaml(ratchet::k8s::testing::group).at(0);
  mysql["metadata"]["uid"] = "1b6c0e4e-0000-4000-8000-000000000001";
  mysql["spec"]["podTemplate"]["spec"] = template_spec;
  return mysql;
}

Json server_of(const Json& mysql) {
  const Json entry = parse_yaml(ratchet::k8s::testing::group_version).at(0);
  const Json set = stateful_set(read_database(mysql), entry, "my-group");
  for (const Json& container : set.at("/spec/template/spec/containers"_json_pointer)) {
    if (container.at("name") == "mysql") return container;
  }
  return {};
}

// Else the members would be restarted with what the provisioner changes once more.
TEST(Resources, ChangedInAContainerAreAsTheProvisionerMakesIt) {
  const std::vector<Json> sizes = {
      {{"limits", {{"memory", "256Mi"}}}},  // too little for buffers of its own
      {{"requests", {{"cpu", "0.5"}}}},
      {{"limits", {{"memory", "1.5Gi"}}}},
      {{"requests", {{"memory", "4Gi"}}}, {"limits", {{"cpu", 2}, {"memory", "8Gi"}}}}};
  // The user's own arguments stay, one of those that follow from the memory among them.
  const Json args = {"--max-connections=99", "--innodb-buffer-pool-size=99"};
  for (const Json& before : sizes) {
    for (const Json& after : sizes) {
      const auto made = [&](const Json& resources) {
        return server_of(group_with({{"args", args}, {"resources", resources}}));
      };
      EXPECT_EQ(api::with_resources(made(before), after), made(after)) << before << after;
    }
  }
}

TEST(Resources, OfAServerThatHasNoSuchArgumentsAreAllThatChanges) {
  const Json server = {{"name", "mysql"}, {"args", {"--a", "--b"}}};
  const Json changed = api::with_resources(server, {{"limits", {{"memory", "2Gi"}}}});
  EXPECT_EQ(changed["args"], server["args"]);
  EXPECT_EQ(changed["resources"]["requests"]["memory"], "2Gi");
  EXPECT_EQ(changed["resources"]["limits"]["memory"], "2Gi");
}

}  // namespace
}  // namespace ratchet::k8s::provisioner
