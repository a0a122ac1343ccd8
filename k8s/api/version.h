// Versions of servers as their catalogue and the servers themselves write them. Pure.
#pragma once

#include <string>

namespace ratchet::k8s::api {

// Numeric comparison of dotted versions, the missing parts zero, anything after the digits left
// out: "11.8.6-MariaDB" is 11.8.6. Negative, zero or positive as a < b, a = b, a > b.
int compare_versions(const std::string& a, const std::string& b);

// The leading digits and dots of a server's version text.
std::string version_digits(const std::string& text);

}  // namespace ratchet::k8s::api
