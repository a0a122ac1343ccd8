// Where the API server is and who we are: from a kubeconfig or from a pod's service account.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "k8s/http/http.h"

namespace ratchet::k8s {

struct Access {
  http::Endpoint endpoint;
  std::string base_path;          // of the server's URL, without a slash at the end
  std::string space = "default";  // the context's namespace
  std::string token;
  std::filesystem::path token_file;  // wins over token; re-read as it is rotated
  std::string origin;                // what says all this, for people: "kubeconfig /…/config"
};

// All of these throw std::runtime_error naming file, field and what to do.

// `context` empty: the current one. Relative paths inside are relative to the file.
Access read_kubeconfig(const std::filesystem::path& file, const std::string& context = "");

// The service account of the pod that this process runs in.
Access in_cluster(
    const std::filesystem::path& account = "/var/run/secrets/kubernetes.io/serviceaccount");

// The first that is there of: `flag` (--kubeconfig), $KUBECONFIG (one file), the pod's service
// account, ~/.kube/config.
Access find_access(const std::optional<std::filesystem::path>& flag);

// The file's text without whitespace at the end; throws as above.
std::string read_token(const std::filesystem::path& file);

}  // namespace ratchet::k8s
