// A server's certificate and key in files that somebody renews from time to time.
#pragma once

#include <filesystem>
#include <string>

#include "k8s/http/http.h"

namespace ratchet::k8s::http {

class TlsFiles {
 public:
  // PEM files. Throws std::runtime_error naming the one that cannot be read.
  TlsFiles(std::filesystem::path certificate, std::filesystem::path key);

  // As last read.
  Tls tls() const;
  // Reads them again: true if the pair is another one. By content: the files of a mounted Secret
  // change behind links, together but not at once. Throws as the constructor does, and then the
  // pair stays as it is.
  bool refresh();

 private:
  struct Pair {
    std::string certificate;
    std::string key;
    bool operator==(const Pair&) const = default;
  };
  Pair read() const;

  std::filesystem::path certificate_;
  std::filesystem::path key_;
  Pair pair_;
};

}  // namespace ratchet::k8s::http
