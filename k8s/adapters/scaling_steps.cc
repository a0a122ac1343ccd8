// The steps of scaling: how many pods the StatefulSet makes, which resources their servers have,
// and what the database object says of both.
#include "k8s/adapters/adapters.h"
#include "k8s/adapters/objects.h"
#include "k8s/adapters/primary_terms.h"
#include "k8s/adapters/workload.h"
#include "k8s/api/resources.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/scaling_ports.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using engine::AttemptInfo;
using mysql::Done;

namespace {

constexpr const char* own_containers_path = "/spec/podTemplate/spec/containers";

// Of a StatefulSet or a MySQL; 0 if it does not say.
int replicas_of(const Json& object) { return object.value("/spec/replicas"_json_pointer, 0); }

Key key_of(const Json& object) {
  return {text_at(object, "/metadata/namespace"), text_at(object, "/metadata/name")};
}

std::optional<Done> when(bool done) { return done ? std::optional(Done{}) : std::nullopt; }

// Replicas.

asio::awaitable<std::optional<Done>> has_replicas(const Environment& environment, AttemptInfo info,
                                                  mysql::SetReplicas in) {
  const Json set = co_await the_same_set(environment, in);
  co_return when(bears_mark(set, info) && replicas_of(set) == in.replicas());
}

asio::awaitable<bool> write_replicas(const Environment& environment, AttemptInfo info, Json object,
                                     Resource kind, int replicas) {
  Json change = marked_patch(object, info);
  change["spec"]["replicas"] = replicas;
  co_return co_await patch(environment, kind, key_of(object), std::move(change));
}

asio::awaitable<Done> set_replicas(const Environment& environment, AttemptInfo info,
                                   mysql::SetReplicas in) {
  while (!co_await has_replicas(environment, info, in)) {
    Json set = co_await the_same_set(environment, in);
    if (co_await write_replicas(environment, info, std::move(set), kinds::stateful_set,
                                in.replicas())) {
      break;
    }
  }
  co_return Done{};
}

asio::awaitable<std::optional<Done>> has_former_replicas(const Environment& environment,
                                                         AttemptInfo, mysql::SetReplicas in) {
  const Json set = co_await the_same_set(environment, in);
  co_return when(replicas_of(set) == in.replicas());
}

asio::awaitable<Done> restore_replicas(const Environment& environment, AttemptInfo info,
                                       mysql::SetReplicas in) {
  while (!co_await has_former_replicas(environment, info, in)) {
    Json set = co_await the_same_set(environment, in);
    if (co_await write_replicas(environment, info, std::move(set), kinds::stateful_set,
                                in.replicas())) {
      break;
    }
  }
  co_return Done{};
}

asio::awaitable<std::optional<Done>> replicas_are_recorded(const Environment& environment,
                                                           AttemptInfo info,
                                                           mysql::RecordReplicas in) {
  const Json database = co_await the_mysql(environment, in.database(), in.uid());
  co_return when(bears_mark(database, info) && replicas_of(database) == in.replicas());
}

asio::awaitable<Done> record_replicas(const Environment& environment, AttemptInfo info,
                                      mysql::RecordReplicas in) {
  while (!co_await replicas_are_recorded(environment, info, in)) {
    Json database = co_await the_mysql(environment, in.database(), in.uid());
    if (co_await write_replicas(environment, info, std::move(database), kinds::mysql,
                                in.replicas())) {
      break;
    }
  }
  co_return Done{};
}

asio::awaitable<std::optional<Done>> replicas_are_kept(const Environment& environment, AttemptInfo,
                                                       mysql::RecordReplicas in) {
  const Json database = co_await the_mysql(environment, in.database(), in.uid());
  co_return when(replicas_of(database) == in.replicas());
}

asio::awaitable<Done> keep_replicas(const Environment& environment, AttemptInfo info,
                                    mysql::RecordReplicas in) {
  while (!co_await replicas_are_kept(environment, info, in)) {
    Json database = co_await the_mysql(environment, in.database(), in.uid());
    if (co_await write_replicas(environment, info, std::move(database), kinds::mysql,
                                in.replicas())) {
      break;
    }
  }
  co_return Done{};
}

// Resources.

// As the API server may write a quantity in another way than it was given, only the mark tells.
asio::awaitable<std::optional<Done>> resources_are_changed(const Environment& environment,
                                                           AttemptInfo info,
                                                           mysql::ChangeResources in) {
  const Json set = co_await the_same_set(environment, in);
  co_return when(bears_mark(set, info));
}

asio::awaitable<bool> write_containers(const Environment& environment, AttemptInfo info, Json set,
                                       Json containers) {
  Json change = marked_patch(set, info);
  change["spec"]["template"]["spec"]["containers"] = std::move(containers);
  co_return co_await patch(environment, kinds::stateful_set, key_of(set), std::move(change));
}

asio::awaitable<Done> change_resources(const Environment& environment, AttemptInfo info,
                                       mysql::ChangeResources in) {
  const Json resources = Json::parse(in.resources());
  while (!co_await resources_are_changed(environment, info, in)) {
    Json set = co_await the_same_set(environment, in);
    Json containers = part_at(set, containers_path);
    for (Json& container : containers) {
      if (container.value("name", "") != database_container) continue;
      container = api::with_resources(std::move(container), resources);
    }
    if (co_await write_containers(environment, info, std::move(set), std::move(containers))) break;
  }
  co_return Done{};
}

// The server's container with the resources, and what follows from them, that another has.
Json with_those_of(Json container, const Json& former) {
  for (const char* field : {"resources", "args"}) {
    container.erase(field);
    if (former.contains(field)) container[field] = former.at(field);
  }
  return container;
}

asio::awaitable<std::optional<Done>> resources_are_restored(const Environment& environment,
                                                            AttemptInfo,
                                                            mysql::RestoreResources in) {
  const Json manifest = Json::parse(in.manifest());
  const Json& former = element(part_at(manifest, containers_path), "name", database_container);
  const Json set = co_await the_same_set(environment, in);
  const Json& now = element(part_at(set, containers_path), "name", database_container);
  co_return when(now == with_those_of(now, former));
}

asio::awaitable<Done> restore_resources(const Environment& environment, AttemptInfo info,
                                        mysql::RestoreResources in) {
  const Json manifest = Json::parse(in.manifest());
  const Json former = element(part_at(manifest, containers_path), "name", database_container);
  while (!co_await resources_are_restored(environment, info, in)) {
    Json set = co_await the_same_set(environment, in);
    Json containers = part_at(set, containers_path);
    for (Json& container : containers) {
      if (container.value("name", "") != database_container) continue;
      container = with_those_of(std::move(container), former);
    }
    if (co_await write_containers(environment, info, std::move(set), std::move(containers))) break;
  }
  co_return Done{};
}

asio::awaitable<std::optional<Done>> resources_are_recorded(const Environment& environment,
                                                            AttemptInfo info,
                                                            mysql::RecordResources in) {
  const Json database = co_await the_mysql(environment, in.database(), in.uid());
  co_return when(bears_mark(database, info));
}

// As v1 has it: in the container of that name. What v1alpha2 has beside the pod's fields would say
// something else, and goes.
Json template_with(const Json& database, const Json& resources) {
  Json containers = part_at(database, own_containers_path);
  if (!containers.is_array()) containers = Json::array();
  if (element(containers, "name", database_container).is_null()) {
    containers.push_back({{"name", database_container}});
  }
  for (Json& container : containers) {
    if (container.value("name", "") == database_container) container["resources"] = resources;
  }
  Json pod = {{"containers", std::move(containers)}};
  if (!part_at(database, "/spec/podTemplate/spec/resources").is_null()) pod["resources"] = nullptr;
  return pod;
}

asio::awaitable<Done> record_resources(const Environment& environment, AttemptInfo info,
                                       mysql::RecordResources in) {
  const Json resources = Json::parse(in.resources());
  while (!co_await resources_are_recorded(environment, info, in)) {
    const Json database = co_await the_mysql(environment, in.database(), in.uid());
    Json change = marked_patch(database, info);
    change["spec"]["podTemplate"]["spec"] = template_with(database, resources);
    if (co_await patch(environment, kinds::mysql, key_of(database), std::move(change))) break;
  }
  co_return Done{};
}

}  // namespace

void add_scaling_handlers(engine::Handlers& handlers, const Environment& environment) {
  handle(handlers, mysql::set_replicas, environment, set_replicas, has_replicas);
  handle(handlers, mysql::restore_replicas, environment, restore_replicas, has_former_replicas);
  handle(handlers, mysql::record_replicas, environment, record_replicas, replicas_are_recorded);
  handle(handlers, mysql::keep_replicas, environment, keep_replicas, replicas_are_kept);
  handle(handlers, mysql::change_resources, environment, change_resources, resources_are_changed);
  handle(handlers, mysql::restore_resources, environment, restore_resources,
         resources_are_restored);
  handle(handlers, mysql::record_resources, environment, record_resources, resources_are_recorded);
}

}  // namespace ratchet::k8s
