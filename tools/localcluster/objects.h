// `localcluster apply` and `localcluster get`: just enough of kubectl for those who have none.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ratchet::localcluster {

struct ApplyOptions {
  std::optional<std::filesystem::path> kubeconfig;
  std::string file;  // YAML or JSON, several documents; "-": standard input
};

struct GetOptions {
  std::optional<std::filesystem::path> kubeconfig;
  std::string kind;  // as kubectl takes it: singular, plural or short
  std::string name;  // empty: all
  std::string space = "default";
  bool json = false;
};

// Creates each object, or merges it into the one that is there; says so, one line each. Throws
// std::exception at the first that is refused.
void apply(const ApplyOptions& options);

// Prints the objects to standard output: names and phases, or JSON. Throws std::runtime_error if
// the named one is not there.
void get(const GetOptions& options);

}  // namespace ratchet::localcluster
