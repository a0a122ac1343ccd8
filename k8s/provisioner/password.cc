#include <stdexcept>
#include <string>
#include <string_view>

#include <openssl/rand.h>

#include "k8s/provisioner/objects.h"

namespace ratchet::k8s::provisioner {
namespace {

constexpr std::string_view alphanumerics =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view inner =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!$&()*,-.;=_~";
constexpr std::size_t password_length = 16;

// Uniform: bytes beyond the last whole multiple of the alphabet are drawn again.
char draw(std::string_view alphabet) {
  const unsigned limit = 256 - 256 % static_cast<unsigned>(alphabet.size());
  for (;;) {
    unsigned char byte = 0;
    if (RAND_bytes(&byte, 1) != 1) {
      throw std::runtime_error(
          "no password for a new database: OpenSSL's random generator has no entropy");
    }
    if (byte < limit) return alphabet[byte % alphabet.size()];
  }
}

}  // namespace

std::string generate_password() {
  std::string password;
  for (std::size_t i = 0; i < password_length; ++i) {
    const bool edge = i == 0 || i + 1 == password_length;
    password += draw(edge ? alphanumerics : inner);
  }
  return password;
}

}  // namespace ratchet::k8s::provisioner
