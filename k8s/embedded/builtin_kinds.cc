#include <utility>

#include "k8s/embedded/kinds.h"

namespace ratchet::k8s::embedded {
namespace {

constexpr bool cluster_scoped = false;
constexpr bool namespaced = true;

Kind make(std::string group, std::string version, std::string plural, std::string kind,
          bool in_namespace) {
  Kind result;
  result.group = std::move(group);
  result.versions = {version};
  result.storage_version = std::move(version);
  result.plural = std::move(plural);
  result.kind = std::move(kind);
  result.namespaced = in_namespace;
  for (const char letter : result.kind) {
    result.singular += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return result;
}

Kind with_columns(Kind kind, std::vector<Column> columns) {
  columns.push_back({"Age", "date", ".metadata.creationTimestamp"});
  kind.columns[kind.storage_version] = std::move(columns);
  return kind;
}

Kind named(Kind kind, std::vector<std::string> short_names) {
  kind.short_names = std::move(short_names);
  return kind;
}

Kind with_status(Kind kind) {
  kind.has_status = true;
  return kind;
}

Kind with_generation(Kind kind) {
  kind.has_generation = true;
  return with_status(std::move(kind));
}

Kind in_all(Kind kind) {
  kind.categories = {"all"};
  return kind;
}

Kind pods() {
  return in_all(with_columns(with_status(named(make("", "v1", "pods", "Pod", namespaced), {"po"})),
                             {{"Ready", "string", "@pod-ready"},
                              {"Status", "string", "@pod-status"},
                              {"Restarts", "integer", "@pod-restarts"},
                              {"IP", "string", ".status.podIP", 1},
                              {"Node", "string", ".spec.nodeName", 1}}));
}

Kind services() {
  return in_all(
      with_columns(with_status(named(make("", "v1", "services", "Service", namespaced), {"svc"})),
                   {{"Type", "string", ".spec.type"},
                    {"Cluster-IP", "string", ".spec.clusterIP"},
                    {"External-IP", "string", "@none"},
                    {"Port(s)", "string", "@service-ports"}}));
}

Kind stateful_sets() {
  return in_all(
      with_columns(with_generation(named(
                       make("apps", "v1", "statefulsets", "StatefulSet", namespaced), {"sts"})),
                   {{"Ready", "string", "@replicas-ready"},
                    {"Containers", "string", "@template-containers", 1},
                    {"Images", "string", "@template-images", 1}}));
}

Kind claims() {
  return with_columns(
      with_status(named(
          make("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", namespaced), {"pvc"})),
      {{"Status", "string", ".status.phase"},
       {"Volume", "string", ".spec.volumeName"},
       {"Capacity", "string", ".status.capacity.storage"},
       {"Access Modes", "string", "@access-modes"},
       {"StorageClass", "string", ".spec.storageClassName"}});
}

Kind volumes() {
  return with_columns(
      with_status(
          named(make("", "v1", "persistentvolumes", "PersistentVolume", cluster_scoped), {"pv"})),
      {{"Capacity", "string", ".spec.capacity.storage"},
       {"Access Modes", "string", "@access-modes"},
       {"Reclaim Policy", "string", ".spec.persistentVolumeReclaimPolicy"},
       {"Status", "string", ".status.phase"},
       {"Claim", "string", "@volume-claim"},
       {"StorageClass", "string", ".spec.storageClassName"}});
}

Kind events() {
  Kind kind = named(make("", "v1", "events", "Event", namespaced), {"ev"});
  kind.columns["v1"] = {{"Last Seen", "date", ".lastTimestamp"},
                        {"Type", "string", ".type"},
                        {"Reason", "string", ".reason"},
                        {"Object", "string", "@event-object"},
                        {"Message", "string", ".message"}};
  return kind;
}

Kind disruption_budgets() {
  return with_columns(with_generation(named(make("policy", "v1", "poddisruptionbudgets",
                                                 "PodDisruptionBudget", namespaced),
                                            {"pdb"})),
                      {{"Min Available", "string", ".spec.minAvailable"},
                       {"Max Unavailable", "string", ".spec.maxUnavailable"},
                       {"Allowed Disruptions", "integer", ".status.disruptionsAllowed"}});
}

Kind definitions() {
  return named(with_generation(make("apiextensions.k8s.io", "v1", "customresourcedefinitions",
                                    "CustomResourceDefinition", cluster_scoped)),
               {"crd", "crds"});
}

Kind storage_classes() {
  return with_columns(
      named(make("storage.k8s.io", "v1", "storageclasses", "StorageClass", cluster_scoped), {"sc"}),
      {{"Provisioner", "string", ".provisioner"},
       {"ReclaimPolicy", "string", ".reclaimPolicy"},
       {"VolumeBindingMode", "string", ".volumeBindingMode"}});
}

std::vector<Kind> core_kinds() {
  return {
      pods(),
      services(),
      claims(),
      volumes(),
      events(),
      with_columns(
          with_status(named(make("", "v1", "namespaces", "Namespace", cluster_scoped), {"ns"})),
          {{"Status", "string", ".status.phase"}}),
      with_columns(make("", "v1", "secrets", "Secret", namespaced),
                   {{"Type", "string", ".type"}, {"Data", "integer", "@data-count"}}),
      with_columns(named(make("", "v1", "configmaps", "ConfigMap", namespaced), {"cm"}),
                   {{"Data", "integer", "@data-count"}}),
      with_columns(named(make("", "v1", "serviceaccounts", "ServiceAccount", namespaced), {"sa"}),
                   {{"Secrets", "integer", "@zero"}}),
      with_columns(with_status(named(make("", "v1", "nodes", "Node", cluster_scoped), {"no"})),
                   {{"Status", "string", "@node-status"},
                    {"Version", "string", ".status.nodeInfo.kubeletVersion"}})};
}

}  // namespace

std::vector<Kind> builtin_kinds() {
  std::vector<Kind> kinds = core_kinds();
  kinds.push_back(stateful_sets());
  kinds.push_back(disruption_budgets());
  kinds.push_back(definitions());
  kinds.push_back(storage_classes());
  kinds.push_back(with_columns(make("coordination.k8s.io", "v1", "leases", "Lease", namespaced),
                               {{"Holder", "string", ".spec.holderIdentity"}}));
  const std::string rbac = "rbac.authorization.k8s.io";
  kinds.push_back(make(rbac, "v1", "roles", "Role", namespaced));
  kinds.push_back(make(rbac, "v1", "clusterroles", "ClusterRole", cluster_scoped));
  for (const auto& [plural, kind, scope] :
       {std::tuple("rolebindings", "RoleBinding", namespaced),
        std::tuple("clusterrolebindings", "ClusterRoleBinding", cluster_scoped)}) {
    kinds.push_back(
        with_columns(make(rbac, "v1", plural, kind, scope), {{"Role", "string", "@role-ref"}}));
  }
  return kinds;
}

}  // namespace ratchet::k8s::embedded
