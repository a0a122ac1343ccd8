// One pass over one MySQL: reads the cluster, makes what is missing, changes what differs, says in
// the status what it saw. Level-based: nothing is remembered between passes but writes in doubt.
#pragma once

#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/context.h"
#include "k8s/provisioner/guarded.h"

namespace ratchet::k8s::provisioner {

class Reconciler {
 public:
  // The context must outlive it.
  explicit Reconciler(Context& context) : context_(context) {}

  // Passes over different keys may run at the same time, never two over the same key. Returns when
  // the key is to be looked at again even without an event. Throws ApiError.
  boost::asio::awaitable<std::optional<Duration>> reconcile(std::string key);

 private:
  Context& context_;
  Doubts doubts_;
};

}  // namespace ratchet::k8s::provisioner
