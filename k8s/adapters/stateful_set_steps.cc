// The steps on the StatefulSet: inspect, change its image, replace it, put it back.
#include "k8s/adapters/adapters.h"
#include "k8s/adapters/objects.h"
#include "k8s/adapters/workload.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/ports.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using engine::AttemptInfo;
using mysql::Done;

namespace {

void refuse_several(const Json& set) {
  if (const auto replicas = set.value("/spec/replicas"_json_pointer, 1); replicas != 1) {
    throw Refused("not_one_replica", "StatefulSet " + text_at(set, "/metadata/namespace") + "/" +
                                         text_at(set, "/metadata/name") + " has " +
                                         std::to_string(replicas) +
                                         " replicas; a standalone database has one");
  }
}

// Whoever asks for another version, or a restart, does not ask for an empty database.
void refuse_ephemeral(const mysql::InspectWorkload& in, const mysql::Workload& workload) {
  if (!workload.claim().empty()) return;
  throw Refused("ephemeral_data", "the data of pod " + in.database().space() + "/" +
                                      workload.pod() +
                                      " is on ephemeral storage, which goes with the pod: there is "
                                      "no other copy, so the pod is not deleted. Dump it, and load "
                                      "it into a MySQL with storageType: Durable");
}

asio::awaitable<mysql::Workload> inspect(const Environment& environment, AttemptInfo,
                                         mysql::InspectWorkload in) {
  const Json set = co_await the_set(environment, in.database(), in.uid());
  refuse_several(set);
  mysql::Workload workload = workload_of(set);
  const auto pod = co_await live_pod(environment, set, 0);
  if (!pod) {
    throw std::runtime_error("pod " + in.database().space() + "/" + workload.stateful_set() +
                             "-0 is not there");
  }
  co_await add_pod(environment, *pod, workload);
  refuse_ephemeral(in, workload);
  co_return workload;
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
  const Json set = co_await the_same_set(environment, in);
  co_return bears_mark(set, info) && image_of(set) == in.image() ? std::optional(Done{})
                                                                 : std::nullopt;
}

asio::awaitable<Done> change(const Environment& environment, AttemptInfo info,
                             mysql::ChangeImage in) {
  while (!co_await is_changed(environment, info, in)) {
    Json set = co_await the_same_set(environment, in);
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

asio::awaitable<std::optional<mysql::StatefulSetRef>> is_created(const Environment& environment,
                                                                 AttemptInfo info,
                                                                 mysql::CreateStatefulSet in) {
  const std::string name = text_at(Json::parse(in.manifest()), "/metadata/name");
  const auto set =
      co_await find(environment, kinds::stateful_set, Key{in.database().space(), name});
  if (!set) co_return std::nullopt;
  if (bears_mark(*set, info)) co_return reference_to_set(*set);
  throw Refused("name_taken", "StatefulSet " + in.database().space() + "/" + name +
                                  " was created by somebody else meanwhile");
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
    if (set) co_return reference_to_set(*set);
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
      throw Refused(
          "gone", "pod " + key.space + "/" + key.name + " was replaced by somebody else meanwhile");
    }
    // A pod that somebody else has deleted is adopted by nobody, and need not be: it goes anyway.
    if (controller_of(*pod) == in.stateful_set().uid() || is_deleting(*pod)) co_return Done{};
    co_await expect_database(environment, in.database());
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
  add_scaling_handlers(handlers, environment);
}

}  // namespace ratchet::k8s
