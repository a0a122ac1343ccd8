// The objects that the tests start from.
#pragma once

namespace ratchet::k8s::testing {

// As in KubeDB's standalone guide.
inline constexpr const char* standalone = R"(
apiVersion: kubedb.com/v1alpha2
kind: MySQL
metadata:
  name: my-standalone
  namespace: demo
spec:
  version: "10.11.18"
  storageType: Durable
  storage:
    storageClassName: "standard"
    accessModes: [ReadWriteOnce]
    resources:
      requests:
        storage: 1Gi
  terminationPolicy: WipeOut
)";

// As in KubeDB's clustering guide; the group's name is what its webhook would have chosen.
inline constexpr const char* group = R"(
apiVersion: kubedb.com/v1
kind: MySQL
metadata:
  name: my-group
  namespace: demo
spec:
  version: "9.7.4"
  replicas: 3
  topology:
    mode: GroupReplication
    group: {name: dc002fc3-c412-4d18-b1d4-66c1fbfbbc9b}
  storageType: Durable
  storage:
    storageClassName: "standard"
    accessModes: [ReadWriteOnce]
    resources:
      requests:
        storage: 1Gi
  deletionPolicy: WipeOut
)";

inline constexpr const char* semi_sync = R"(
apiVersion: kubedb.com/v1
kind: MySQL
metadata:
  name: my-semi
  namespace: demo
spec:
  version: "9.7.4"
  replicas: 3
  topology:
    mode: SemiSync
    semiSync:
      sourceWaitForReplicaCount: 1
      sourceTimeout: 24h
      errantTransactionRecoveryPolicy: PseudoTransaction
  storageType: Durable
  storage:
    storageClassName: "standard"
    accessModes: [ReadWriteOnce]
    resources:
      requests:
        storage: 1Gi
  deletionPolicy: WipeOut
)";

// That their claims ask for.
inline constexpr const char* storage_class = R"(
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard}
provisioner: tests
)";

inline constexpr const char* group_version = R"(
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: "9.7.4"}
spec:
  version: "9.7.4"
  distribution: Official
  db: {image: "docker.io/library/mysql:9.7.4"}
)";

inline constexpr const char* old_version = R"(
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: "10.11.18"}
spec:
  version: "10.11.18"
  db: {image: "docker.io/library/mariadb:10.11.18"}
)";

inline constexpr const char* new_version = R"(
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: "11.8.6"}
spec:
  version: "11.8.6"
  db: {image: "docker.io/library/mariadb:11.8.6"}
)";

}  // namespace ratchet::k8s::testing
