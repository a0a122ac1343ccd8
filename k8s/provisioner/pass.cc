#include "k8s/provisioner/pass.h"

#include <utility>

#include "k8s/api/database_defaults.h"
#include "k8s/client/kinds.h"
#include "k8s/provisioner/group_objects.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/kubedb.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/reconcile.h"
#include "k8s/provisioner/semi_sync_objects.h"
#include "k8s/provisioner/status.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;
using std::chrono::steady_clock;

asio::awaitable<std::optional<Duration>> Reconciler::reconcile(std::string key) {
  const Reply found = co_await context_.client.get(kinds::mysql, object_key(key));
  if (!found.ok()) {
    doubts_.erase(key);
    co_return std::nullopt;
  }
  Pass pass(context_, doubts_, read_database(api::with_defaults(found.body, "")));
  co_return co_await pass.run();
}

asio::awaitable<std::optional<Duration>> Pass::run() {
  const MaybeStop step = co_await go_where_allowed();
  if (!step) co_return std::nullopt;
  if (!step->refusal) co_return step->again;
  co_await report(*step->refusal);
  co_return context_.options.refused_period;
}

asio::awaitable<MaybeStop> Pass::go() {
  const MaybeStop lookup = co_await find_set();
  if (auto refusal = co_await left_to_kubedb(context_, database(), set_))
    co_return Stop{std::move(refusal)};
  if (database().deleting) co_return co_await remove_all();
  if (database().paused_since) {
    if (!lookup) co_await observe();  // an upgrade may have two sets for a while
    co_return co_await drain();
  }
  if (lookup) co_return lookup;
  if (MaybeStop stop = co_await undrain()) co_return stop;
  if (database().halted) {
    if (auto refusal = refuse_halt(database())) co_return Stop{std::move(refusal)};
    co_return co_await halt();
  }
  if (MaybeStop stop = co_await admit()) co_return stop;
  if (MaybeStop stop = co_await check_storage_class()) co_return stop;
  if (MaybeStop stop = co_await find_init_script()) co_return stop;
  if (MaybeStop stop = co_await check_config_secret()) co_return stop;
  if (MaybeStop stop = co_await begin()) co_return stop;
  if (MaybeStop stop = co_await provision()) co_return stop;
  co_await observe();
  if (MaybeStop stop = co_await clear_former_sets()) co_return stop;
  if (MaybeStop stop = co_await finish()) co_return stop;
  if (held_) co_return Stop{held_};
  co_return std::nullopt;
}

asio::awaitable<MaybeStop> Pass::drain() {
  const std::string key = queue_key(database().space, database().name);
  if (const auto doubt = doubts_.find(key); doubt != doubts_.end()) {
    const auto now = steady_clock::now();
    if (now < doubt->second) co_return Stop{.refusal = {}, .again = doubt->second - now};
    doubts_.erase(doubt);
  }
  if (annotation(database().object, drained_annotation) == *database().paused_since) {
    co_return std::nullopt;
  }
  const Reply reply = co_await context_.client.merge_patch(
      kinds::mysql, {database().space, database().name},
      {{"metadata",
        {{"resourceVersion", metadata_text(database().object, "resourceVersion")},
         {"annotations", {{drained_annotation, *database().paused_since}}}}}});
  if (!reply.ok()) co_return Stop{};
  co_return std::nullopt;
}

asio::awaitable<MaybeStop> Pass::undrain() {
  if (annotation(database().object, drained_annotation).empty()) co_return std::nullopt;
  co_return co_await guarded_.patch_mysql(
      {{"metadata", {{"annotations", {{drained_annotation, nullptr}}}}}});
}

asio::awaitable<MaybeStop> Pass::find_set() {
  ListOptions options;
  options.label_selector = selector_text(database().name);
  const Reply list = co_await context_.client.list(kinds::stateful_set, database().space, options);
  for (const Json& set : list.body.value("items", Json::array())) {
    if (!controlled_by(set, database().uid)) continue;
    if (!set_.is_null()) {
      co_return Stop{Refusal{"AmbiguousStatefulSet",
                             "more then one StatefulSet found for MySQL " + database().path()}};
    }
    set_ = typed(kinds::stateful_set, set);
  }
  co_return std::nullopt;
}

