// Asking the server in a pod.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/adapters/steps.h"
#include "k8s/client/client.h"
#include "workflows/mysql/ports.pb.h"

namespace ratchet::k8s {

std::string pod_name(const mysql::Server& server);  // for people

// Nothing: the pod is not the one that was meant.
boost::asio::awaitable<std::optional<Json>> find_pod(const Environment& environment,
                                                     mysql::Server server);
// Throws Refused if the pod is not the one that was meant, and what Environment::sql throws.
boost::asio::awaitable<std::vector<SqlRows>> ask(const Environment& environment,
                                                 mysql::Server server,
                                                 std::vector<std::string> statements);
// Of the first row of an answer. Throws std::out_of_range if there is none.
const std::string& cell(const std::vector<SqlRows>& answers, std::size_t statement,
                        std::size_t column);

// Throws Refused if the pod's container has another image than it must have, as far as both are
// known. `pod`: for people.
void refuse_other_image(const mysql::ImageId& wanted, const mysql::ImageId& has,
                        const std::string& pod);

// What a server is asked for its state, and what its answers, the first of a list, say.
std::vector<std::string> state_questions();
mysql::ServerState read_state(const std::vector<SqlRows>& answers);

}  // namespace ratchet::k8s
