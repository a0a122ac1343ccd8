#include "k8s/provisioner/group_care.h"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "k8s/client/kinds.h"
#include "k8s/provisioner/group_objects.h"
#include "k8s/provisioner/guarded.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/pod_notes.h"
#include "k8s/provisioner/status.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

const char* word(Action::Kind kind) {
  switch (kind) {
    case Action::Kind::configure:
      return "is made ready for the group";
    case Action::Kind::bootstrap:
      return "forms the group";
    case Action::Kind::join:
      return "joins the group";
    case Action::Kind::rejoin:
      return "leaves and joins the group again";
    case Action::Kind::leave:
      return "leaves what is left of the group";
    case Action::Kind::clone:
      return "gets a copy of the group's data";
  }
  return "";
}

// Joining and copying take as long as they take and show in the next look; forming is waited for,
// as nothing else can be done meanwhile.
Duration limit_of(Action::Kind kind) {
  if (kind == Action::Kind::bootstrap) return std::chrono::seconds(30);
  if (kind == Action::Kind::configure) return std::chrono::seconds(5);
  return std::chrono::seconds(2);
}

const char* role_name(Role role) { return role == Role::primary ? primary_role : standby_role; }

// The object of that name in a list; null if there is none.
Json named(const Json& list, const std::string& name) {
  for (const Json& object : list.at("items")) {
    if (metadata_text(object, "name") == name) return object;
  }
  return {};
}

bool is_alive(const Seen& seen) {
  return seen.state == MemberState::online || seen.state == MemberState::recovering;
}

}  // namespace

asio::awaitable<void> GroupCare::run() {
  if (!co_await gather()) co_return;
  co_await for_each(nodes_.size(), [this](std::size_t i) { return look_at(i); });
  plan_ = plan_group(situation_);
  co_await mark_pods();
  co_await note_claims();
  co_await for_each(plan_.actions.size(),
                    [this](std::size_t i) { return carry_out(plan_.actions[i]); });
  co_await tell_status();
  co_await forget_decisions();
}

asio::awaitable<void> GroupCare::for_each(std::size_t n,
                                          std::function<asio::awaitable<void>(std::size_t)> part) {
  const auto executor = co_await asio::this_coro::executor;
  using Operation = decltype(asio::co_spawn(executor, part(0), asio::deferred));
  std::vector<Operation> operations;
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

asio::awaitable<bool> GroupCare::gather() {
  ListOptions options;
  options.label_selector = selector_text(database_.name);
  const Reply sets = co_await context_.client.list(kinds::stateful_set, database_.space, options);
  for (const Json& set : sets.body.value("items", Json::array())) {
    if (controlled_by(set, database_.uid)) set_ = metadata_text(set, "name");
  }
  const Reply root =
      co_await context_.client.get(kinds::secret, {database_.space, database_.auth_secret});
  const Reply replication = co_await context_.client.get(
      kinds::secret, {database_.space, replication_secret_name(database_)});
  if (set_.empty() || !root.ok() || !replication.ok()) co_return false;
  user_ = secret_value(root.body, "username");
  password_ = secret_value(root.body, "password");
  replication_ = {secret_value(replication.body, "username"),
                  secret_value(replication.body, "password")};
  situation_.account = account_mark(replication_);
  const std::string claim = annotation(database_.object, bootstrap_annotation);
  situation_.claimed_by = claim.substr(0, claim.find('/'));
  situation_.approved_bootstrap = annotation(database_.object, approve_bootstrap_annotation);
  situation_.approved_clone = annotation(database_.object, approve_clone_annotation);
  const Reply pods = co_await context_.client.list(kinds::pod, database_.space, options);
  const Reply claims =
      co_await context_.client.list(kinds::persistent_volume_claim, database_.space, options);
  pods_ = pods.body.at("items").size();
  for (int i = 0; i < database_.replicas; ++i) {
    add_node(i, named(pods.body, set_ + "-" + std::to_string(i)),
             named(claims.body, claim_name(set_, i)));
  }
  co_return true;
}

void GroupCare::add_node(int ordinal, Json pod, Json claim) {
  Member member;
  member.pod = set_ + "-" + std::to_string(ordinal);
  member.server_id = static_cast<unsigned>(ordinal) + 1;
  Node node;
  node.pod = pod.is_null() ? std::move(pod) : typed(kinds::pod, std::move(pod));
  node.claim = std::move(claim);
  node.target.pod = member.pod;
  node.target.host = pod_ip(node.pod);
  node.target.user = user_;
  node.target.password = password_;
  const std::string pin =
      node.claim.is_null() ? "" : annotation(node.claim, server_certificate_annotation);
  if (!pin.empty()) node.target.certificate = pin;
  nodes_.push_back(std::move(node));
  situation_.members.push_back(std::move(member));
}

asio::awaitable<void> GroupCare::look_at(std::size_t i) {
  Node& node = nodes_[i];
  Member& member = situation_.members[i];
  member.why_not = node.pod.is_null() ? "there is no such pod" : "the pod has no address yet";
  if (node.target.host.empty()) co_return;
  MemberReport report = co_await context_.group.look(node.target);
  member.seen = std::move(report.seen);
  member.why_not = std::move(report.why_not);
  node.certificate = std::move(report.certificate);
  // Whoever is about to go is taken in no more.
  if (!member.seen || is_alive(*member.seen)) co_return;
  if (!node.pod.at("metadata").contains("deletionTimestamp")) co_return;
  member.seen.reset();
  member.why_not = "the pod is being deleted";
}

// A pod ceases to be the primary before another becomes it.
asio::awaitable<void> GroupCare::mark_pods() {
  for (const bool primary : {false, true}) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if ((plan_.roles[i] == Role::primary) == primary) co_await mark_pod(i);
    }
  }
}

