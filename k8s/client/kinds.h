// The kinds that this project reads or writes (facts/kubedb.md has the versions of ours).
#pragma once

#include "k8s/client/client.h"

namespace ratchet::k8s::kinds {

inline const Resource mysql{"kubedb.com", "v1", "mysqls", "MySQL", true};
inline const Resource mysql_version{"catalog.kubedb.com", "v1alpha1", "mysqlversions",
                                    "MySQLVersion", false};
inline const Resource mysql_ops_request{"ops.kubedb.com", "v1alpha1", "mysqlopsrequests",
                                        "MySQLOpsRequest", true};

inline const Resource config_map{"", "v1", "configmaps", "ConfigMap", true};
inline const Resource event{"", "v1", "events", "Event", true};
inline const Resource space{"", "v1", "namespaces", "Namespace", false};
inline const Resource persistent_volume_claim{"", "v1", "persistentvolumeclaims",
                                              "PersistentVolumeClaim", true};
inline const Resource pod{"", "v1", "pods", "Pod", true};
inline const Resource secret{"", "v1", "secrets", "Secret", true};
inline const Resource service{"", "v1", "services", "Service", true};
inline const Resource service_account{"", "v1", "serviceaccounts", "ServiceAccount", true};

inline const Resource stateful_set{"apps", "v1", "statefulsets", "StatefulSet", true};
// KubeDB's own workload of later years, in clusters that have it.
inline const Resource pet_set{"apps.k8s.appscode.com", "v1", "petsets", "PetSet", true};
// How other programs of AppsCode's find a database, in clusters that have it.
inline const Resource app_binding{"appcatalog.appscode.com", "v1alpha1", "appbindings",
                                  "AppBinding", true};
// What cert-manager issues certificates for, in clusters that have it.
inline const Resource certificate{"cert-manager.io", "v1", "certificates", "Certificate", true};
// Copies of volumes, in clusters whose storage can make them.
inline const Resource volume_snapshot{"snapshot.storage.k8s.io", "v1", "volumesnapshots",
                                      "VolumeSnapshot", true};
inline const Resource volume_snapshot_class{"snapshot.storage.k8s.io", "v1",
                                            "volumesnapshotclasses", "VolumeSnapshotClass", false};
// What has databases copied again and again, in clusters that have Stash or KubeStash.
inline const Resource stash_backup_configuration{
    "stash.appscode.com", "v1beta1", "backupconfigurations", "BackupConfiguration", true};
inline const Resource stash_backup_session{"stash.appscode.com", "v1beta1", "backupsessions",
                                           "BackupSession", true};
inline const Resource kubestash_backup_configuration{
    "core.kubestash.com", "v1alpha1", "backupconfigurations", "BackupConfiguration", true};
inline const Resource kubestash_backup_session{"core.kubestash.com", "v1alpha1", "backupsessions",
                                               "BackupSession", true};
inline const Resource storage_class{"storage.k8s.io", "v1", "storageclasses", "StorageClass",
                                    false};
inline const Resource lease{"coordination.k8s.io", "v1", "leases", "Lease", true};
inline const Resource pod_disruption_budget{"policy", "v1", "poddisruptionbudgets",
                                            "PodDisruptionBudget", true};
inline const Resource role{"rbac.authorization.k8s.io", "v1", "roles", "Role", true};
inline const Resource role_binding{"rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding",
                                   true};
inline const Resource custom_resource_definition{
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false};

}  // namespace ratchet::k8s::kinds
