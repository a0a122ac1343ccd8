// The end of a database: halting, and deletion by policy.
#include <utility>
#include <vector>

#include "k8s/api/certificates.h"
#include "k8s/client/kinds.h"
#include "k8s/provisioner/certificates.h"
#include "k8s/provisioner/group_objects.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/pass.h"
#include "k8s/provisioner/status.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

// The patch that makes the MySQL an owner of the object; null if it is one.
Json owner_patch(const Database& database, const Json& object) {
  const Json& metadata = object.at("metadata");
  Json owners = metadata.value("ownerReferences", Json::array());
  for (const Json& owner : owners) {
    if (owner.value("uid", "") == database.uid) return {};
  }
  Json owner = owner_reference(database);
  owner.erase("controller");
  owner.erase("blockOwnerDeletion");
  owners.push_back(std::move(owner));
  return {{"metadata",
           {{"resourceVersion", metadata_text(object, "resourceVersion")},
            {"ownerReferences", std::move(owners)}}}};
}

}  // namespace

// They would go on without anybody to look after them.
asio::awaitable<MaybeStop> Pass::refuse_left_pods() {
  const std::vector<Json> left = co_await left_pods();
  if (left.empty()) co_return std::nullopt;
  const std::string first = metadata_text(left.front(), "name");
  co_return Stop{Refusal{"UpgradeHalfMade",
                         "pod " + database().space + "/" + first +
                             " has no StatefulSet any more, as an upgrade was left half made; "
                             "before the database is halted, set spec.halted back and create a "
                             "MySQLOpsRequest that finishes it, or delete the pod"}};
}

// Everything goes but claims and secret; Halted is said once that is so.
asio::awaitable<MaybeStop> Pass::halt() {
  if (MaybeStop stop = co_await refuse_left_pods()) co_return stop;
  if (!set_.is_null()) {
    // Its budget goes with it, as the garbage collector sees the owner gone.
    if (MaybeStop stop =
            co_await guarded_.remove(kinds::stateful_set, metadata_text(set_, "name"))) {
      co_return stop;
    }
  }
  const std::pair<Resource, std::string> children[] = {
      {kinds::app_binding, database().name},
      {kinds::role_binding, database().name},
      {kinds::role, database().name},
      {kinds::service_account, metadata_text(service_account(database()), "name")},
      {kinds::service, database().name},
      {kinds::service, database().name + "-standby"},
      {kinds::config_map, companion_config_name(database())},
      {kinds::service, governing_service_name(database())}};
  for (const auto& [kind, name] : children) {
    if (MaybeStop stop = co_await guarded_.remove(kind, name)) co_return stop;
  }
  if (MaybeStop stop = co_await withdraw_certificates()) co_return stop;
  ListOptions options;
  options.label_selector = selector_text(database().name);
  const Reply pods = co_await context_.client.list(kinds::pod, database().space, options);
  if (!pods.body.at("items").empty()) {
    co_return Stop{.refusal = {}, .again = std::chrono::seconds(1)};
  }
  const std::string now = context_.now();
  co_await write_status(context_, database(), [&](Json& status) {
    set_condition(status, accepting_connection(database(), "the database is halted"), now);
    set_condition(status, server_ready(database(), false), now);
    set_condition(status, halted(database()), now);
    remove_condition(status, disk_condition);
    status["observedGeneration"] = database().generation;
  });
  co_return std::nullopt;
}

// Their secrets stay, and are those of the next ones.
asio::awaitable<MaybeStop> Pass::withdraw_certificates() {
  if (!database().tls) co_return std::nullopt;
  for (const char* alias : api::served_aliases) {
    const std::string name = certificate_name(database(), alias);
    if (MaybeStop stop = co_await guarded_.remove(kinds::certificate, name)) co_return stop;
  }
  co_return std::nullopt;
}