// Without a group nobody knows better than the labels say. A conflict is for the next look.
asio::awaitable<void> GroupCare::mark_pod(std::size_t i) {
  Json pod = nodes_[i].pod;
  if (pod.is_null()) co_return;
  const std::string was = pod.at("metadata").value("labels", Json::object()).value(role_label, "");
  const Role role = plan_.roles[i];
  const std::string is = role == Role::none ? "" : role_name(role);
  if (plan_.has_group && is != was) {
    const Reply marked = co_await context_.client.merge_patch(
        kinds::pod, {database_.space, metadata_text(pod, "name")},
        {{"metadata",
          {{"resourceVersion", metadata_text(pod, "resourceVersion")},
           {"labels", {{role_label, is.empty() ? Json() : Json(is)}}}}}});
    if (!marked.ok()) co_return;
    spdlog::info("MySQL {}: {} is {}", database_.path(), metadata_text(pod, "name"),
                 is.empty() ? "no member" : is);
    pod = marked.body;
  }
  co_await set_gate(context_, std::move(pod), plan_.serving[i]);
}

asio::awaitable<void> GroupCare::note_claims() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto& seen = situation_.members[i].seen;
    if (!seen || nodes_[i].claim.is_null()) continue;
    co_await note_on_claim(context_, nodes_[i].claim, nodes_[i].certificate, seen->version);
  }
}

std::size_t GroupCare::index_of(const std::string& pod) const {
  const auto found = std::find_if(situation_.members.begin(), situation_.members.end(),
                                  [&](const Member& member) { return member.pod == pod; });
  return static_cast<std::size_t>(found - situation_.members.begin());
}

asio::awaitable<void> GroupCare::carry_out(Action action) {
  if (action.kind == Action::Kind::bootstrap && !co_await claim_bootstrap(action.pod)) co_return;
  const std::size_t i = index_of(action.pod);
  const std::string donor = action.donor.empty() ? "" : member_host(database_, action.donor);
  spdlog::info("MySQL {}: {} {}", database_.path(), action.pod, word(action.kind));
  const auto failure = co_await context_.group.tell(
      nodes_[i].target, statements(action, situation_.members[i], replication_, donor),
      limit_of(action.kind));
  if (failure) spdlog::info("MySQL {}: {}: {}", database_.path(), action.pod, *failure);
  if (failure || action.kind != Action::Kind::bootstrap) co_return;
  context_.emit(database_.object, {false, "Successful", action.pod + " formed the group"});
}

// Only on the MySQL as it was before the members were looked at: whoever else is at it has changed
// it, or finds it changed.
asio::awaitable<bool> GroupCare::claim_bootstrap(std::string pod) {
  const std::string uid = metadata_text(nodes_[index_of(pod)].pod, "uid");
  const Reply reply = co_await context_.client.merge_patch(
      kinds::mysql, {database_.space, database_.name},
      {{"metadata",
        {{"resourceVersion", metadata_text(database_.object, "resourceVersion")},
         {"annotations", {{bootstrap_annotation, pod + "/" + uid}}}}}});
  co_return reply.ok();
}

// What was decided for a state that is over must not decide again.
asio::awaitable<void> GroupCare::forget_decisions() {
  Json over = Json::object();
  if (plan_.has_group) {
    for (const char* name : {bootstrap_annotation, approve_bootstrap_annotation}) {
      if (!annotation(database_.object, name).empty()) over[name] = nullptr;
    }
  }
  const std::string cloned =
      situation_.approved_clone.substr(0, situation_.approved_clone.find('/'));
  const std::size_t i = index_of(cloned);
  if (i < nodes_.size() && plan_.roles[i] != Role::none) over[approve_clone_annotation] = nullptr;
  if (over.empty()) co_return;
  const Reply live = co_await context_.client.get(kinds::mysql, {database_.space, database_.name});
  if (!live.ok() || metadata_text(live.body, "uid") != database_.uid) co_return;
  for (const auto& [name, value] : over.items()) {
    // Changed meanwhile: that is another decision.
    if (annotation(live.body, name.c_str()) != annotation(database_.object, name.c_str()))
      co_return;
  }
  co_await context_.client.merge_patch(
      kinds::mysql, {database_.space, database_.name},
      {{"metadata",
        {{"resourceVersion", metadata_text(live.body, "resourceVersion")},
         {"annotations", std::move(over)}}}});
}

asio::awaitable<void> GroupCare::tell_status() {
  std::optional<std::string> error;
  const auto primary = std::find(plan_.roles.begin(), plan_.roles.end(), Role::primary);
  if (primary == plan_.roles.end()) {
    error = plan_.message.empty() ? "the group has no primary" : plan_.message;
  } else if (!plan_.serving[static_cast<std::size_t>(primary - plan_.roles.begin())]) {
    error = "the primary is not reached";
  }
  const bool complete =
      pods_ == nodes_.size() &&
      std::all_of(plan_.serving.begin(), plan_.serving.end(), [](bool serving) { return serving; });
  const std::string now = context_.now();
  co_await write_status(context_, database_, [&](Json& status) {
    set_condition(status, accepting_connection(database_, error), now);
    set_condition(status, server_ready(database_, !error && complete), now);
    if (plan_.message.empty()) {
      remove_condition(status, group_condition);
    } else {
      set_condition(status, group_incomplete(plan_.reason, plan_.message), now);
    }
    settle_provisioned(status, database_, now);
  });
}

}  // namespace ratchet::k8s::provisioner