asio::awaitable<MaybeStop> Pass::admit() {
  if (api::names_version(database().object)) {
    const Reply found =
        co_await context_.client.get(kinds::mysql_version, {"", database().version});
    if (found.ok()) entry_ = found.body;
  }
  if (auto refusal = refuse(database(), entry_, !set_.is_null()))
    co_return Stop{std::move(refusal)};
  if (auto refusal = refuse_change(database(), set_)) co_return Stop{std::move(refusal)};
  try {
    // Everything is built once before anything is made: a template that cannot be read shows here.
    stateful_set(database(), entry_, database().name);
    primary_service(database());
  } catch (const Json::exception& error) {
    co_return Stop{Refusal{"MalformedSpec",
                           std::string("the spec has a field of the wrong type: ") + error.what()}};
  }
  co_return std::nullopt;
}

asio::awaitable<MaybeStop> Pass::begin() {
  if (!has_finalizer(database().object, finalizer)) {
    Json names = database().object["metadata"].value("finalizers", Json::array());
    names.push_back(finalizer);
    if (MaybeStop stop = co_await guarded_.patch_mysql({{"metadata", {{"finalizers", names}}}})) {
      co_return stop;
    }
  }
  const std::string now = context_.now();
  co_await write_status(context_, database(), [&](Json& status) {
    remove_condition(status, "Halted");
    if (!condition_status(status, "ProvisioningStarted")) {
      set_condition(status, provisioning_started(database()), now);
    }
  });
  co_return std::nullopt;
}

asio::awaitable<MaybeStop> Pass::provision() {
  if (MaybeStop stop = co_await choose_set_name()) co_return stop;
  if (MaybeStop stop = co_await choose_group_name()) co_return stop;
  if (MaybeStop stop = co_await ensure_access()) co_return stop;
  if (MaybeStop stop = co_await guarded_.ensure(kinds::service, governing_service(database()),
                                                "Successfully created governing service")) {
    co_return stop;
  }
  if (MaybeStop stop =
          co_await guarded_.ensure(kinds::service, primary_service(database()),
                                   "Successfully created service for primary/standalone")) {
    co_return stop;
  }
  if (MaybeStop stop = co_await ensure_cluster_objects()) co_return stop;
  if (MaybeStop stop = co_await ensure_secret()) co_return stop;
  if (MaybeStop stop = co_await ensure_certificates()) co_return stop;
  if (MaybeStop stop = co_await ensure_set()) co_return stop;
  if (MaybeStop stop = co_await guarded_.ensure(kinds::pod_disruption_budget,
                                                disruption_budget(database(), set_), "")) {
    co_return stop;
  }
  co_return co_await ensure_app_binding();
}

// Only in clusters that know the kind: elsewhere it cannot even be listed.
asio::awaitable<MaybeStop> Pass::ensure_app_binding() {
  ListOptions options;
  options.label_selector = selector_text(database().name);
  const Reply known = co_await context_.client.list(kinds::app_binding, database().space, options);
  if (!known.ok()) co_return std::nullopt;
  co_return co_await guarded_.ensure(kinds::app_binding,
                                     app_binding(database(), entry_, authority_),
                                     "Successfully created appbinding");
}

// The name is written into the MySQL before anything is made from it. The object's UID is as random
// as any other, and the same in every pass.
asio::awaitable<MaybeStop> Pass::choose_group_name() {
  if (!database().group || !database().group->name.empty()) co_return std::nullopt;
  if (MaybeStop stop = co_await guarded_.patch_mysql(
          {{"spec", {{"topology", {{"group", {{"name", database().uid}}}}}}}})) {
    co_return stop;
  }
  co_return Stop{};
}

asio::awaitable<MaybeStop> Pass::ensure_cluster_objects() {
  if (!database().is_cluster()) co_return std::nullopt;
  if (MaybeStop stop =
          co_await guarded_.ensure(kinds::service, standby_service(database()),
                                   "Successfully created service for secondary replicas")) {
    co_return stop;
  }
  if (MaybeStop stop =
          co_await guarded_.ensure(kinds::config_map, companion_config(database()), "")) {
    co_return stop;
  }
  const Reply found = co_await context_.client.get(
      kinds::secret, {database().space, replication_secret_name(database())});
  if (found.ok() && controlled_by(found.body, database().uid)) co_return std::nullopt;
  co_return co_await guarded_.ensure(kinds::secret,
                                     replication_secret(database(), generate_password()), "");
}

