// How a fuzzer's bytes are a log: pairs of keys and values, each after its length; a head that
// fits, if the first byte asks for one, since no mutation ever finds a root.
#pragma once

#include <string>
#include <string_view>

#include "tests/store/key_value_log.h"

namespace ratchet::fuzz {

store::KeyValues log_from(std::string_view bytes);
std::string bytes_of(const store::KeyValues& log);

}  // namespace ratchet::fuzz
