#include "engine/core/approval.h"

#include <stdexcept>

#include "engine/core/utf8.h"
#include "store/ed25519.h"

namespace ratchet::engine {

// The run's id comes last: it alone is free text, and could hold lines of its own.
std::string text_to_sign(const Approval& approval) {
  return "ratchet.dev/approval@v1\npayload-sha256 " + approval.payload_sha256 + "\ngate " +
         approval.gate + "\nrun " + approval.run_id + "\n";
}

Approvers::Approvers(const std::map<std::string, std::string>& pems) {
  for (const auto& [name, pem] : pems) {
    if (!is_utf8(name)) throw std::invalid_argument("the name of an approver must be UTF-8");
    const auto key = store::ed25519_key_in_pem(pem);
    if (!key) {
      throw std::invalid_argument("the key of approver " + name +
                                  " is no public Ed25519 key in PEM: make it by `openssl pkey "
                                  "-pubout`");
    }
    keys_.emplace(name, *key);
  }
  if (keys_.empty()) throw std::invalid_argument("there is no approver: nothing could be approved");
}

std::optional<std::string> Approvers::why_not(const Approval& approval,
                                              const Signature& signature) const {
  const auto key = keys_.find(signature.signer);
  if (key == keys_.end()) return "'" + signature.signer + "' is no approver";
  if (store::verify_ed25519(key->second, text_to_sign(approval), signature.bytes)) {
    return std::nullopt;
  }
  return "the signature is not one by " + signature.signer + " of this run, gate and payload";
}

std::string Approvers::names() const {
  std::string names;
  for (const auto& [name, key] : keys_) names += (names.empty() ? "" : ", ") + name;
  return names;
}

}  // namespace ratchet::engine
