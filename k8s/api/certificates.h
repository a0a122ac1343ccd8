// spec.tls of a MySQL: which certificates its servers have, where those are kept, and what is wrong
// with what it says about them.
#pragma once

#include <array>
#include <string>

#include "k8s/api/finding.h"

namespace ratchet::k8s::api {

// The aliases of spec.tls.certificates that a server's pod has files of.
inline constexpr std::array<const char*, 2> served_aliases = {"server", "client"};

// The volume with those files.
inline constexpr const char* certificate_volume = "tls-volume";

// The entry of spec.tls.certificates for an alias; null if there is none.
const Json& certificate_entry(const Json& mysql, const std::string& alias);

// Name of an alias's secret: as given, or "<MySQL>-<alias>-cert".
std::string certificate_secret(const Json& mysql, const std::string& alias);

// Name of the secret with the server's certificate in a pod, whose ca.crt vouches for that server;
// empty: the server makes a certificate of its own.
std::string server_secret_of(const Json& pod);

void check_certificates(const Json& mysql, Findings& findings);

}  // namespace ratchet::k8s::api
