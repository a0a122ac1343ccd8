#include "k8s/embedded/defaults.h"

#include <functional>
#include <map>
#include <stdexcept>
#include <utility>

#include <openssl/evp.h>

#include "k8s/embedded/json_access.h"

namespace ratchet::k8s::embedded {
namespace {

void each(Json& parent, const char* field, const std::function<void(Json&)>& change) {
  if (!parent.is_object() || !parent.contains(field)) return;
  for (Json& element : parent[field]) change(element);
}

void fill_probe(Json& container, const char* name) {
  if (!container.contains(name)) return;
  Json& probe = container[name];
  set_default(probe, "timeoutSeconds", 1);
  set_default(probe, "periodSeconds", 10);
  set_default(probe, "successThreshold", 1);
  set_default(probe, "failureThreshold", 3);
}

std::string pull_policy(const std::string& image) {
  const auto colon = image.rfind(':');
  const auto slash = image.rfind('/');
  const bool tagged = colon != std::string::npos && (slash == std::string::npos || colon > slash);
  return !tagged || image.ends_with(":latest") ? "Always" : "IfNotPresent";
}

void fill_container(Json& container) {
  set_default(container, "imagePullPolicy", pull_policy(text(container, {"image"})));
  set_default(container, "terminationMessagePath", "/dev/termination-log");
  set_default(container, "terminationMessagePolicy", "File");
  set_default(container, "resources", Json::object());
  each(container, "ports", [](Json& port) { set_default(port, "protocol", "TCP"); });
  each(container, "env", [](Json& variable) {
    if (!dig(variable, {"valueFrom", "fieldRef"}).is_object()) return;
    set_default(variable["valueFrom"]["fieldRef"], "apiVersion", "v1");
  });
  for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    fill_probe(container, probe);
  }
}

void fill_volume(Json& volume) {
  for (const char* source : {"secret", "configMap", "projected", "downwardAPI"}) {
    if (volume.contains(source)) set_default(volume[source], "defaultMode", 420);
  }
}

void fill_pod_spec(Json& spec) {
  set_default(spec, "restartPolicy", "Always");
  set_default(spec, "terminationGracePeriodSeconds", 30);
  set_default(spec, "dnsPolicy", "ClusterFirst");
  set_default(spec, "securityContext", Json::object());
  set_default(spec, "schedulerName", "default-scheduler");
  if (spec.contains("serviceAccountName")) {
    set_default(spec, "serviceAccount", spec["serviceAccountName"]);
  }
  each(spec, "containers", fill_container);
  each(spec, "initContainers", fill_container);
  each(spec, "volumes", fill_volume);
}

void fill_pod(Json& pod) {
  fill_pod_spec(pod["spec"]);
  set_default(pod["spec"], "enableServiceLinks", true);
}

void fill_claim(Json& claim) { set_default(claim["spec"], "volumeMode", "Filesystem"); }

void fill_stateful_set(Json& set) {
  Json& spec = set["spec"];
  set_default(spec, "replicas", 1);
  set_default(spec, "podManagementPolicy", "OrderedReady");
  set_default(spec, "revisionHistoryLimit", 10);
  set_default(spec, "updateStrategy", {{"type", "RollingUpdate"}});
  set_default(spec["updateStrategy"], "type", "RollingUpdate");
  if (spec["updateStrategy"]["type"] == "RollingUpdate") {
    set_default(spec["updateStrategy"], "rollingUpdate", {{"partition", 0}});
  }
  set_default(spec, "persistentVolumeClaimRetentionPolicy", Json::object());
  set_default(spec["persistentVolumeClaimRetentionPolicy"], "whenDeleted", "Retain");
  set_default(spec["persistentVolumeClaimRetentionPolicy"], "whenScaled", "Retain");
  Json& pod = spec["template"];
  if (!pod.is_object()) pod = Json::object();
  set_default(pod, "metadata", Json::object());
  if (!dig(pod["metadata"], {"creationTimestamp"}).is_string()) {
    pod["metadata"]["creationTimestamp"] = nullptr;
  }
  fill_pod_spec(pod["spec"]);
  each(spec, "volumeClaimTemplates", [](Json& claim) {
    claim["apiVersion"] = "v1";
    claim["kind"] = "PersistentVolumeClaim";
    set_default(claim, "status", {{"phase", "Pending"}});
    claim["metadata"]["creationTimestamp"] = nullptr;
    fill_claim(claim);
  });
}

void fill_service(Json& service) {
  Json& spec = service["spec"];
  set_default(spec, "type", "ClusterIP");
  set_default(spec, "sessionAffinity", "None");
  set_default(spec, "internalTrafficPolicy", "Cluster");
  set_default(spec, "ipFamilies", {"IPv4"});
  set_default(spec, "ipFamilyPolicy", "SingleStack");
  if (spec.contains("clusterIP")) set_default(spec, "clusterIPs", Json::array({spec["clusterIP"]}));
  each(spec, "ports", [](Json& port) {
    set_default(port, "protocol", "TCP");
    if (port.contains("port")) set_default(port, "targetPort", port["port"]);
  });
}

void fill_secret(Json& secret) {
  set_default(secret, "type", "Opaque");
  if (!secret.contains("stringData")) return;
  for (const auto& [key, value] : secret["stringData"].items()) {
    secret["data"][key] = base64(value.get<std::string>());
  }
  secret.erase("stringData");
}

void fill_namespace(Json& space) {
  space["metadata"]["labels"]["kubernetes.io/metadata.name"] = text(space, {"metadata", "name"});
  set_default(space, "spec", Json::object());
  set_default(space["spec"], "finalizers", {"kubernetes"});
}

void fill_storage_class(Json& storage) {
  set_default(storage, "reclaimPolicy", "Delete");
  set_default(storage, "volumeBindingMode", "Immediate");
}

void fill_disruption_budget(Json& budget) { set_default(budget, "spec", Json::object()); }

// Fields of `spec` that changed, other than those named.
bool changed_besides(const Json& old, const Json& object, const std::vector<const char*>& allowed) {
  Json before = dig(old, {"spec"});
  Json after = dig(object, {"spec"});
  for (const char* field : allowed) {
    if (before.is_object()) before.erase(field);
    if (after.is_object()) after.erase(field);
  }
  return before != after;
}

bool pod_changed(const Json& old, const Json& object) {
  Json masked = object;
  for (const char* list : {"containers", "initContainers"}) {
    const Json& before = dig(old, {"spec", list});
    if (!masked["spec"].contains(list) || masked["spec"][list].size() != before.size()) continue;
    for (std::size_t i = 0; i < before.size(); ++i) {
      masked["spec"][list][i]["image"] = before[i]["image"];
    }
  }
  return changed_besides(
      old, masked,
      {"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName"});
}

}  // namespace

