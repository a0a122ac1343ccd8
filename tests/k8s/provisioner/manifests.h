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
