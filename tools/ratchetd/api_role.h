// The API as the ops manager's role serves it: on loopback with the token in the log's folder, on
// any other address with TLS and the cluster's own users.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/http/tls_files.h"
#include "tools/ratchetd/api.h"
#include "tools/ratchetd/process.h"

namespace ratchet::ratchetd {

class ApiRole {
 public:
  // Listens at once. Throws BadSetup if it cannot. Engine, log and workflows, and what `fence_ends`
  // (ApiOptions) refers to, must outlive it.
  ApiRole(Process& process, engine::Engine& engine, const store::Log& log,
          const engine::Registry& workflows, std::function<std::vector<engine::Time>()> fence_ends);
  ~ApiRole();
  ApiRole(const ApiRole&) = delete;
  ApiRole& operator=(const ApiRole&) = delete;

  Api& api() { return *api_; }
  // Until `stop`.
  boost::asio::awaitable<void> run();
  void stop();

 private:
  void refresh();
  boost::asio::awaitable<void> renew();

  Process& process_;
  bool loopback_;
  std::optional<k8s::http::TlsFiles> files_;
  std::unique_ptr<Api> api_;
  boost::asio::steady_timer tick_;
  bool stopped_ = false;
};

}  // namespace ratchet::ratchetd
