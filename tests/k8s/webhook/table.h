// Everything that a user can get wrong in a manifest, and what is said about it: the rows of
// bad_manifests.json, which a real API server is asked too (tests/cluster/webhook).
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "k8s/client/client.h"

namespace ratchet::k8s::testing {

struct BadManifest {
  std::string name;
  Json object;          // as kubectl would send it
  std::string by;       // who notices: schema, webhook, or (it is taken, with a) warning
  std::string reason;   // of the controller's condition, of a MySQL
  std::string message;  // part of what is said

  bool is_request() const { return object["kind"] == "MySQLOpsRequest"; }
};

inline std::ostream& operator<<(std::ostream& out, const BadManifest& row) {
  return out << row.name;
}

std::vector<BadManifest> bad_manifests();

// What is right about the manifests of the table.
Json good_mysql();
Json good_request();

// Entries of the catalogue that some of the rows name.
inline constexpr const char* odd_versions = R"(
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: deprecated}
spec: {version: "10.11.17", deprecated: true, db: {image: "mariadb:10.11.17"}}
---
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: incomplete}
spec: {version: "10.11.17", db: {image: ""}}
---
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: "5.7.36"}
spec: {version: "5.7.36", db: {image: "mysql:5.7.36"}}
---
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: example-8.0}
spec: {version: "8.0.29", db: {image: "mysql:8.0.29"}}
)";

}  // namespace ratchet::k8s::testing
