// What a MySQL consists of in the cluster: pure functions from the MySQL (and its MySQLVersion) to
// objects, with KubeDB's names, labels and fields (era v2022.08.08).
#pragma once

#include <map>
#include <string>

#include "k8s/provisioner/database.h"

namespace ratchet::k8s::provisioner {

// Annotation on a claim: the newest server version that has opened the data.
inline constexpr const char* server_version_annotation = "ratchet.dev/server-version";
// Annotation on a claim: SHA-256 (hex) of the server's TLS certificate, pinned at first sight.
inline constexpr const char* server_certificate_annotation = "ratchet.dev/server-certificate";
// Annotation on a claim: the same of the last one that spec.tls vouched for.
inline constexpr const char* issued_certificate_annotation = "ratchet.dev/issued-certificate";
// Annotation on a MySQL: the provisioner has no write of its own under way since the Paused
// condition with this lastTransitionTime.
inline constexpr const char* drained_annotation = "ratchet.dev/provisioner-drained";
// Annotation on a StatefulSet: digest of what it was made from, images left out.
inline constexpr const char* source_annotation = "ratchet.dev/source";

// Label of a pod of a cluster: what its member is at the moment.
inline constexpr const char* role_label = "kubedb.com/role";
inline constexpr const char* primary_role = "primary";
inline constexpr const char* standby_role = "standby";

inline constexpr const char* ready_gate = "kubedb.com/Ready";
inline constexpr const char* finalizer = "kubedb.com";

std::map<std::string, std::string> selector_labels(const std::string& database);
// The same as text for a list request.
std::string selector_text(const std::string& database);

std::string governing_service_name(const Database& database);
std::string claim_name(const std::string& stateful_set, int ordinal = 0);

Json owner_reference(const Database& database);

Json governing_service(const Database& database);
Json primary_service(const Database& database);
// `password`: clear text; the object carries it in base64.
Json auth_secret(const Database& database, const std::string& password);
Json service_account(const Database& database);
Json role(const Database& database);
Json role_binding(const Database& database);
// How Stash and others find the database: where it listens, which secret opens it, and the
// catalogue's backup tasks, if it has any. `authority`: PEM in base64 of who vouches for the
// server; empty if nobody does.
Json app_binding(const Database& database, const Json& catalogue_entry,
                 const std::string& authority);
// `name`: the set that exists, or the database's name.
Json stateful_set(const Database& database, const Json& catalogue_entry, const std::string& name);
// Owned by the StatefulSet, as it protects that set's pods.
Json disruption_budget(const Database& database, const Json& owner_set);

// Sets the image of the server, and of its companion, which runs the same.
void set_database_image(Json& stateful_set, const std::string& image);

// The image of the container `mysql` in a StatefulSet; empty if there is none.
std::string mysql_image(const Json& stateful_set);

// 16 characters from OpenSSL's generator: the first and the last alphanumeric, shell
// metacharacters in between, as KubeDB's. Throws std::runtime_error if there is no entropy.
std::string generate_password();

}  // namespace ratchet::k8s::provisioner
