// What a MySQL with topology.mode GroupReplication consists of beyond a standalone one, most of it
// as in the other clusters. Pure.
#pragma once

#include <string>

#include "k8s/provisioner/database.h"

namespace ratchet::k8s::provisioner {

// Beside the server in each pod, first of the containers, from the server's own image. It says in
// its log what the member is; nothing depends on it.
inline constexpr const char* companion_name = "mysql-coordinator";

// The account that members fetch each other's transactions with.
inline constexpr const char* replication_user = "repl";

std::string replication_secret_name(const Database& database);
std::string companion_config_name(const Database& database);

Json standby_service(const Database& database);
// Owned by the MySQL: a lost one is made anew, and the members are told the new password.
Json replication_secret(const Database& database, const std::string& password);
Json companion_config(const Database& database);

// Parts of the pod; without an image. `set`: name of the StatefulSet.
Json companion_container(const Database& database);
Json companion_volume(const Database& database);
Json cluster_env(const Database& database, const std::string& set);
// `resources`: of the container, from whose memory limit the server's buffers follow.
Json group_args(const Database& database, const std::string& set, const Json& resources);

// The name under which a member is known to the others.
std::string member_host(const Database& database, const std::string& pod);

}  // namespace ratchet::k8s::provisioner