void fill_builtin_defaults(const Kind& kind, Json& object) {
  static const std::map<std::string, std::function<void(Json&)>> fillers = {
      {"pods", fill_pod},
      {"persistentvolumeclaims", fill_claim},
      {"statefulsets.apps", fill_stateful_set},
      {"services", fill_service},
      {"secrets", fill_secret},
      {"namespaces", fill_namespace},
      {"storageclasses.storage.k8s.io", fill_storage_class},
      {"poddisruptionbudgets.policy", fill_disruption_budget}};
  const auto filler = fillers.find(kind.resource());
  if (filler != fillers.end()) filler->second(object);
}

Json initial_status(const Kind& kind) {
  const std::string resource = kind.resource();
  if (resource == "pods") return {{"phase", "Pending"}, {"qosClass", "BestEffort"}};
  if (resource == "namespaces") return {{"phase", "Active"}};
  if (resource == "persistentvolumeclaims") return {{"phase", "Pending"}};
  if (resource == "persistentvolumes") return {{"phase", "Available"}};
  if (resource == "statefulsets.apps") return {{"replicas", 0}, {"availableReplicas", 0}};
  if (resource == "services") return {{"loadBalancer", Json::object()}};
  if (resource == "poddisruptionbudgets.policy") {
    return {{"currentHealthy", 0},
            {"desiredHealthy", 0},
            {"disruptionsAllowed", 0},
            {"expectedPods", 0}};
  }
  return nullptr;
}

std::vector<Cause> forbidden_changes(const Kind& kind, const Json& old, const Json& object) {
  const std::string resource = kind.resource();
  if (resource == "statefulsets.apps" &&
      changed_besides(old, object,
                      {"replicas", "ordinals", "template", "updateStrategy",
                       "persistentVolumeClaimRetentionPolicy", "minReadySeconds"})) {
    return {forbidden_value("spec",
                            "updates to statefulset spec for fields other than 'replicas', "
                            "'ordinals', 'template', 'updateStrategy', "
                            "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are "
                            "forbidden")};
  }
  if (resource == "pods" && pod_changed(old, object)) {
    return {forbidden_value(
        "spec",
        "pod updates may not change fields other than `spec.containers[*].image`,"
        "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
        "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be "
        "set to 1 if it was previously negative)")};
  }
  if (resource == "services" &&
      text(old, {"spec", "clusterIP"}) != text(object, {"spec", "clusterIP"})) {
    return {invalid_value("spec.clusterIPs[0]", dig(object, {"spec", "clusterIPs"}).dump(),
                          "may not change once set")};
  }
  if (truth(old, {"immutable"}) && dig(old, {"data"}) != dig(object, {"data"})) {
    return {forbidden_value("data", "field is immutable when `immutable` is set")};
  }
  return {};
}

std::string base64(const std::string& bytes) {
  std::string result(4 * ((bytes.size() + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return result;
}

std::string from_base64(const std::string& text) {
  std::string result(3 * (text.size() / 4), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0)
    throw std::invalid_argument("not base64: " + std::to_string(text.size()) + " bytes");
  const auto padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  result.resize(static_cast<std::size_t>(size - padding));
  return result;
}

}  // namespace ratchet::k8s::embedded
