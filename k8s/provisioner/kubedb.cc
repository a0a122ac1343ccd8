#include "k8s/provisioner/kubedb.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "k8s/client/kinds.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/objects.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

// Containers of KubeDB's own images. A set that was made here says so by its source_annotation: its
// companion has the name that guides know, and the database's own image.
constexpr std::array<std::string_view, 4> companions = {
    "mysql-coordinator", "mysql-init", "remove-lost-found", "replication-mode-detector"};

std::string companion_of(const Json& set) {
  if (!annotation(set, source_annotation).empty()) return "";
  const Json pod = set.value("/spec/template/spec"_json_pointer, Json::object());
  for (const char* list : {"containers", "initContainers"}) {
    for (const Json& container : pod.value(list, Json::array())) {
      const std::string name = container.value("name", "");
      if (std::find(companions.begin(), companions.end(), name) != companions.end()) return name;
    }
  }
  return "";
}

Refusal left_alone(const Database& database, const std::string& sign) {
  return {run_by_kubedb,
          "MySQL " + database.path() + " is run by KubeDB (" + sign +
              "); it is left as it is. To have Ratchet run it, move its data to a new MySQL"};
}

}  // namespace

asio::awaitable<std::optional<Refusal>> left_to_kubedb(Context& context, Database database,
                                                       Json set) {
  if (!set.is_null()) {
    const std::string name = companion_of(set);
    if (name.empty()) co_return std::nullopt;
    co_return left_alone(
        database, "StatefulSet " + metadata_text(set, "name") + " has its container " + name);
  }
  ListOptions options;
  options.label_selector = selector_text(database.name);
  // Where KubeDB is not installed there is no such kind, and the list is a Status without items.
  const Reply pet_sets = co_await context.client.list(kinds::pet_set, database.space, options);
  for (const Json& pet_set : pet_sets.body.value("items", Json::array())) {
    if (!controlled_by(pet_set, database.uid)) continue;
    co_return left_alone(database, "PetSet " + metadata_text(pet_set, "name"));
  }
  co_return std::nullopt;
}

bool says_left_to_kubedb(const Json& status) {
  for (const Json& condition : status.value("conditions", Json::array())) {
    if (condition.value("type", "") == accepted_condition) {
      return condition.value("reason", "") == run_by_kubedb;
    }
  }
  return false;
}

}  // namespace ratchet::k8s::provisioner
