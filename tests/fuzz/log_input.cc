#include "tests/fuzz/log_input.h"

#include <algorithm>
#include <map>

#include "store/keys.h"
#include "store/merkle.h"

namespace ratchet::fuzz {
namespace {

constexpr std::size_t prefix = 3;  // one byte for the key's length, two for the value's

std::size_t byte(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// The head of the records 0, 1, 2, … that are there, as a writer would have left it.
store::Head head_of(const std::map<std::string, std::string>& log) {
  store::Head head{.log_id = std::string(16, 'i')};
  store::Tree tree;
  for (;; ++head.size) {
    const auto record = log.find(std::string(store::record_key(head.size).view()));
    if (record == log.end()) break;
    tree.append(store::leaf_hash(record->second),
                [](unsigned, std::uint64_t, const store::Hash&) {});
  }
  head.root = tree.root();
  head.epoch = 1;
  return head;
}

}  // namespace

store::KeyValues log_from(std::string_view bytes) {
  std::map<std::string, std::string> log;
  const bool wants_head = !bytes.empty() && (bytes[0] & 1) != 0;
  for (std::size_t at = 1; at + prefix <= bytes.size();) {
    const std::size_t key = byte(bytes, at);
    const std::size_t value = byte(bytes, at + 1) << 8 | byte(bytes, at + 2);
    at += prefix;
    const std::size_t middle = std::min(bytes.size(), at + key);
    log[std::string(bytes.substr(at, middle - at))] = bytes.substr(middle, value);
    at = std::min(bytes.size(), middle + value);
  }
  if (wants_head) log[std::string(store::head_key)] = store::encode_head(head_of(log));
  return {log.begin(), log.end()};
}

std::string bytes_of(const store::KeyValues& log) {
  std::string bytes(1, '\1');
  for (const auto& [key, value] : log) {
    bytes += static_cast<char>(key.size());
    bytes += static_cast<char>(value.size() >> 8);
    bytes += static_cast<char>(value.size());
    bytes += key + value;
  }
  return bytes;
}

}  // namespace ratchet::fuzz
