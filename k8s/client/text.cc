#include "k8s/client/text.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <ctime>

#include <openssl/evp.h>

namespace ratchet::k8s {
namespace {

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::optional<std::string> base64_decode(std::string_view text) {
  std::string dense;
  std::copy_if(text.begin(), text.end(), std::back_inserter(dense),
               [](unsigned char c) { return std::isspace(c) == 0; });
  std::size_t padding = 0;
  while (padding < 2 && padding < dense.size() && dense[dense.size() - 1 - padding] == '=') {
    ++padding;
  }
  if (dense.size() % 4 != 0 || dense.find('=') < dense.size() - padding) {
    return std::nullopt;
  }
  std::string bytes(dense.size() / 4 * 3, '\0');
  int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), octets(dense),
                               static_cast<int>(dense.size()));
  // EVP_DecodeBlock counts the padding as zero bytes.
  if (length < 0 || static_cast<std::size_t>(length) != bytes.size()) {
    return std::nullopt;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

std::string base64_encode(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and the 0 that OpenSSL appends
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), octets(bytes),
                  static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

std::string to_time(std::chrono::system_clock::time_point at) {
  std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::optional<std::chrono::system_clock::time_point> read_time(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string to_micro_time(std::chrono::system_clock::time_point at) {
  auto whole = std::chrono::floor<std::chrono::seconds>(at);
  auto micros = std::chrono::duration_cast<std::chrono::microseconds>(at - whole).count();
  std::string text = to_time(whole);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%06lldZ", static_cast<long long>(micros));
  text.pop_back();
  return text + fraction;
}

}  // namespace ratchet::k8s
