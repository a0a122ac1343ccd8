// A daemon's API as ratchetctl asks it (docs/openapi.yaml).
#pragma once

#include <stdexcept>
#include <string>

#include "k8s/http/http.h"
#include "tools/ratchetctl/documents.h"

namespace ratchet::ratchetctl {

// Nobody answers, or it cannot do anything now.
class NoDaemon : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// The daemon does not let this user do it.
class NotAllowed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// The daemon says why the run does not allow it.
class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Where the daemon is, as the command line says.
struct DaemonOptions {
  std::string log;         // the folder of its log: it listens on this machine
  std::string server;      // its URL; then `log` is not looked at
  std::string token_file;  // with the bearer token for it
  std::string ca_file;     // trust anchors; empty: the system's
};

// Calls throw NoDaemon, NotAllowed, Refused, NotFound, WrongInput, and std::runtime_error when
// nobody knows what became of an act.
class Daemon {
 public:
  explicit Daemon(const DaemonOptions& options);

  // `path` begins with /v1/.
  Document get(const std::string& path) const { return ask("GET", path, ""); }
  Document post(const std::string& path, const Document& body) const;

 private:
  Document ask(const std::string& method, const std::string& path, std::string body) const;

  k8s::http::Endpoint endpoint_;
  std::string url_;
  std::string path_;
  std::string token_;
  std::string user_;  // that a loopback daemon is told
};

// A path segment or a value of a query, percent-encoded.
std::string encoded(const std::string& text);

}  // namespace ratchet::ratchetctl
