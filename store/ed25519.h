// Ed25519 signatures (RFC 8032), by OpenSSL.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ratchet::store {

inline constexpr std::size_t ed25519_signature_bytes = 64;

// True if `signature` is one of the text by this public key (32 bytes). What is malformed is not.
bool verify_ed25519(const std::string& key, std::string_view text, std::string_view signature);

// The public key (32 bytes) in PEM, as `openssl pkey -pubout` writes it; nothing if it is another
// kind of key, or none.
std::optional<std::string> ed25519_key_in_pem(std::string_view pem);

}  // namespace ratchet::store
