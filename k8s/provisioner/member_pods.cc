#include "k8s/provisioner/member_pods.h"

#include <algorithm>
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "k8s/api/certificates.h"
#include "k8s/api/member_sets.h"
#include "k8s/client/kinds.h"
#include "k8s/provisioner/certificate_care.h"
#include "k8s/provisioner/group_objects.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/pod_notes.h"
#include "k8s/provisioner/status.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

std::string role_name(Role role) {
  if (role == Role::none) return "";
  return role == Role::primary ? primary_role : standby_role;
}

// During an upgrade that replaces the StatefulSet there are two, and then pods that the former one
// has left. A pod that is still being seeded is no member yet.
struct MemberNames {
  std::vector<std::string> names;
  std::size_t seeding = 0;  // pods
};

bool is_seeding(const Json& pod) {
  const Json init = pod.at("spec").value("initContainers", Json::array());
  const bool seeded = std::any_of(init.begin(), init.end(), [](const Json& container) {
    return container.value("name", "") == api::seeding_container;
  });
  return seeded && condition_status(pod.value("status", Json::object()), "Initialized") != true;
}

bool is_left(const Json& pod) {
  for (const Json& owner : pod.at("metadata").value("ownerReferences", Json::array())) {
    if (owner.value("controller", false)) return false;
  }
  return true;
}

MemberNames member_names(const Database& database, std::vector<Json> sets, const Json& pods) {
  std::sort(sets.begin(), sets.end(), [](const Json& a, const Json& b) {
    const std::string first = metadata_text(a, "name"), second = metadata_text(b, "name");
    return std::pair(first.size(), first) < std::pair(second.size(), second);
  });
  MemberNames found;
  std::set<std::string> there, seeding;
  for (const Json& pod : pods) {
    const std::string name = metadata_text(pod, "name");
    there.insert(name);
    if (is_seeding(pod)) seeding.insert(name);
    const bool left =
        database.is_cluster() && is_left(pod) && api::member_number(database.name, name);
    if (left) found.names.push_back(name);
  }
  for (const Json& set : sets) {
    const bool only = sets.size() == 1;
    // Whoever has it paused scales the set, and then says so in the spec.
    const bool by_spec = only && !database.paused_since;
    const int scaled = set.at("spec").value("replicas", database.replicas);
    // A replica that acknowledges is one until it has given up its vote.
    const int wanted = database.semi_sync ? std::max(database.replicas, scaled) : database.replicas;
    const int replicas = by_spec ? wanted : scaled;
    for (int i = 0; i < replicas; ++i) {
      const std::string name = metadata_text(set, "name") + "-" + std::to_string(i);
      const bool to_come = !only && &set != &sets.front() && !there.contains(name);
      // One that the set has not adopted yet is left, too, and is one member all the same.
      const bool known = std::ranges::find(found.names, name) != found.names.end();
      if (!to_come && !known && !seeding.contains(name)) found.names.push_back(name);
    }
  }
  found.seeding = seeding.size();
  return found;
}

// The object of that name in a list; null if there is none.
Json named(const Json& list, const std::string& name) {
  for (const Json& object : list.at("items")) {
    if (metadata_text(object, "name") == name) return object;
  }
  return {};
}

}  // namespace

asio::awaitable<bool> MemberPods::gather() {
  Reply sets, root, replication, pods, claims;
  co_await for_each(3, [&](std::size_t part) {
    return part == 0   ? read_all(kinds::stateful_set, sets)
           : part == 1 ? read_secret(database_.auth_secret, root)
                       : read_secret(replication_secret_name(database_), replication);
  });
  std::vector<Json> ours;
  for (const Json& set : sets.body.value("items", Json::array())) {
    if (!controlled_by(set, database_.uid)) continue;
    sets_.insert(metadata_text(set, "name"));
    ours.push_back(set);
  }
  if (ours.empty() || !root.ok() || !replication.ok()) co_return false;
  user_ = secret_value(root.body, "username");
  password_ = secret_value(root.body, "password");
  replication_ = {secret_value(replication.body, "username"),
                  secret_value(replication.body, "password")};
  // After the sets: the pods of one that is gone by now have no controller any more.
  co_await for_each(2, [&](std::size_t part) {
    return part == 0 ? read_all(kinds::pod, pods)
                     : read_all(kinds::persistent_volume_claim, claims);
  });
  for (const Json& pod : pods.body.at("items")) {
    sets_.insert(api::set_of(metadata_text(pod, "name")));
  }
  const MemberNames members = member_names(database_, std::move(ours), pods.body.at("items"));
  pods_ = pods.body.at("items").size() - members.seeding;
  for (const std::string& name : members.names) {
    Json pod = named(pods.body, name);
    std::optional<std::string> authority = co_await find_authority(pod);
    if (authority && authority->empty()) co_return false;
    add(name, std::move(pod), named(claims.body, "data-" + name), std::move(authority));
  }
  note_scaled_away(claims.body.at("items"), pods.body);
  co_return true;
}

// One without a pod: whoever is still being seeded gets what the others have by then.
void MemberPods::note_scaled_away(const Json& claims, const Json& pods) {
  const std::string prefix = "data-";
  for (const Json& claim : claims) {
    const std::string name = metadata_text(claim, "name");
    if (!name.starts_with(prefix)) continue;
    const std::string pod = name.substr(prefix.size());
    const bool ours = api::member_number(database_.name, pod) && sets_.contains(api::set_of(pod));
    const bool away = index_of(pod) == size() && named(pods, pod).is_null();
    if (ours && away) scaled_away_.push_back(pod);
  }
}

