#include "store/checkpoint.h"

#include <charconv>

#include "store/base64.h"
#include "store/keys.h"

namespace ratchet::store {

namespace {

constexpr std::string_view origin_prefix = "ratchet.dev/log/";

[[noreturn]] void malformed(const std::string& why) {
  throw Error(Fault::corrupt,
              "not a checkpoint of a Ratchet log: " + why +
                  "; expected three lines: ratchet.dev/log/<hex id>, the size, the base64 root");
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) malformed("a line is missing or has no newline");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::string from_hex(std::string_view hex) {
  if (hex.size() != 2 * log_id_bytes) malformed("the log id has not 32 hex digits");
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    if (error != std::errc{} || end != hex.data() + i + 2) malformed("the log id is not hex");
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    hex.push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
  return hex;
}

std::string origin_of(const Head& head) { return std::string(origin_prefix) + to_hex(head.log_id); }

std::string to_checkpoint(const Head& head) {
  return origin_of(head) + "\n" + std::to_string(head.size) + "\n" + to_base64(head.root) + "\n";
}

Head from_checkpoint(std::string_view text) {
  Head head;
  std::string_view origin = next_line(text);
  if (!origin.starts_with(origin_prefix)) malformed("the first line is another origin");
  head.log_id = from_hex(origin.substr(origin_prefix.size()));
  const std::string_view size = next_line(text);
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), head.size);
  if (error != std::errc{} || end != size.data() + size.size() ||
      std::to_string(head.size) != size) {
    malformed("the second line is not a size");
  }
  const auto root = hash_from_base64(next_line(text));
  if (!root) malformed("the third line is not the base64 of 32 bytes");
  head.root = *root;
  return head;
}

}  // namespace ratchet::store
