// Base64 as the public formats of the log write it: the standard alphabet, padded, canonical.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/log.h"

namespace ratchet::store {

std::string to_base64(std::string_view bytes);
std::string to_base64(const Hash& hash);

// Nothing unless `text` is exactly what to_base64 gives for some bytes.
std::optional<std::string> from_base64(std::string_view text);
std::optional<Hash> hash_from_base64(std::string_view text);

}  // namespace ratchet::store
