// Texts of others, made so that a record can hold them: protobuf reads no string that is not UTF-8,
// so that one such text would leave a record, and with it a log, that nobody can decode.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ratchet::engine {

bool is_utf8(std::string_view text);
// Each byte that is no part of a character becomes U+FFFD.
void make_utf8(std::string& text);
// How many bytes of the text, `most` at most, are whole characters.
std::size_t whole_characters(std::string_view text, std::size_t most);

}  // namespace ratchet::engine
