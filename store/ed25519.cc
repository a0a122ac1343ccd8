#include "store/ed25519.h"

#include <memory>

#include <openssl/evp.h>
#include <openssl/pem.h>

namespace ratchet::store {

namespace {

using PublicKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Verification = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

constexpr std::size_t public_key_bytes = 32;

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int no_password(char*, int, int, void*) { return 0; }  // else OpenSSL would ask the terminal

}  // namespace

bool verify_ed25519(const std::string& key, std::string_view text, std::string_view signature) {
  const PublicKey pkey(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(key), key.size()),
      &EVP_PKEY_free);
  const Verification context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return pkey && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
         EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(text),
                          text.size()) == 1;
}

std::optional<std::string> ed25519_key_in_pem(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  if (!bio) return std::nullopt;
  const PublicKey pkey(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr),
                       &EVP_PKEY_free);
  if (!pkey || EVP_PKEY_base_id(pkey.get()) != EVP_PKEY_ED25519) return std::nullopt;
  std::string key(public_key_bytes, '\0');
  std::size_t size = key.size();
  if (EVP_PKEY_get_raw_public_key(pkey.get(), reinterpret_cast<unsigned char*>(key.data()),
                                  &size) != 1 ||
      size != key.size()) {
    return std::nullopt;
  }
  return key;
}

}  // namespace ratchet::store