// An account that the user brought along keeps the rights that the user gave it.
asio::awaitable<MaybeStop> Pass::ensure_access() {
  const Json account = service_account(database());
  const Reply found = co_await context_.client.get(
      kinds::service_account, {database().space, metadata_text(account, "name")});
  if (found.ok() && !controlled_by(found.body, database().uid)) co_return std::nullopt;
  if (MaybeStop stop = co_await guarded_.ensure(kinds::service_account, account, ""))
    co_return stop;
  if (MaybeStop stop = co_await guarded_.ensure(kinds::role, role(database()), "")) co_return stop;
  co_return co_await guarded_.ensure(kinds::role_binding, role_binding(database()), "");
}

asio::awaitable<MaybeStop> Pass::create_set(Json wanted) {
  for (int ordinal = 0; ordinal < database().replicas; ++ordinal) {
    const std::string claim = claim_name(metadata_text(wanted, "name"), ordinal);
    if (MaybeStop stop = co_await check_data(claim)) co_return stop;
  }
  const std::string name = metadata_text(wanted, "name");
  if (MaybeStop stop = co_await guarded_.ensure(kinds::stateful_set, std::move(wanted),
                                                "Successfully created StatefulSet")) {
    co_return stop;
  }
  context_.emit(database().object, {false, "Successful", "Successfully created MySQL"});
  const Reply made = co_await context_.client.get(kinds::stateful_set, {database().space, name});
  if (!made.ok()) co_return Stop{};
  set_ = made.body;
  co_return std::nullopt;
}

// The image of a set that exists is changed by requests only, so that an upgrade never happens as
// the side effect of an edit.
asio::awaitable<MaybeStop> Pass::ensure_set() {
  const std::string name = set_.is_null() ? database().set_name : metadata_text(set_, "name");
  Json wanted = stateful_set(database(), entry_, name);
  if (set_.is_null()) co_return co_await create_set(std::move(wanted));
  const std::string image = mysql_image(set_);
  if (const std::string asked = mysql_image(wanted); image != asked) {
    held_ = Refusal{"UpgradeNeedsRequest",
                    "spec.version " + database().version + " has image " + asked +
                        " but StatefulSet " + name + " has " + image +
                        "; editing spec.version does not upgrade: create a MySQLOpsRequest of "
                        "type UpdateVersion with targetVersion " +
                        database().version + ", or set spec.version back"};
    set_database_image(wanted, image);
  }
  if (const auto reason = still_counted_on(database(), set_)) {
    wanted["spec"]["replicas"] = set_.at("spec").at("replicas");
    if (!reason->empty()) held_ = Refusal{"MembersLeaving", *reason};
  }
  wanted["spec"].erase("volumeClaimTemplates");  // immutable
  if (covers(set_, wanted)) co_return std::nullopt;
  // The template is replaced as a whole, so that what the user has taken out of it goes.
  Json changed = overlay(set_, wanted);
  changed["spec"]["template"] = wanted["spec"]["template"];
  if (MaybeStop stop = co_await guarded_.update(kinds::stateful_set, std::move(changed))) {
    co_return stop;
  }
  context_.emit(database().object, {false, "Successful", "Successfully patched StatefulSet"});
  co_return std::nullopt;
}

asio::awaitable<void> Pass::observe() {
  const std::string now = context_.now();
  co_await write_status(context_, database(), [&](Json& status) {
    if (!set_.is_null()) {
      const int desired = set_.at("spec").value("replicas", 1);
      const int ready = set_.value("status", Json::object()).value("readyReplicas", 0);
      set_condition(status, replica_ready(database(), metadata_text(set_, "name"), desired, ready),
                    now);
    }
    settle_provisioned(status, database(), now);
    if (database().paused_since) return;
    status["observedGeneration"] = database().generation;
    if (!held_) remove_condition(status, accepted_condition);
  });
}

// The init scripts have run once the first provisioning is over.
asio::awaitable<MaybeStop> Pass::finish() {
  const Json& spec = database().spec();
  const Json status = database().object.value("status", Json::object());
  if (!spec.contains("init") || spec["init"].value("initialized", false)) co_return std::nullopt;
  if (condition_status(status, "Provisioned") != true) co_return std::nullopt;
  co_return co_await guarded_.patch_mysql({{"spec", {{"init", {{"initialized", true}}}}}});
}

asio::awaitable<void> Pass::report(Refusal refusal) {
  const std::string now = context_.now();
  const bool news = co_await write_status(context_, database(), [&](Json& status) {
    if (refusal.reason != run_by_kubedb) status["observedGeneration"] = database().generation;
    set_condition(status, refused(database(), refusal), now);
  });
  if (news) context_.emit(database().object, {true, "Invalid", refusal.message});
}

}  // namespace ratchet::k8s::provisioner
