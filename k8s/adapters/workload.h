// What a database runs in: its StatefulSet, and of each pod the claim.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/adapters/steps.h"
#include "k8s/client/client.h"
#include "workflows/mysql/ports.pb.h"

namespace ratchet::k8s {

inline constexpr const char* containers_path = "/spec/template/spec/containers";

// What two StatefulSets, or pods of none, mean where one StatefulSet with all pods is needed.
inline constexpr const char* half_made =
    "an upgrade by another StatefulSet was left half made; a MySQLOpsRequest of type UpdateVersion "
    "for its version finishes it (with the annotation ratchet.dev/strategy on the MySQL that it "
    "had "
    "then)";

// Of the container that runs the server, in a StatefulSet's template; empty if there is none.
std::string image_of(const Json& set);
// The containers with the image of the server, and of its companion in a group, which runs the
// same.
Json with_image(Json containers, const std::string& image);

// The StatefulSets that the database controls, by the number in their names. Throws Refused if one
// is of a kind whose pods are restarted by somebody else.
boost::asio::awaitable<std::vector<Json>> the_sets(const Environment& environment,
                                                   mysql::DatabaseRef database, std::string uid);
// Whether this is a member's pod that a deleted StatefulSet has left.
bool is_left(const Json& pod, const std::string& database);
// What bears the labels of the database.
boost::asio::awaitable<Json> labelled(const Environment& environment, Resource kind,
                                      mysql::DatabaseRef database);

// The database's one StatefulSet. Throws Refused unless there is exactly one, of a kind whose pods
// are restarted by nobody but us.
boost::asio::awaitable<Json> the_set(const Environment& environment, mysql::DatabaseRef database,
                                     std::string uid);

// The set of that name. Throws Refused if it is another one by now.
boost::asio::awaitable<Json> the_same_set(const Environment& environment, mysql::DatabaseRef ref,
                                          std::string name, std::string uid);
// The one that a step's input names.
template <class In>
boost::asio::awaitable<Json> the_same_set(const Environment& environment, const In& in) {
  return the_same_set(environment, in.database(), in.stateful_set(), in.stateful_set_uid());
}

mysql::StatefulSetRef reference_to_set(const Json& set);
// What the set says, with the manifest to create it again; no pod yet.
mysql::Workload workload_of(const Json& set);
// The pod with this ordinal; nothing unless it is the set's and not about to go.
boost::asio::awaitable<std::optional<Json>> live_pod(const Environment& environment, Json set,
                                                     int ordinal);
// Adds pod and claim. Throws std::runtime_error if the claim is not there.
boost::asio::awaitable<void> add_pod(const Environment& environment, Json pod,
                                     mysql::Workload& workload);

}  // namespace ratchet::k8s
