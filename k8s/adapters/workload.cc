#include "k8s/adapters/workload.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "k8s/adapters/objects.h"
#include "k8s/api/member_sets.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/new_set_inputs.h"

namespace ratchet::k8s {

namespace asio = boost::asio;

namespace {

// What is needed to create the set again; what the API server adds is left out.
std::string manifest_of(const Json& set) {
  Json metadata;
  for (const char* field : {"name", "namespace", "labels", "annotations", "ownerReferences"}) {
    if (set.at("metadata").contains(field)) metadata[field] = set.at("metadata").at(field);
  }
  if (metadata.contains("annotations")) {
    metadata["annotations"].erase(change_annotation);
    metadata["annotations"].erase("kubectl.kubernetes.io/last-applied-configuration");
  }
  return Json{{"apiVersion", kinds::stateful_set.api_version()},
              {"kind", kinds::stateful_set.kind},
              {"metadata", std::move(metadata)},
              {"spec", set.at("spec")}}
      .dump();
}

void refuse_unfit(const Json& set) {
  const std::string name =
      "StatefulSet " + text_at(set, "/metadata/namespace") + "/" + text_at(set, "/metadata/name");
  if (text_at(set, "/spec/updateStrategy/type") != "OnDelete") {
    throw Refused("not_on_delete", name +
                                       " has not the update strategy OnDelete, so its pod would "
                                       "restart before the server is ready for it");
  }
  if (image_of(set).empty()) {
    throw Refused("no_container", name + " has no container named " + database_container);
  }
}

}  // namespace

std::string image_of(const Json& set) {
  const Json& container = element(part_at(set, containers_path), "name", database_container);
  return container.is_object() ? container.value("image", "") : "";
}

Json with_image(Json containers, const std::string& image) {
  for (Json& container : containers) {
    const std::string name = container.value("name", "");
    if (name == database_container || name == companion_container) container["image"] = image;
  }
  return containers;
}

bool is_left(const Json& pod, const std::string& database) {
  return controller_of(pod).empty() &&
         api::member_number(database, text_at(pod, "/metadata/name")).has_value();
}

asio::awaitable<Json> labelled(const Environment& environment, Resource kind,
                               mysql::DatabaseRef database) {
  const ListOptions ours{.label_selector =
                             "app.kubernetes.io/name=mysqls.kubedb.com,"
                             "app.kubernetes.io/instance=" +
                             database.name(),
                         .field_selector = "",
                         .page = 500};
  const std::string what = "listing " + kind.kind + "s in " + database.space();
  Reply reply = co_await environment.client->list(std::move(kind), database.space(), ours);
  expect_success(reply, what);
  co_return part_at(reply.body, "/items");
}

asio::awaitable<std::vector<Json>> the_sets(const Environment& environment,
                                            mysql::DatabaseRef database, std::string uid) {
  const Json all = co_await labelled(environment, kinds::stateful_set, database);
  std::vector<Json> found;
  for (const Json& set : all) {
    if (controller_of(set) != uid) continue;
    refuse_unfit(set);
    found.push_back(set);
  }
  const auto number = [&](const Json& set) {
    return mysql::set_number(database.name(), text_at(set, "/metadata/name")).value_or(0);
  };
  std::sort(found.begin(), found.end(),
            [&](const Json& a, const Json& b) { return number(a) < number(b); });
  co_return found;
}

asio::awaitable<Json> the_set(const Environment& environment, mysql::DatabaseRef database,
                              std::string uid) {
  std::vector<Json> found = co_await the_sets(environment, database, std::move(uid));
  if (found.size() != 1) {
    std::string why = "MySQL " + database.space() + "/" + database.name() + " has " +
                      std::to_string(found.size()) + " StatefulSets, and must have one";
    if (!found.empty()) {
      why += std::string(": ") + half_made + " (StatefulSet " +
             text_at(found.back(), "/metadata/name") + " has image " + image_of(found.back()) + ")";
    }
    throw Refused("no_single_stateful_set", why);
  }
  co_return std::move(found.front());
}

asio::awaitable<Json> the_same_set(const Environment& environment, mysql::DatabaseRef ref,
                                   std::string name, std::string uid) {
  auto set = co_await find(environment, kinds::stateful_set, Key{ref.space(), name});
  if (!set || uid_of(*set) != uid) {
    throw Refused("gone", "StatefulSet " + ref.space() + "/" + name +
                              " was deleted or replaced by somebody else meanwhile");
  }
  co_return std::move(*set);
}

mysql::StatefulSetRef reference_to_set(const Json& set) {
  mysql::StatefulSetRef reference;
  reference.set_name(text_at(set, "/metadata/name"));
  reference.set_uid(uid_of(set));
  return reference;
}

mysql::Workload workload_of(const Json& set) {
  mysql::Workload workload;
  workload.set_stateful_set(text_at(set, "/metadata/name"));
  workload.set_stateful_set_uid(uid_of(set));
  workload.set_manifest(manifest_of(set));
  workload.set_image(image_of(set));
  return workload;
}

asio::awaitable<std::optional<Json>> live_pod(const Environment& environment, Json set,
                                              int ordinal) {
  const Key key{text_at(set, "/metadata/namespace"),
                text_at(set, "/metadata/name") + "-" + std::to_string(ordinal)};
  auto pod = co_await find(environment, kinds::pod, key);
  if (pod && (is_deleting(*pod) || controller_of(*pod) != uid_of(set))) co_return std::nullopt;
  co_return pod;
}

asio::awaitable<void> add_pod(const Environment& environment, Json pod, mysql::Workload& workload) {
  workload.set_pod(text_at(pod, "/metadata/name"));
  workload.set_pod_uid(uid_of(pod));
  const Json& status =
      element(part_at(pod, "/status/containerStatuses"), "name", database_container);
  workload.set_container_id(text_at(status, "/containerID"));
  const Json& volume = element(part_at(pod, "/spec/volumes"), "name", "data");
  workload.set_claim(text_at(volume, "/persistentVolumeClaim/claimName"));
  if (workload.claim().empty()) co_return;

  const Key claim_key{text_at(pod, "/metadata/namespace"), workload.claim()};
  const auto claim = co_await find(environment, kinds::persistent_volume_claim, claim_key);
  if (!claim) throw std::runtime_error("claim " + workload.claim() + " is not there");
  workload.set_claim_uid(uid_of(*claim));
  workload.set_claim_version(annotation(*claim, claim_version_annotation));
}

}  // namespace ratchet::k8s
