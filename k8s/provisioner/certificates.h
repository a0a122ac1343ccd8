// What spec.tls makes of a MySQL's objects: files in its pods, arguments of its servers, and the
// Certificates that cert-manager issues. Pure; Database::tls must be set where it says so.
#pragma once

#include <string>
#include <vector>

#include "k8s/provisioner/database.h"

namespace ratchet::k8s::provisioner {

inline constexpr const char* certificates_path = "/etc/mysql/certs";

// A file that every pod of a MySQL with spec.tls has: ca.crt, server.crt, server.key, client.crt,
// client.key.
std::string certificate_file(const char* name);

// Of the pod; tls must be set.
Json certificates_volume(const Database& database);

// What the server is told after everything else: these win over the user's. Also about requireSSL,
// which stands for itself.
Json certificate_args(const Database& database);

// The Certificate of an alias, and the keys that its secret must have. tls must be set.
std::string certificate_name(const Database& database, const std::string& alias);
Json certificate(const Database& database, const std::string& alias);
std::vector<std::string> certificate_keys(const std::string& alias);

// SHA-256 (lower-case hex) of the first certificate of a PEM; empty if there is none.
std::string certificate_digest(const std::string& pem);

}  // namespace ratchet::k8s::provisioner
