// Somebody with an Ed25519 key, made anew in each test, who signs approvals.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "engine/core/approval.h"
#include "store/note.h"

namespace ratchet::engine::testing {

class Approver {
 public:
  explicit Approver(std::string name)
      : name_(std::move(name)),
        key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free) {}

  // As `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout` write them.
  std::string private_pem() const {
    return written([this](BIO* to) {
      PEM_write_bio_PrivateKey(to, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  std::string public_pem() const {
    return written([this](BIO* to) { PEM_write_bio_PUBKEY(to, key_.get()); });
  }
  Signature sign(const Approval& what) const {
    const auto signer = store::NoteSigner::parse(private_pem(), name_);
    return {name_, signer.sign(text_to_sign(what)).bytes};
  }
  // Nobody but this one.
  Approvers alone() const {
    return Approvers(std::map<std::string, std::string>{{name_, public_pem()}});
  }

 private:
  template <class Write>
  static std::string written(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    write(bio.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }

  std::string name_;
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace ratchet::engine::testing
