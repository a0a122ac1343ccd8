// `localcluster serve`: the embedded API server over HTTP, its controllers and the node.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ratchet::localcluster {

struct ServeOptions {
  std::filesystem::path folder;  // data of pods and volumes, logs; made if it is not there
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  std::filesystem::path images;
  std::filesystem::path kubeconfig;  // written when the server listens
  std::vector<std::string> users;    // besides admin; each gets a token and a context
};

// Serves until SIGINT or SIGTERM; then stops every pod and returns. Throws std::runtime_error if
// it cannot begin.
void serve(const ServeOptions& options);

}  // namespace ratchet::localcluster