// The finalizer goes last: what Kubernetes then collects are the objects that we own, and those
// that were made ours here.
asio::awaitable<MaybeStop> Pass::remove_all() {
  if (!has_finalizer(database().object, finalizer)) co_return std::nullopt;
  if (database().policy == DeletionPolicy::do_not_terminate) {
    co_return Stop{Refusal{"DoNotTerminate", "mysql \"" + database().path() +
                                                 "\" can't be terminated. To delete, change "
                                                 "spec.deletionPolicy"}};
  }
  if (MaybeStop stop = co_await release_children()) co_return stop;
  Json rest = Json::array();
  for (const Json& name : database().object["metadata"]["finalizers"]) {
    if (name != finalizer) rest.push_back(name);
  }
  const Reply reply = co_await context_.client.merge_patch(
      kinds::mysql, {database().space, database().name},
      {{"metadata",
        {{"resourceVersion", metadata_text(database().object, "resourceVersion")},
         {"finalizers", rest}}}});
  if (reply.ok() || reply.not_found()) co_return std::nullopt;
  co_return Stop{};
}

// Those whose StatefulSet is there go with that. Not at any price: where the rest may go it does.
asio::awaitable<MaybeStop> Pass::release_pods() {
  for (const Json& pod : co_await left_pods()) {
    const Json patch = owner_patch(database(), pod);
    if (patch.is_null()) continue;
    const Key key{database().space, metadata_text(pod, "name")};
    const Reply reply = co_await context_.client.merge_patch(kinds::pod, key, patch);
    if (reply.conflict()) co_return Stop{};
  }
  co_return std::nullopt;
}

asio::awaitable<MaybeStop> Pass::release_children() {
  if (MaybeStop stop = co_await release_pods()) co_return stop;
  if (database().policy == DeletionPolicy::halt) co_return std::nullopt;
  ListOptions options;
  options.label_selector = selector_text(database().name);
  const Reply claims =
      co_await context_.client.list(kinds::persistent_volume_claim, database().space, options);
  for (const Json& claim : claims.body.at("items")) {
    if (MaybeStop stop = co_await set_owner(kinds::persistent_volume_claim, claim)) co_return stop;
  }
  if (database().policy != DeletionPolicy::wipe_out) co_return std::nullopt;
  std::vector<std::string> secrets;
  if (!co_await shares_secret()) secrets.push_back(database().auth_secret);
  if (database().tls) {
    for (const auto& [alias, name] : database().tls->secrets) secrets.push_back(name);
  }
  for (const std::string& name : secrets) {
    if (MaybeStop stop = co_await release_secret(name)) co_return stop;
  }
  co_return std::nullopt;
}

// Where secrets may not be read any more it stays: the bindings that let us go first, as a rule,
// when a namespace is deleted, and it goes with that.
asio::awaitable<MaybeStop> Pass::release_secret(std::string name) {
  try {
    co_return co_await release_readable_secret(name);
  } catch (const ApiError& error) {
    if (error.code() != 403) throw;
    context_.emit(database().object, {true, "SecretLeft",
                                      "secret " + name +
                                          " stays, as the API server forbids what "
                                          "makes it go with the MySQL: " +
                                          error.what()});
  }
  co_return std::nullopt;
}

// One that the user brought along has not our labels, and stays.
asio::awaitable<MaybeStop> Pass::release_readable_secret(std::string name) {
  const Reply secret = co_await context_.client.get(kinds::secret, {database().space, name});
  if (!secret.ok()) co_return std::nullopt;
  const bool made_for_us = covers(secret.body.at("metadata").value("labels", Json::object()),
                                  Json(selector_labels(database().name)));
  if (!made_for_us) co_return std::nullopt;
  co_return co_await set_owner(kinds::secret, secret.body);
}

asio::awaitable<bool> Pass::shares_secret() {
  const Reply all = co_await context_.client.list(kinds::mysql, database().space, {});
  for (const Json& other : all.body.at("items")) {
    if (metadata_text(other, "uid") == database().uid) continue;
    const Json secret = other.value("spec", Json::object()).value("authSecret", Json::object());
    if (secret.value("name", "") == database().auth_secret) co_return true;
  }
  co_return false;
}

// Makes the object go with the MySQL.
asio::awaitable<MaybeStop> Pass::set_owner(Resource kind, Json object) {
  const Json patch = owner_patch(database(), object);
  if (patch.is_null()) co_return std::nullopt;
  const Reply reply = co_await context_.client.merge_patch(
      kind, {database().space, metadata_text(object, "name")}, patch);
  if (reply.ok() || reply.not_found()) co_return std::nullopt;
  co_return Stop{};
}

}  // namespace ratchet::k8s::provisioner
