#include "tests/k8s/webhook/table.h"

#include "tests/k8s/provisioner/yaml.h"

namespace ratchet::k8s::testing {

Json good_mysql() {
  return {{"apiVersion", "kubedb.com/v1"},
          {"kind", "MySQL"},
          {"metadata", {{"name", "good"}, {"namespace", "demo"}}},
          {"spec",
           {{"version", "10.11.18"},
            {"storage", {{"resources", {{"requests", {{"storage", "1Gi"}}}}}}},
            {"deletionPolicy", "WipeOut"}}}};
}

Json good_request() {
  return {{"apiVersion", "ops.kubedb.com/v1alpha1"},
          {"kind", "MySQLOpsRequest"},
          {"metadata", {{"name", "good"}, {"namespace", "demo"}}},
          {"spec",
           {{"type", "UpdateVersion"},
            {"databaseRef", {{"name", "my-standalone"}}},
            {"updateVersion", {{"targetVersion", "11.8.6"}}}}}};
}

std::vector<BadManifest> bad_manifests() {
  std::vector<BadManifest> rows;
  for (const Json& row : Json::parse(read_source("tests/k8s/webhook/bad_manifests.json"))) {
    BadManifest bad;
    bad.name = row.at("name");
    bad.object = row.value("kind", "MySQL") == "MySQL" ? good_mysql() : good_request();
    bad.object["metadata"]["name"] = bad.name;
    bad.object["spec"].merge_patch(row.at("change"));
    bad.by = row.at("by");
    bad.reason = row.value("reason", "");
    bad.message = row.at("message");
    rows.push_back(std::move(bad));
  }
  return rows;
}

}  // namespace ratchet::k8s::testing
