// What the health loops read of a pod and its claim, and what they write there.
#pragma once

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

// The first certificate seen on a claim is the one to demand from then on; the version never goes
// back, as the data does not. Both only on the claim as it was read.
boost::asio::awaitable<void> note_on_claim(Context& context, Json claim, std::string certificate,
                                           std::string version);

}  // namespace ratchet::k8s::provisioner
