#include "k8s/provisioner/pod_template.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace ratchet::k8s::provisioner {
namespace {

// Names of containers and init containers that KubeDB's webhook adds to objects: they describe its
// own images, which a standalone server does not need here.
constexpr std::array<std::string_view, 3> foreign = {"mysql-coordinator", "mysql-init",
                                                     "remove-lost-found"};

constexpr std::array<std::pair<const char*, const char*>, 8> flat_container_fields = {{
    {"args", "args"},
    {"env", "env"},
    {"resources", "resources"},
    {"containerSecurityContext", "securityContext"},
    {"livenessProbe", "livenessProbe"},
    {"readinessProbe", "readinessProbe"},
    {"lifecycle", "lifecycle"},
    {"volumeMounts", "volumeMounts"},
}};

constexpr std::array pod_fields = {
    "affinity",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "imagePullSecrets",
    "nodeSelector",
    "priority",
    "priorityClassName",
    "runtimeClassName",
    "schedulerName",
    "securityContext",
    "serviceAccountName",
    "shareProcessNamespace",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
};

Json template_spec(const Json& spec) {
  return spec.value("podTemplate", Json::object()).value("spec", Json::object());
}

bool is_foreign(const Json& container) {
  const std::string name = container.value("name", "");
  return std::find(foreign.begin(), foreign.end(), name) != foreign.end();
}

}  // namespace

Json container_wish(const Json& spec) {
  const Json pod = template_spec(spec);
  Json wish = Json::object();
  for (const auto& [from, to] : flat_container_fields) {
    if (pod.contains(from)) wish[to] = pod.at(from);
  }
  for (const Json& container : pod.value("containers", Json::array())) {
    if (container.value("name", "") == "mysql") wish.update(container);
  }
  wish.erase("name");
  wish.erase("image");
  return wish;
}

Json pod_wish(const Json& spec) {
  const Json pod = template_spec(spec);
  Json wish = Json::object();
  for (const char* field : pod_fields) {
    if (pod.contains(field)) wish[field] = pod.at(field);
  }
  for (const Json& container : pod.value("initContainers", Json::array())) {
    if (!is_foreign(container)) wish["initContainers"].push_back(container);
  }
  return wish;
}

Json further_containers(const Json& spec) {
  const Json pod = template_spec(spec);
  Json containers = Json::array();
  for (const Json& container : pod.value("containers", Json::array())) {
    if (container.value("name", "") != "mysql" && !is_foreign(container)) {
      containers.push_back(container);
    }
  }
  return containers;
}

}  // namespace ratchet::k8s::provisioner
