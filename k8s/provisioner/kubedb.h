// Databases that KubeDB's own operator runs in the same cluster: recognised by what only it makes,
// and left alone.
#pragma once

#include <optional>

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/context.h"
#include "k8s/provisioner/database.h"

namespace ratchet::k8s::provisioner {

inline constexpr const char* run_by_kubedb = "ManagedByKubeDB";

// Why the MySQL is left alone; nothing if KubeDB has no workload of it. `set`: the StatefulSet that
// the MySQL controls, null if there is none; only then is the cluster asked, for a PetSet.
boost::asio::awaitable<std::optional<Refusal>> left_to_kubedb(Context& context, Database database,
                                                              Json set);

// Whether a status says so already.
bool says_left_to_kubedb(const Json& status);

}  // namespace ratchet::k8s::provisioner
