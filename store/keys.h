// How a log lies in a key-value store: docs/LOG_FORMAT.md in code. A letter names the kind of a
// key; a letter is never used again for something else, so that no old key is ever misread.
// Numbers are big-endian, so that keys sort as the numbers do.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "store/log.h"

namespace ratchet::store {

inline constexpr std::size_t log_id_bytes = 16;

// A key built without touching the heap. Projection keys are not of fixed size; see below.
class Key {
 public:
  std::string_view view() const { return {bytes_.data(), size_}; }

  Key& add(char letter) {
    bytes_[size_++] = letter;
    return *this;
  }
  Key& add(std::string_view bytes) {
    std::memcpy(&bytes_[size_], bytes.data(), bytes.size());
    size_ += bytes.size();
    return *this;
  }
  template <class Number>
  Key& add_number(Number number) {
    for (int shift = (static_cast<int>(sizeof(Number)) - 1) * 8; shift >= 0; shift -= 8) {
      bytes_[size_++] = static_cast<char>(static_cast<std::uint64_t>(number) >> shift & 0xff);
    }
    return *this;
  }

 private:
  std::array<char, 48> bytes_;  // the longest key, a blob's, has 41
  std::size_t size_ = 0;
};

inline std::string_view hash_view(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

inline constexpr std::string_view head_key = "H";
inline constexpr std::string_view turn_prefix = "R";
inline constexpr std::string_view projection_prefix = "P";

inline Key record_key(std::uint64_t index) { return Key().add('L').add_number(index); }
inline Key pruned_key(std::uint64_t index) { return Key().add('K').add_number(index); }
inline Key turn_key(RunTurn at) {
  return Key().add(turn_prefix).add_number(at.run).add_number(at.turn);
}
inline Key blob_key(std::uint64_t run, const Hash& hash) {
  return Key().add('B').add_number(run).add(hash_view(hash));
}
inline Key subtree_key(unsigned level, std::uint64_t n) {
  return Key().add('T').add_number(static_cast<std::uint8_t>(level)).add_number(n);
}
inline std::string projection_key(std::string_view key) {
  return std::string(projection_prefix).append(key);
}

// The least string above every key that starts with `prefix`; empty if there is none.
std::string end_of_prefix(std::string prefix);

// The values. Each decode throws Fault::corrupt, naming the key, unless the bytes are exactly what
// encode gives; decode_head throws Fault::unsupported for a newer format level.
std::string encode_index(std::uint64_t index);
std::uint64_t decode_index(std::string_view bytes, std::string_view key);
Hash decode_hash(std::string_view bytes, std::string_view key);
std::string encode_head(const Head& head);
Head decode_head(std::string_view bytes);

// The index in a record's or pruned record's key; whose turn a turn's key is.
std::uint64_t index_in_key(std::string_view key);
RunTurn turn_in_key(std::string_view key);

// A key as people read it in a message: its letter, then hexadecimal.
std::string readable_key(std::string_view key);

}  // namespace ratchet::store
