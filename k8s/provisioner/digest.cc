#include "k8s/provisioner/digest.h"

#include <openssl/evp.h>

namespace ratchet::k8s::provisioner {

std::string short_digest(const std::string& text) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash, &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < 8; ++i) {
    hex += "0123456789abcdef"[hash[i] >> 4];
    hex += "0123456789abcdef"[hash[i] & 15];
  }
  return hex;
}

}  // namespace ratchet::k8s::provisioner
