// What the health loops read of a pod and its claim, and what they write there.
#pragma once

#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/context.h"

namespace ratchet::k8s::provisioner {

// The value of a secret's key; empty if it is absent or no base64.
std::string secret_value(const Json& secret, const char* key);

// Empty if the pod is null or has none yet.
std::string pod_ip(const Json& pod);

// The claim that holds the pod's data; null if there is none.
boost::asio::awaitable<Json> claim_of(Context& context, std::string space, Json pod);

// Opens or closes the readiness gate. A conflict means that somebody was faster: the next look sees
// the rest.
boost::asio::awaitable<void> set_gate(Context& context, Json pod, bool open);

// The certificate that a claim (null if there is none) has a note of, as the target is to show it:
// one that its authority vouched for, or without an authority the first one seen.
std::optional<std::string> noted_certificate(const Json& claim, const ProbeTarget& target);

// Of certificates of the server's own making the first seen on a claim is noted, of those that an
// authority vouches for (`vouched`) the last; the version never goes back, as the data does not.
// All only on the claim as it was read.
boost::asio::awaitable<void> note_on_claim(Context& context, Json claim, std::string certificate,
                                           bool vouched, std::string version);

}  // namespace ratchet::k8s::provisioner
