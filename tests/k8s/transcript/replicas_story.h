// What the product says to the members of a semi-synchronous cluster from their first start on,
// told to real servers or to a model of them: they are made ready, one is opened and replicated
// from, they are looked at as the provisioner and the ops manager look, refuse and take writes,
// wait for an acknowledgement, cease to acknowledge, hand the primary over, lose it, and open
// another.
#pragma once

#include <cstddef>
#include <functional>

#include "k8s/provisioner/semi_sync_plan.h"
#include "tests/k8s/transcript/teller.h"

namespace ratchet::k8s::testing {

struct ReplicasStage : Stage {
  // As the provisioner looks.
  std::function<provisioner::ReplicaSeen(std::size_t server)> look;
  // Says it in a session of its own without waiting for the answer, which the result waits for.
  std::function<std::function<Reply()>(std::size_t server, const std::string& statement)> begin;
  // The server's process ends, and does not come back.
  std::function<void(std::size_t server)> kill;
};

// Of a server: the name of its pod, and its host as its replicas are told it.
std::string replicas_pod(std::size_t server);
std::string replicas_host(std::size_t server);

// Throws std::runtime_error where the servers do not come to the state that the story waits for.
Transcript tell_replicas_story(const ReplicasStage& stage);

}  // namespace ratchet::k8s::testing
