// One look at one database's server: opens or closes the pod's readiness gate, keeps the
// certificate's pin and the server version on the claim, tells AcceptingConnection and Ready.
// Goes on while the MySQL is paused.
#pragma once

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

  // Never two at the same time for one key. Throws ApiError.
  boost::asio::awaitable<void> check(std::string key);

 private:
  boost::asio::awaitable<ProbeResult> look(const Database& database, const Json& pod,
                                           const Json& claim);
  boost::asio::awaitable<Json> find_pod(const Database& database);
  boost::asio::awaitable<Json> find_claim(const Database& database, const Json& pod);
  boost::asio::awaitable<void> set_gate(Json pod, bool open);
  boost::asio::awaitable<void> note_on_claim(const Json& claim, const ProbeResult& seen);

  Context& context_;
};

}  // namespace ratchet::k8s::provisioner
