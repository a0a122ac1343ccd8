#include "k8s/provisioner/objects.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "k8s/api/resources.h"
#include "k8s/client/text.h"
#include "k8s/provisioner/certificates.h"
#include "k8s/provisioner/digest.h"
#include "k8s/provisioner/group_objects.h"
#include "k8s/provisioner/object_parts.h"
#include "k8s/provisioner/pod_template.h"
#include "k8s/provisioner/semi_sync_objects.h"

namespace ratchet::k8s::provisioner {
namespace {

// A volume of the user's choice and where it shows up in the container.
struct OptionalVolume {
  Json volume;
  const char* path;
  const char* part = "";  // the folder of the volume that shows up there
};

// A folder for the first member's pod; the others find none of theirs, and nothing to run.
Json for_first_member(Json volume, const Database& database, const std::string& set) {
  const char* kind = volume.contains("secret") ? "secret" : "configMap";
  Json& source = volume[kind];
  Json items = source.value("items", Json::array());
  if (items.empty()) {
    for (const std::string& key : database.init_files) {
      items.push_back({{"key", key}, {"path", key}});
    }
  }
  for (Json& item : items) item["path"] = set + "-0/" + item.at("path").get<std::string>();
  source["items"] = std::move(items);
  return volume;
}

std::vector<OptionalVolume> optional_volumes(const Database& database, const std::string& set) {
  const Json& spec = database.spec();
  std::vector<OptionalVolume> volumes;
  if (database.runs_init_script()) {
    const bool cluster = database.is_cluster();
    Json volume = spec.at("init").at("script");
    volume.erase("scriptPath");
    volume["name"] = "initial-script";
    if (cluster) volume = for_first_member(std::move(volume), database, set);
    volumes.push_back(
        {std::move(volume), "/docker-entrypoint-initdb.d", cluster ? "$(POD_NAME)" : ""});
  }
  if (const std::string config = database.config_secret(); !config.empty()) {
    volumes.push_back(
        {{{"name", "custom-config"}, {"secret", {{"secretName", config}}}}, "/etc/mysql/conf.d"});
  }
  if (database.tls) volumes.push_back({certificates_volume(database), certificates_path});
  return volumes;
}

Json mysql_container(const Database& database, const std::string& set) {
  Json wish = container_wish(database.spec());
  Json env = {secret_variable(database.auth_secret, "MYSQL_ROOT_PASSWORD", "password"),
              secret_variable(database.auth_secret, "MYSQL_ROOT_USERNAME", "username")};
  if (database.is_cluster()) append(env, cluster_env(database, set));
  append(env, wish.value("env", Json::array()));
  Json mounts = {{{"name", "tmp"}, {"mountPath", "/tmp"}},
                 {{"name", "data"}, {"mountPath", "/var/lib/mysql"}}};
  for (const OptionalVolume& optional : optional_volumes(database, set)) {
    Json mount = {{"name", optional.volume.at("name")}, {"mountPath", optional.path}};
    if (*optional.part != '\0') mount["subPathExpr"] = optional.part;
    mounts.push_back(std::move(mount));
  }
  append(mounts, wish.value("volumeMounts", Json::array()));
  const Json resources = api::with_default_resources(wish.value("resources", Json::object()));
  Json args = Json::array();
  if (database.group) args = group_args(database, set, resources);
  if (database.semi_sync) args = semi_sync_args(database);
  append(args, wish.value("args", Json::array()));
  append(args, certificate_args(database));
  Json container = std::move(wish);
  container["name"] = "mysql";
  container["image"] = "";
  container["imagePullPolicy"] = container.value("imagePullPolicy", "IfNotPresent");
  container["ports"] = {{{"name", "db"}, {"containerPort", 3306}, {"protocol", "TCP"}}};
  container["env"] = std::move(env);
  container["volumeMounts"] = std::move(mounts);
  container["resources"] = resources;
  if (!args.empty()) container["args"] = std::move(args);
  return container;
}

std::string service_account_name(const Database& database) {
  return pod_wish(database.spec()).value("serviceAccountName", database.name);
}

Json ephemeral_data(const Json& spec) {
  Json volume = {{"name", "data"}, {"emptyDir", Json::object()}};
  const Json::json_pointer size("/storage/resources/requests/storage");
  if (spec.contains(size)) volume["emptyDir"]["sizeLimit"] = spec.at(size);
  return volume;
}

// Without images.
Json pod_spec(const Database& database, const std::string& set) {
  const Json& spec = database.spec();
  Json pod = pod_wish(spec);
  pod["serviceAccountName"] = service_account_name(database);
  pod["readinessGates"] = {{{"conditionType", ready_gate}}};
  pod["containers"] = Json::array();
  if (database.is_cluster()) pod["containers"].push_back(companion_container(database));
  pod["containers"].push_back(mysql_container(database, set));
  append(pod["containers"], further_containers(spec));
  pod["volumes"] = Json::array({{{"name", "tmp"}, {"emptyDir", Json::object()}}});
  if (database.is_cluster()) pod["volumes"].push_back(companion_volume(database));
  if (!database.durable) pod["volumes"].push_back(ephemeral_data(spec));
  for (const OptionalVolume& optional : optional_volumes(database, set)) {
    pod["volumes"].push_back(optional.volume);
  }
  const Json::json_pointer own("/podTemplate/spec/volumes");
  if (spec.contains(own)) append(pod["volumes"], spec.at(own));
  return pod;
}

Json claim_template(const Json& storage) {
  Json claim = {{"apiVersion", "v1"},
                {"kind", "PersistentVolumeClaim"},
                {"metadata", {{"name", "data"}}},
                {"spec", storage}};
  if (!storage.contains("accessModes")) claim["spec"]["accessModes"] = {"ReadWriteOnce"};
  if (storage.contains("storageClassName")) {
    claim["metadata"]["annotations"] = {
        {"volume.beta.kubernetes.io/storage-class", storage["storageClassName"]}};
  }
  return claim;
}

}  // namespace

std::map<std::string, std::string> selector_labels(const std::string& database) {
  return {{"app.kubernetes.io/name", "mysqls.kubedb.com"},
          {"app.kubernetes.io/instance", database},
          {"app.kubernetes.io/managed-by", "kubedb.com"}};
}

std::string selector_text(const std::string& database) {
  std::string text;
  for (const auto& [key, value] : selector_labels(database)) {
    text.append(text.empty() ? "" : ",").append(key + "=").append(value);
  }
  return text;
}

std::string governing_service_name(const Database& database) { return database.name + "-pods"; }

std::string claim_name(const std::string& stateful_set, int ordinal) {
  return "data-" + stateful_set + "-" + std::to_string(ordinal);
}

Json owner_reference(const Database& database) {
  return {{"apiVersion", "kubedb.com/v1"}, {"kind", "MySQL"},    {"name", database.name},
          {"uid", database.uid},           {"controller", true}, {"blockOwnerDeletion", true}};
}

Json governing_service(const Database& database) {
  Json service = object_of(database, "v1", "Service", governing_service_name(database));
  service["spec"] = {{"type", "ClusterIP"},
                     {"clusterIP", "None"},
                     {"publishNotReadyAddresses", true},
                     {"selector", selector_labels(database.name)},
                     {"ports", Json::array({service_port("db")})}};
  return service;
}

Json primary_service(const Database& database) {
  Json service = object_of(database, "v1", "Service", database.name);
  service["spec"] = {{"type", "ClusterIP"},
                     {"selector", selector_labels(database.name)},
                     {"ports", Json::array({service_port("primary")})}};
  if (database.is_cluster()) service["spec"]["selector"][role_label] = primary_role;
  apply_service_template(database, "primary", service);
  return service;
}

Json auth_secret(const Database& database, const std::string& password) {
  Json secret = object_of(database, "v1", "Secret", database.auth_secret);
  secret["metadata"].erase("ownerReferences");  // outlives the MySQL, unless wiped out
  secret["type"] = "kubernetes.io/basic-auth";
  secret["data"] = {{"username", base64_encode("root")}, {"password", base64_encode(password)}};
  return secret;
}

Json service_account(const Database& database) {
  return object_of(database, "v1", "ServiceAccount", service_account_name(database));
}

Json role(const Database& database) {
  Json role = object_of(database, "rbac.authorization.k8s.io/v1", "Role", database.name);
  role["rules"] = Json::array({{{"apiGroups", {"kubedb.com"}},
                                {"resources", {"mysqls"}},
                                {"resourceNames", {database.name}},
                                {"verbs", {"get"}}}});
  return role;
}

Json role_binding(const Database& database) {
  Json binding = object_of(database, "rbac.authorization.k8s.io/v1", "RoleBinding", database.name);
  binding["roleRef"] = {
      {"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", database.name}};
  binding["subjects"] = Json::array({{{"kind", "ServiceAccount"},
                                      {"name", service_account_name(database)},
                                      {"namespace", database.space}}});
  return binding;
}

Json app_binding(const Database& database, const Json& catalogue_entry,
                 const std::string& authority) {
  Json binding =
      object_of(database, "appcatalog.appscode.com/v1alpha1", "AppBinding", database.name);
  binding["spec"] = {
      {"type", "kubedb.com/mysql"},
      {"version", catalogue_entry.at("/spec/version"_json_pointer)},
      {"clientConfig",
       {{"service", {{"scheme", "mysql"}, {"name", database.name}, {"port", 3306}, {"path", "/"}}},
        {"url", "tcp(" + database.name + "." + database.space + ".svc:3306)/"}}},
      {"secret", {{"name", database.auth_secret}}}};
  if (!authority.empty()) binding["spec"]["clientConfig"]["caBundle"] = authority;
  if (database.tls) {
    binding["spec"]["tlsSecret"] = {{"name", database.tls->secrets.at("client")}};
  }
  const auto stash = "/spec/stash"_json_pointer;
  if (catalogue_entry.contains(stash)) {
    binding["spec"]["parameters"] = {{"apiVersion", "appcatalog.appscode.com/v1alpha1"},
                                     {"kind", "StashAddon"},
                                     {"stash", catalogue_entry.at(stash)}};
  }
  return binding;
}

Json stateful_set(const Database& database, const Json& catalogue_entry, const std::string& name) {
  const Json template_wish = database.spec().value("podTemplate", Json::object());
  const Json controller = template_wish.value("controller", Json::object());
  Json set = object_of(database, "apps/v1", "StatefulSet", name);
  const Json selectors = selector_labels(database.name);
  Json annotations =
      template_wish.value("metadata", Json::object()).value("annotations", Json::object());
  annotations["kubectl.kubernetes.io/default-container"] = "mysql";
  set["spec"] = {{"replicas", database.replicas},
                 {"serviceName", governing_service_name(database)},
                 {"selector", {{"matchLabels", selectors}}},
                 {"updateStrategy", {{"type", "OnDelete"}}},
                 {"template",
                  {{"metadata", {{"labels", selectors}, {"annotations", annotations}}},
                   {"spec", pod_spec(database, name)}}}};
  if (database.is_cluster()) set["spec"]["podManagementPolicy"] = "Parallel";
  set["metadata"]["annotations"] = controller.value("annotations", Json::object());
  set["metadata"]["annotations"][source_annotation] = short_digest(set["spec"]["template"].dump());
  set_database_image(set, catalogue_entry.at("/spec/db/image"_json_pointer).get<std::string>());
  if (database.durable) {
    set["spec"]["volumeClaimTemplates"] =
        Json::array({claim_template(database.spec().at("storage"))});
  }
  return set;
}

Json disruption_budget(const Database& database, const Json& owner_set) {
  const Json& owner = owner_set.at("metadata");
  Json budget = object_of(database, "policy/v1", "PodDisruptionBudget", owner.at("name"));
  budget["metadata"]["ownerReferences"] = Json::array({{{"apiVersion", "apps/v1"},
                                                        {"kind", "StatefulSet"},
                                                        {"name", owner.at("name")},
                                                        {"uid", owner.at("uid")},
                                                        {"controller", true},
                                                        {"blockOwnerDeletion", true}}});
  budget["spec"] = {{"maxUnavailable", std::max(1, (database.replicas - 1) / 2)},
                    {"selector", {{"matchLabels", selector_labels(database.name)}}}};
  return budget;
}

std::string mysql_image(const Json& stateful_set) {
  const Json::json_pointer containers("/spec/template/spec/containers");
  if (!stateful_set.contains(containers)) return "";
  for (const Json& container : stateful_set.at(containers)) {
    if (container.value("name", "") == "mysql") return container.value("image", "");
  }
  return "";
}

void set_database_image(Json& stateful_set, const std::string& image) {
  for (Json& container : stateful_set["spec"]["template"]["spec"]["containers"]) {
    const std::string name = container.value("name", "");
    if (name == "mysql" || name == companion_name) container["image"] = image;
  }
}

}  // namespace ratchet::k8s::provisioner
