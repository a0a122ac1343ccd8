#include "engine/core/utf8.h"

#include <cstddef>
#include <utility>

namespace ratchet::engine {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// Of the character that begins here, in bytes (RFC 3629); 0: none does.
std::size_t length_of_character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80U) return 1;
  if (first < 0xC2U || first > 0xF4U) return 0;
  const unsigned low = first == 0xE0U ? 0xA0U : first == 0xF0U ? 0x90U : 0x80U;
  const unsigned high = first == 0xEDU ? 0x9FU : first == 0xF4U ? 0x8FU : 0xBFU;
  if (byte(1) < low || byte(1) > high) return 0;
  const std::size_t length = first < 0xE0U ? 2 : first < 0xF0U ? 3 : 4;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  return length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = length_of_character(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

void make_utf8(std::string& text) {
  if (is_utf8(text)) return;
  std::string valid;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = length_of_character(text, at);
    if (length == 0) {
      valid += replacement;
      ++at;
    } else {
      valid.append(text, at, length);
      at += length;
    }
  }
  text = std::move(valid);
}

std::size_t whole_characters(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text.size();
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return end;
}

}  // namespace ratchet::engine