asio::awaitable<void> MemberPods::read_all(Resource kind, Reply& into) {
  ListOptions options;
  options.label_selector = selector_text(database_.name);
  into = co_await context_.client.list(std::move(kind), database_.space, std::move(options));
}

asio::awaitable<void> MemberPods::read_secret(std::string name, Reply& into) {
  into = co_await context_.client.get(kinds::secret, {database_.space, std::move(name)});
}

// Members have one in common, as a rule.
asio::awaitable<std::optional<std::string>> MemberPods::find_authority(Json pod) {
  const std::string secret = api::server_secret_of(pod);
  if (const auto known = authorities_.find(secret); known != authorities_.end()) {
    co_return known->second;
  }
  const auto found = co_await authority_of(context_, database_.space, std::move(pod));
  if (found) authorities_[secret] = *found;
  co_return found;
}

void MemberPods::add(std::string name, Json pod, Json claim, std::optional<std::string> authority) {
  MemberPod node;
  node.name = std::move(name);
  node.pod = pod.is_null() ? std::move(pod) : typed(kinds::pod, std::move(pod));
  node.claim = std::move(claim);
  node.target.pod = node.name;
  node.target.host = pod_ip(node.pod);
  node.target.user = user_;
  node.target.password = password_;
  node.target.authority = std::move(authority);
  node.target.certificate = noted_certificate(node.claim, node.target);
  nodes_.push_back(std::move(node));
}

std::size_t MemberPods::index_of(const std::string& pod) const {
  const auto found = std::find_if(nodes_.begin(), nodes_.end(),
                                  [&](const MemberPod& node) { return node.name == pod; });
  return static_cast<std::size_t>(found - nodes_.begin());
}

asio::awaitable<void> MemberPods::mark(std::vector<Role> roles, std::vector<bool> serving,
                                       bool known, std::vector<bool> keeps) {
  for (const bool primary : {false, true}) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if ((roles[i] == Role::primary) != primary) continue;
      const bool keep = i < keeps.size() && keeps[i];
      const auto gate = keep ? std::nullopt : std::optional<bool>(serving[i]);
      co_await mark_one(i, roles[i], gate, known);
    }
  }
}

asio::awaitable<void> MemberPods::mark_one(std::size_t i, Role role, std::optional<bool> gate,
                                           bool known) {
  Json pod = nodes_[i].pod;
  if (pod.is_null()) co_return;
  const std::string was = pod.at("metadata").value("labels", Json::object()).value(role_label, "");
  const std::string is = role_name(role);
  if (known && is != was) {
    const Reply marked = co_await context_.client.merge_patch(
        kinds::pod, {database_.space, nodes_[i].name},
        {{"metadata",
          {{"resourceVersion", metadata_text(pod, "resourceVersion")},
           {"labels", {{role_label, is.empty() ? Json() : Json(is)}}}}}});
    if (!marked.ok()) co_return;
    spdlog::info("MySQL {}: {} is {}", database_.path(), nodes_[i].name,
                 is.empty() ? "no member" : is);
    pod = marked.body;
  }
  if (gate) co_await set_gate(context_, std::move(pod), *gate);
}

asio::awaitable<void> MemberPods::note_on_claim(std::size_t i, std::string version) {
  if (nodes_[i].claim.is_null()) co_return;
  const bool vouched = nodes_[i].target.authority.has_value();
  co_await provisioner::note_on_claim(context_, nodes_[i].claim, nodes_[i].certificate, vouched,
                                      std::move(version));
}

asio::awaitable<bool> MemberPods::tell(std::size_t i, std::string what,
                                       std::vector<std::string> statements, Duration limit) {
  // Asked for first: where nothing may be told (quiet_checks.h) that throws, and is not logged.
  auto telling = context_.group.tell(nodes_[i].target, std::move(statements), limit);
  spdlog::info("MySQL {}: {} {}", database_.path(), nodes_[i].name, what);
  const auto failure = co_await std::move(telling);
  if (failure) spdlog::info("MySQL {}: {}: {}", database_.path(), nodes_[i].name, *failure);
  co_return !failure;
}

asio::awaitable<void> for_each(std::size_t n,
                               std::function<asio::awaitable<void>(std::size_t)> part) {
  const auto executor = co_await asio::this_coro::executor;
  using Operation = decltype(asio::co_spawn(executor, part(0), asio::deferred));
  std::vector<Operation> operations;
  operations.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    operations.push_back(asio::co_spawn(executor, part(i), asio::deferred));
  }
  if (operations.empty()) co_return;
  const auto [order, failures] =
      co_await asio::experimental::make_parallel_group(std::move(operations))
          .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

asio::awaitable<void> change_annotations(Context& context, const Database& database, Json values) {
  if (values.empty()) co_return;
  const Reply live = co_await context.client.get(kinds::mysql, {database.space, database.name});
  if (!live.ok() || metadata_text(live.body, "uid") != database.uid) co_return;
  for (const auto& [name, value] : values.items()) {
    // Changed meanwhile: that is another decision.
    if (annotation(live.body, name.c_str()) != annotation(database.object, name.c_str())) co_return;
  }
  co_await context.client.merge_patch(
      kinds::mysql, {database.space, database.name},
      {{"metadata",
        {{"resourceVersion", metadata_text(live.body, "resourceVersion")},
         {"annotations", std::move(values)}}}});
}

void tell_news(Json& status, const Database& database, const ClusterNews& news,
               const std::string& now) {
  set_condition(status, accepting_connection(database, news.error), now);
  set_condition(status, server_ready(database, !news.error && news.complete), now);
  if (news.message.empty()) {
    remove_condition(status, group_condition);
  } else {
    set_condition(status, group_incomplete(news.reason, news.message), now);
  }
  settle_provisioned(status, database, now);
}

}  // namespace ratchet::k8s::provisioner
