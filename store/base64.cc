#include "store/base64.h"

#include <algorithm>

#include <openssl/evp.h>

namespace ratchet::store {

std::string to_base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a zero byte
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string to_base64(const Hash& hash) {
  return to_base64(std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size != static_cast<int>(bytes.size())) return std::nullopt;
  // OpenSSL counts the padding as bytes, and is lenient: what does not come back is refused.
  const std::size_t padding = text.size() - std::min(text.size(), text.find('='));
  if (padding > 2) return std::nullopt;
  bytes.resize(bytes.size() - padding);
  if (to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

std::optional<Hash> hash_from_base64(std::string_view text) {
  const std::optional<std::string> bytes = from_base64(text);
  Hash hash{};
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

}  // namespace ratchet::store
