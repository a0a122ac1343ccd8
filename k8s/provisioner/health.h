// One look at one database's servers: opens or closes the pod's readiness gate, keeps the
// certificate's pin and the server version on the claim, tells AcceptingConnection and Ready, and
// has servers take up renewed certificates. Goes on while the MySQL is paused.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/context.h"
#include "k8s/provisioner/database.h"

namespace ratchet::k8s::provisioner {

class Health {
 public:
  // The context must outlive it.
  explicit Health(Context& context) : context_(context) {}

  // Never two at the same time for one key. Returns when to look again before the next round.
  // Throws ApiError.
  boost::asio::awaitable<std::optional<Duration>> check(std::string key);

 private:
  boost::asio::awaitable<void> check_standalone(Database database);
  boost::asio::awaitable<ProbeResult> look(const Database& database, const Json& pod,
                                           const Json& claim);
  boost::asio::awaitable<Json> find_pod(const Database& database);
  boost::asio::awaitable<void> keep_certificates(const Database& database);

  Context& context_;
  std::map<std::string, std::chrono::steady_clock::time_point> next_reload_;  // by key
};

}  // namespace ratchet::k8s::provisioner
