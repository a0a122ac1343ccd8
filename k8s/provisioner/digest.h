// A short name for a text: the same for the same text, and for no other that anybody meets.
#pragma once

#include <string>

namespace ratchet::k8s::provisioner {

// The first 64 bits of the SHA-256, in hex.
std::string short_digest(const std::string& text);

}  // namespace ratchet::k8s::provisioner
