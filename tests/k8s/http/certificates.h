// Certificates made on the spot, for tests of TLS: no key is ever in the tree.
#pragma once

#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace ratchet::k8s::http::testing {

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

// A certificate authority that lives for an hour.
class Authority {
 public:
  explicit Authority(const std::string& common_name);
  std::string ca_pem() const;
  // `names` as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1"; empty: none.
  Identity issue(const std::string& common_name, const std::string& names = "") const;

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
};

}  // namespace ratchet::k8s::http::testing
