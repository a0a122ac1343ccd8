#include "k8s/http/tls_files.h"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace ratchet::k8s::http {

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file || bytes.empty()) {
    throw std::runtime_error("cannot read " + path.string() + ": give a readable PEM file");
  }
  return bytes;
}

}  // namespace

TlsFiles::TlsFiles(std::filesystem::path certificate, std::filesystem::path key)
    : certificate_(std::move(certificate)), key_(std::move(key)), pair_(read()) {}

TlsFiles::Pair TlsFiles::read() const { return {read_file(certificate_), read_file(key_)}; }

Tls TlsFiles::tls() const {
  Tls tls;
  tls.certificate_pem = pair_.certificate;
  tls.key_pem = pair_.key;
  return tls;
}

bool TlsFiles::refresh() {
  Pair now = read();
  if (now == pair_) return false;
  pair_ = std::move(now);
  return true;
}

}  // namespace ratchet::k8s::http
