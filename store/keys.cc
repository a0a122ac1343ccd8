#include "store/keys.h"

namespace ratchet::store {
namespace {

constexpr std::uint8_t format_level = 1;
constexpr std::size_t head_bytes = 1 + log_id_bytes + 8 + 32 + 8;

template <class Number>
Number read_number(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
  }
  return static_cast<Number>(number);
}

[[noreturn]] void wrong_size(std::string_view key, std::size_t size, std::size_t wanted) {
  throw Error(Fault::corrupt, "the value of key " + readable_key(key) + " has " +
                                  std::to_string(size) + " bytes instead of " +
                                  std::to_string(wanted) +
                                  ": the log is damaged; restore it from a backup");
}

void require_key_size(std::string_view key, std::size_t wanted) {
  if (key.size() == wanted) return;
  throw Error(Fault::corrupt, "key " + readable_key(key) + " has " + std::to_string(key.size()) +
                                  " bytes instead of " + std::to_string(wanted) +
                                  ": the log is damaged; restore it from a backup");
}

}  // namespace

std::string end_of_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<std::uint8_t>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) ++prefix.back();
  return prefix;
}

std::string encode_index(std::uint64_t index) {
  return std::string(Key().add_number(index).view());
}

std::uint64_t decode_index(std::string_view bytes, std::string_view key) {
  if (bytes.size() != 8) wrong_size(key, bytes.size(), 8);
  return read_number<std::uint64_t>(bytes);
}

Hash decode_hash(std::string_view bytes, std::string_view key) {
  Hash hash;
  if (bytes.size() != hash.size()) wrong_size(key, bytes.size(), hash.size());
  std::memcpy(hash.data(), bytes.data(), hash.size());
  return hash;
}

std::string encode_head(const Head& head) {
  std::string out(1, static_cast<char>(format_level));
  out.reserve(head_bytes);
  out.append(head.log_id).append(encode_index(head.size));
  out.append(hash_view(head.root)).append(encode_index(head.epoch));
  return out;
}

Head decode_head(std::string_view bytes) {
  const auto level = bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes[0]);
  if (level > format_level) {
    throw Error(Fault::unsupported, "the log has format level " + std::to_string(level) +
                                        " and this build reads up to level " +
                                        std::to_string(format_level) + ": use a newer build");
  }
  if (bytes.size() != head_bytes || level == 0) wrong_size(head_key, bytes.size(), head_bytes);
  Head head;
  head.log_id = bytes.substr(1, log_id_bytes);
  head.size = read_number<std::uint64_t>(bytes.substr(17));
  head.root = decode_hash(bytes.substr(25, 32), head_key);
  head.epoch = read_number<std::uint64_t>(bytes.substr(57));
  return head;
}

std::uint64_t index_in_key(std::string_view key) {
  require_key_size(key, 9);
  return read_number<std::uint64_t>(key.substr(1));
}

RunTurn turn_in_key(std::string_view key) {
  require_key_size(key, 13);
  return {read_number<std::uint64_t>(key.substr(1)), read_number<std::uint32_t>(key.substr(9))};
}

std::string readable_key(std::string_view key) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out(key.substr(0, 1));
  if (key.size() > 1) out += ' ';
  for (const char c : key.substr(std::min<std::size_t>(1, key.size()))) {
    out += digits[static_cast<std::uint8_t>(c) >> 4];
    out += digits[static_cast<std::uint8_t>(c) & 15];
  }
  return out;
}

}  // namespace ratchet::store
