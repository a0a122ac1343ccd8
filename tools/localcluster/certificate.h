// A certificate for one run of the server: kubectl sends its token only over TLS.
#pragma once

#include <string>

namespace ratchet::localcluster {

struct Certificate {
  std::string certificate_pem;  // self-signed: it is its own trust anchor
  std::string key_pem;
};

// For this IP address and localhost, valid for ten years. Throws std::runtime_error.
Certificate make_certificate(const std::string& address);

}  // namespace ratchet::localcluster
