// The steps on the StatefulSet: inspect, change its image, replace it, put it back.
#include "k8s/adapters/adapters.h"
#include "k8s/adapters/objects.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/ports.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using engine::AttemptInfo;
using mysql::Done;

namespace {

const char* const containers_path = "/spec/template/spec/containers";

std::string image_of(const Json& set) {
  const Json& container = element(part_at(set, containers_path), "name", database_container);
  return container.is_object() ? container.value("image", "") : "";
}

Json with_image(Json containers, const std::string& image) {
  for (Json& container : containers) {
    if (container.value("name", "") == database_container) container["image"] = image;
  }
  return containers;
}

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

asio::awaitable<Json> the_set(const Environment& environment, mysql::InspectWorkload in) {
  const ListOptions ours{.label_selector =
                             "app.kubernetes.io/name=mysqls.kubedb.com,"
                             "app.kubernetes.io/instance=" +
                             in.database().name(),
                         .field_selector = "",
                         .page = 500};
  const Reply reply =
      co_await environment.client->list(kinds::stateful_set, in.database().space(), ours);
  expect_success(reply, "listing StatefulSets in " + in.database().space());
  std::vector<Json> found;
  for (const Json& set : part_at(reply.body, "/items")) {
    if (controller_of(set) == in.uid()) found.push_back(set);
  }
  if (found.size() == 1) co_return std::move(found.front());
  throw Refused("no_single_stateful_set",
                "MySQL " + in.database().space() + "/" + in.database().name() + " has " +
                    std::to_string(found.size()) + " StatefulSets, and must have one");
}

void refuse_unfit(const Json& set) {
  const std::string name =
      "StatefulSet " + text_at(set, "/metadata/namespace") + "/" + text_at(set, "/metadata/name");
  if (text_at(set, "/spec/updateStrategy/type") != "OnDelete") {
    throw Refused("not_on_delete", name +
                                       " has not the update strategy OnDelete, so its pod would "
                                       "restart before the server is ready for it");
  }
  if (const auto replicas = set.value("/spec/replicas"_json_pointer, 1); replicas != 1) {
    throw Refused("not_one_replica", name + " has " + std::to_string(replicas) +
                                         " replicas; a standalone database has one");
  }
  if (image_of(set).empty()) {
    throw Refused("no_container", name + " has no container named " + database_container);
  }
}

asio::awaitable<mysql::Workload> inspect(const Environment& environment, AttemptInfo,
                                         mysql::InspectWorkload in) {
  const Json set = co_await the_set(environment, in);
  refuse_unfit(set);
  mysql::Workload workload;
  workload.set_stateful_set(text_at(set, "/metadata/name"));
  workload.set_stateful_set_uid(uid_of(set));
  workload.set_manifest(manifest_of(set));
  workload.set_image(image_of(set));
  workload.set_pod(workload.stateful_set() + "-0");

  const Key pod_key{in.database().space(), workload.pod()};
  const auto pod = co_await find(environment, kinds::pod, pod_key);
  if (!pod || is_deleting(*pod) || controller_of(*pod) != workload.stateful_set_uid()) {
    throw std::runtime_error("pod " + pod_key.space + "/" + pod_key.name + " is not there");
  }
  workload.set_pod_uid(uid_of(*pod));
  const Json& volume = element(part_at(*pod, "/spec/volumes"), "name", "data");
  workload.set_claim(text_at(volume, "/persistentVolumeClaim/claimName"));
  if (workload.claim().empty()) co_return workload;

  const Key claim_key{pod_key.space, workload.claim()};
  const auto claim = co_await find(environment, kinds::persistent_volume_claim, claim_key);
  if (!claim) throw std::runtime_error("claim " + workload.claim() + " is not there");
  workload.set_claim_uid(uid_of(*claim));
  workload.set_claim_version(annotation(*claim, claim_version_annotation));
  co_return workload;
}

asio::awaitable<Json> the_same_set(const Environment& environment, mysql::DatabaseRef ref,
                                   std::string name, std::string uid) {
  auto set = co_await find(environment, kinds::stateful_set, Key{ref.space(), name});
  if (!set || uid_of(*set) != uid) {
    throw Refused("gone", "StatefulSet " + ref.space() + "/" + name +
                              " was deleted or replaced by somebody else during the upgrade");
  }
  co_return std::move(*set);
}

asio::awaitable<bool> patch_image(const Environment& environment, AttemptInfo info, Json set,
                                  std::string image) {
  Json change = marked_patch(set, info);
  change["spec"]["template"]["spec"]["containers"] =
      with_image(part_at(set, containers_path), image);
  const Key key{text_at(set, "/metadata/namespace"), text_at(set, "/metadata/name")};
  co_return co_await patch(environment, kinds::stateful_set, key, std::move(change));
}

asio::awaitable<std::optional<Done>> is_changed(const Environment& environment, AttemptInfo info,
                                                mysql::ChangeImage in) {
  const Json set =
      co_await the_same_set(environment, in.database(), in.stateful_set(), in.stateful_set_uid());
  co_return bears_mark(set, info) && image_of(set) == in.image() ? std::optional(Done{})
                                                                 : std::nullopt;
}

asio::awaitable<Done> change(const Environment& environment, AttemptInfo info,
                             mysql::ChangeImage in) {
  while (!co_await is_changed(environment, info, in)) {
    Json set =
        co_await the_same_set(environment, in.database(), in.stateful_set(), in.stateful_set_uid());
    if (co_await patch_image(environment, info, std::move(set), in.image())) break;
  }
  co_return Done{};
}

asio::awaitable<std::optional<Done>> is_orphaned(const Environment& environment, AttemptInfo,
                                                 mysql::OrphanStatefulSet in) {
  const auto set = co_await find(environment, kinds::stateful_set,
                                 Key{in.database().space(), in.stateful_set()});
  co_return !set || uid_of(*set) != in.stateful_set_uid() ? std::optional(Done{}) : std::nullopt;
}

// The set goes away only after the garbage collector has let go of its pods.
asio::awaitable<Done> orphan(const Environment& environment, AttemptInfo info,
                             mysql::OrphanStatefulSet in) {
  const Key key{in.database().space(), in.stateful_set()};
  while (!co_await is_orphaned(environment, info, in)) {
    const auto set = co_await find(environment, kinds::stateful_set, key);
    if (set && !is_deleting(*set) && uid_of(*set) == in.stateful_set_uid()) {
      const Preconditions only_if{in.stateful_set_uid(),
                                  text_at(*set, "/metadata/resourceVersion")};
      const Reply reply = co_await environment.client->remove(kinds::stateful_set, key, only_if,
                                                              Propagation::orphan);
      if (reply.conflict() || reply.not_found()) continue;
      expect_success(reply, "deleting StatefulSet " + key.space + "/" + key.name);
    }
    if (environment.now() >= info.deadline) {
      throw std::runtime_error("StatefulSet " + key.space + "/" + key.name +
                               " is deleted but not gone: the garbage collector has not let go "
                               "of its pod yet");
    }
    co_await environment.pause(environment.look_every);
  }
  co_return Done{};
}

mysql::StatefulSetRef reference_to(const Json& set) {
  mysql::StatefulSetRef reference;
  reference.set_name(text_at(set, "/metadata/name"));
  reference.set_uid(uid_of(set));
  return reference;
}

asio::awaitable<std::optional<mysql::StatefulSetRef>> is_created(const Environment& environment,
                                                                 AttemptInfo info,
                                                                 mysql::CreateStatefulSet in) {
  const std::string name = text_at(Json::parse(in.manifest()), "/metadata/name");
  const auto set =
      co_await find(environment, kinds::stateful_set, Key{in.database().space(), name});
  if (!set) co_return std::nullopt;
  if (bears_mark(*set, info)) co_return reference_to(*set);
  throw Refused("name_taken", "StatefulSet " + in.database().space() + "/" + name +
                                  " was created by somebody else during the upgrade");
}

// Nothing: the name is taken.
asio::awaitable<std::optional<Json>> create_set(const Environment& environment, AttemptInfo info,
                                                std::string manifest, std::string image) {
  Json set = Json::parse(manifest);
  set["metadata"]["annotations"][change_annotation] = mark_of(info);
  Json& containers = set["spec"]["template"]["spec"]["containers"];
  containers = with_image(containers, image);
  const std::string name = text_at(set, "/metadata/name");
  Reply reply = co_await environment.client->create(kinds::stateful_set, std::move(set));
  if (reply.conflict()) co_return std::nullopt;
  if (reply.invalid())
    throw Refused("invalid", "creating StatefulSet " + name + " was refused: " + reply.message());
  expect_success(reply, "creating StatefulSet " + name);
  co_return std::move(reply.body);
}

asio::awaitable<mysql::StatefulSetRef> create(const Environment& environment, AttemptInfo info,
                                              mysql::CreateStatefulSet in) {
  for (;;) {
    if (const auto created = co_await is_created(environment, info, in)) co_return *created;
    const auto set = co_await create_set(environment, info, in.manifest(), in.image());
    if (set) co_return reference_to(*set);
  }
}

asio::awaitable<std::optional<Done>> is_restored(const Environment& environment, AttemptInfo,
                                                 mysql::RestoreStatefulSet in) {
  const std::string name = text_at(Json::parse(in.manifest()), "/metadata/name");
  const auto set =
      co_await find(environment, kinds::stateful_set, Key{in.database().space(), name});
  const bool done = set && !is_deleting(*set) && image_of(*set) == in.image();
  co_return done ? std::optional(Done{}) : std::nullopt;
}

asio::awaitable<Done> restore(const Environment& environment, AttemptInfo info,
                              mysql::RestoreStatefulSet in) {
  const Json manifest = Json::parse(in.manifest());
  const Key key{in.database().space(), text_at(manifest, "/metadata/name")};
  while (!co_await is_restored(environment, info, in)) {
    auto set = co_await find(environment, kinds::stateful_set, key);
    if (!set) {
      if (co_await create_set(environment, info, in.manifest(), in.image())) break;
      continue;
    }
    if (is_deleting(*set)) throw std::runtime_error("StatefulSet " + key.name + " is not gone yet");
    if (controller_of(*set) != controller_of(manifest)) {
      throw Refused("name_taken", "StatefulSet " + key.space + "/" + key.name +
                                      " does not belong to the MySQL any more");
    }
    if (co_await patch_image(environment, info, std::move(*set), in.image())) break;
  }
  co_return Done{};
}

asio::awaitable<Done> await_adoption(const Environment& environment, AttemptInfo,
                                     mysql::AwaitAdoption in) {
  const Key key{in.database().space(), in.pod()};
  for (;;) {
    const auto pod = co_await find(environment, kinds::pod, key);
    if (!pod || uid_of(*pod) != in.pod_uid()) {
      throw Refused("gone", "pod " + key.space + "/" + key.name +
                                " was replaced by somebody else during the upgrade");
    }
    // A pod that somebody else has deleted is adopted by nobody, and need not be: it goes anyway.
    if (controller_of(*pod) == in.stateful_set().uid() || is_deleting(*pod)) co_return Done{};
    co_await wait_on(environment, in.deadline_us(),
                     "the new StatefulSet " + key.space + "/" + in.stateful_set().name() +
                         " did not adopt pod " + key.name +
                         ": compare its selector with the "
                         "pod's labels, and see that kube-controller-manager runs");
  }
}

}  // namespace

void add_stateful_set_handlers(engine::Handlers& handlers, const Environment& environment) {
  handle(handlers, mysql::inspect_workload, environment, inspect);
  handle(handlers, mysql::change_image, environment, change, is_changed);
  handle(handlers, mysql::orphan_stateful_set, environment, orphan, is_orphaned);
  handle(handlers, mysql::create_stateful_set, environment, create, is_created);
  handle(handlers, mysql::restore_stateful_set, environment, restore, is_restored);
  handle(handlers, mysql::await_adoption, environment, await_adoption);
}

}  // namespace ratchet::k8s
