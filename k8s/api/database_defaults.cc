#include "k8s/api/database_defaults.h"

#include <utility>

#include "k8s/api/certificates.h"
#include "k8s/api/field.h"

namespace ratchet::k8s::api {
namespace {

bool is_empty(const Json& object, const char* name) {
  return !object.contains(name) || object.at(name).is_null() || object.at(name) == "";
}

void fill(Json& object, const char* name, Json value) {
  if (object.is_object() && is_empty(object, name)) object[name] = std::move(value);
}

// The object at `name`, made if it is absent; null if something else is there.
Json* inner(Json& object, const char* name) {
  fill(object, name, Json::object());
  return object.at(name).is_object() ? &object.at(name) : nullptr;
}

// v1alpha2 calls it terminationPolicy, and users of v1alpha2 patch that.
void fill_policy(const Json& mysql, Json& spec) {
  const bool old = text_field(mysql, "apiVersion") == "kubedb.com/v1alpha2";
  if (is_empty(spec, "deletionPolicy") && is_empty(spec, "terminationPolicy")) {
    spec[old ? "terminationPolicy" : "deletionPolicy"] = "Delete";
  }
  if (!is_true(spec, "halted")) return;
  for (const char* name : {"deletionPolicy", "terminationPolicy"}) {
    // Halting what must not be terminated is refused, not granted.
    if (!is_empty(spec, name) && spec[name] != "DoNotTerminate") spec[name] = "Halt";
  }
}

void fill_topology(Json& spec, const std::string& group_name) {
  const std::string mode = text_field(spec, "topology.mode");
  const bool many = mode == "GroupReplication" || mode == "InnoDBCluster" || mode == "SemiSync";
  fill(spec, "replicas", many ? 3 : 1);
  if (mode == "GroupReplication" && !group_name.empty()) {
    if (Json* group = inner(spec["topology"], "group")) fill(*group, "name", group_name);
  }
  if (mode == "SemiSync") {
    if (Json* semi = inner(spec["topology"], "semiSync")) {
      fill(*semi, "sourceWaitForReplicaCount", 1);
      fill(*semi, "sourceTimeout", "24h");
      fill(*semi, "errantTransactionRecoveryPolicy", "PseudoTransaction");
    }
  }
}

// Every certificate gets the name of its secret; those that are served are there.
void fill_certificates(const Json& mysql, Json& spec) {
  if (!field(spec, "tls").is_object() || text_field(mysql, "metadata.name").empty()) return;
  fill(spec["tls"], "certificates", Json::array());
  Json& entries = spec["tls"]["certificates"];
  if (!entries.is_array()) return;
  for (const char* alias : served_aliases) {
    if (certificate_entry(mysql, alias).is_null()) entries.push_back({{"alias", alias}});
  }
  for (Json& entry : entries) {
    const std::string alias = text_field(entry, "alias");
    if (!alias.empty()) fill(entry, "secretName", certificate_secret(mysql, alias));
  }
}

// The user's own numbers stay; a limit counts as the request.
void fill_resources(Json& container) {
  Json* resources = inner(container, "resources");
  if (resources == nullptr) return;
  Json* requests = inner(*resources, "requests");
  Json* limits = inner(*resources, "limits");
  if (requests == nullptr || limits == nullptr) return;
  fill(*requests, "cpu", limits->value("cpu", Json("500m")));
  fill(*requests, "memory", limits->value("memory", Json("1Gi")));
  fill(*limits, "memory", requests->at("memory"));
}

// The container `mysql` of a v1 template; that of v1alpha2 has its fields beside those of the pod.
Json* mysql_container(Json& pod, bool flat) {
  if (flat && !pod.contains("containers")) return &pod;
  fill(pod, "containers", Json::array());
  if (!pod["containers"].is_array()) return nullptr;
  for (Json& container : pod["containers"]) {
    if (text_field(container, "name") == "mysql") return &container;
  }
  pod["containers"].push_back({{"name", "mysql"}});
  // What a user of v1 wrote flat belongs to this container and must not be hidden by defaults.
  if (pod.contains("resources")) pod["containers"].back()["resources"] = pod["resources"];
  return &pod["containers"].back();
}

// The pods of a database are kept apart where that can be done: by node first, then by zone.
Json kept_apart(const std::string& database) {
  const auto by = [&](const char* topology, int weight) {
    const Json labels = {{"app.kubernetes.io/name", "mysqls.kubedb.com"},
                         {"app.kubernetes.io/instance", database},
                         {"app.kubernetes.io/managed-by", "kubedb.com"}};
    const Json term = {{"labelSelector", {{"matchLabels", labels}}}, {"topologyKey", topology}};
    return Json{{"weight", weight}, {"podAffinityTerm", term}};
  };
  const Json terms =
      Json::array({by("kubernetes.io/hostname", 100), by("topology.kubernetes.io/zone", 50)});
  return {{"podAntiAffinity", {{"preferredDuringSchedulingIgnoredDuringExecution", terms}}}};
}

void fill_template(const Json& mysql, Json& spec) {
  Json* wish = inner(spec, "podTemplate");
  Json* pod = wish == nullptr ? nullptr : inner(*wish, "spec");
  if (pod == nullptr) return;
  const std::string name = text_field(mysql, "metadata.name");
  fill(*pod, "serviceAccountName", name);
  if (!name.empty()) fill(*pod, "affinity", kept_apart(name));
  const bool flat = text_field(mysql, "apiVersion") == "kubedb.com/v1alpha2";
  if (Json* container = mysql_container(*pod, flat)) fill_resources(*container);
}

}  // namespace

Json with_defaults(Json mysql, const std::string& group_name) {
  if (!field(mysql, "spec").is_object()) return mysql;
  Json spec = mysql["spec"];
  fill(spec, "storageType", "Durable");
  fill_policy(mysql, spec);
  if (field(spec, "authSecret").is_object()) fill(spec["authSecret"], "kind", "Secret");
  fill_topology(spec, group_name);
  fill_template(mysql, spec);
  fill_certificates(mysql, spec);
  mysql["spec"] = std::move(spec);
  return mysql;
}

Json with_one_policy(const Json& before, Json after) {
  const auto changed = [&](const std::string& name) {
    return text_field(before, "spec." + name) != text_field(after, "spec." + name);
  };
  const std::string now = text_field(after, "spec.deletionPolicy");
  const std::string old = text_field(after, "spec.terminationPolicy");
  if (now.empty() || old.empty() || now == old) return after;
  const bool by_new_name = changed("deletionPolicy");
  const bool by_old_name = changed("terminationPolicy");
  if (by_new_name == by_old_name) return after;
  after["spec"][by_new_name ? "terminationPolicy" : "deletionPolicy"] = by_new_name ? now : old;
  return after;
}

}  // namespace ratchet::k8s::api
