// From a container in a pod's spec to a process: environment, folders and command. Files are
// written as a side effect, in the pod's own folder.
#pragma once

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "k8s/embedded/api_server.h"

namespace ratchet::localcluster {

using Json = nlohmann::json;

// The pod cannot be started as things are: a Secret, ConfigMap or claim is missing. The message is
// what the container's status shows.
class NotYet : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct PodPlace {
  std::filesystem::path folder;   // of this pod, by uid
  std::filesystem::path volumes;  // of the claims' data, by volume name
  std::string ip;
};

// $(NAME) in args and values is expanded as Kubernetes does. Throws NotYet.
std::map<std::string, std::string> environment(k8s::embedded::Store& store, const Json& pod,
                                               const Json& container, const PodPlace& place);

// Makes the container's volumes and returns the whole command that runs it in a sandbox: its own
// mounts, processes and host name, the host's network. Throws NotYet.
std::vector<std::string> sandbox_command(k8s::embedded::Store& store, const Json& pod,
                                         const Json& container, const PodPlace& place,
                                         const std::filesystem::path& rootfs);

}  // namespace ratchet::localcluster
