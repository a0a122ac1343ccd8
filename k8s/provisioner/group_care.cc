#include "k8s/provisioner/group_care.h"

#include <algorithm>
#include <utility>

#include "k8s/api/member_sets.h"
#include "k8s/client/kinds.h"
#include "k8s/provisioner/full_disk.h"
#include "k8s/provisioner/group_objects.h"
#include "k8s/provisioner/group_statements.h"
#include "k8s/provisioner/json_shape.h"

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
    case Action::Kind::open:
      return "takes writes again, as its fence has expired";
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

// The pod whose fence was to end before `now`; empty if there is none such.
std::string expired_fence(const std::string& fence, const std::string& now) {
  const std::size_t slash = fence.find('/');
  if (slash == std::string::npos) return fence;
  const std::string until = fence.substr(slash + 1);
  const bool is_time = until.size() == now.size() && until.ends_with('Z');
  return is_time && now < until ? "" : fence.substr(0, slash);
}

bool is_alive(const Seen& seen) {
  return seen.state == MemberState::online || seen.state == MemberState::recovering;
}

}  // namespace

asio::awaitable<void> GroupCare::run() {
  if (!co_await pods_.gather()) co_return;
  describe();
  co_await for_each(pods_.size(), [this](std::size_t i) { return look_at(i); });
  plan_ = plan_group(situation_);
  // Without a group nobody knows better than the labels say.
  co_await pods_.mark(plan_.roles, plan_.serving, plan_.has_group);
  co_await note_claims();
  co_await for_each(plan_.actions.size(),
                    [this](std::size_t i) { return carry_out(plan_.actions[i]); });
  co_await tell_status();
  co_await forget_decisions();
}

void GroupCare::describe() {
  situation_.account = account_mark(pods_.replication());
  const std::string claim = annotation(database_.object, bootstrap_annotation);
  situation_.claimed_by = claim.substr(0, claim.find('/'));
  situation_.approved_bootstrap = annotation(database_.object, approve_bootstrap_annotation);
  situation_.approved_clone = annotation(database_.object, approve_clone_annotation);
  situation_.fenced = expired_fence(annotation(database_.object, fence_annotation), context_.now());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < pods_.size(); ++i) {
    const std::string& pod = names.emplace_back(pods_.at(i).name);
    const auto number = api::member_number(database_.name, pod);
    const unsigned server_id = number ? number->server_id() : static_cast<unsigned>(i) + 1;
    situation_.members.push_back({.pod = pod, .server_id = server_id});
  }
  situation_.formed_without =
      read_formed_without(annotation(database_.object, formed_without_annotation), names);
  situation_.scaled_away = pods_.scaled_away();
}

asio::awaitable<void> GroupCare::look_at(std::size_t i) {
  Member& member = situation_.members[i];
  co_await pods_.look_at(i, context_.group.look, member);
  // Whoever is about to go is taken in no more.
  if (!member.seen || is_alive(*member.seen) || !pods_.at(i).is_leaving()) co_return;
  member.seen.reset();
  member.why_not = "the pod is being deleted";
}

asio::awaitable<void> GroupCare::note_claims() {
  for (std::size_t i = 0; i < pods_.size(); ++i) {
    const auto& seen = situation_.members[i].seen;
    if (seen) co_await pods_.note_on_claim(i, seen->version);
  }
}

asio::awaitable<void> GroupCare::carry_out(Action action) {
  if (action.kind == Action::Kind::bootstrap && !co_await claim_bootstrap(action.pod)) co_return;
  const std::size_t i = pods_.index_of(action.pod);
  const std::string donor = action.donor.empty() ? "" : member_host(database_, action.donor);
  const bool done = co_await pods_.tell(
      i, word(action.kind), statements(action, situation_.members[i], pods_.replication(), donor),
      limit_of(action.kind));
  if (!done) co_return;
  if (action.kind == Action::Kind::open) {
    opened_ = true;
    context_.emit(database_.object,
                  {true, "FenceLifted",
                   action.pod + " takes writes again: its fence expired, and nobody else became " +
                       "the primary"});
  }
  if (action.kind != Action::Kind::bootstrap) co_return;
  context_.emit(database_.object, {false, "Successful", action.pod + " formed the group"});
}

// Only on the MySQL as it was before the members were looked at: whoever else is at it has changed
// it, or finds it changed.
asio::awaitable<bool> GroupCare::claim_bootstrap(std::string pod) {
  const std::string uid = metadata_text(pods_.at(pods_.index_of(pod)).pod, "uid");
  Json annotations = {{bootstrap_annotation, pod + "/" + uid}};
  // Before it is formed: afterwards nobody could say what from.
  if (!plan_.formed_without.empty()) {
    annotations[formed_without_annotation] = text_of(plan_.formed_without);
  }
  const Reply reply = co_await context_.client.merge_patch(
      kinds::mysql, {database_.space, database_.name},
      {{"metadata",
        {{"resourceVersion", metadata_text(database_.object, "resourceVersion")},
         {"annotations", std::move(annotations)}}}});
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
  // Where the group is formed the claim says it.
  const bool decided = plan_.has_group || plan_.split;
  if (decided && plan_.formed_without != situation_.formed_without) {
    const std::string left = text_of(plan_.formed_without);
    over[formed_without_annotation] = left.empty() ? Json() : Json(left);
  }
  const std::string cloned =
      situation_.approved_clone.substr(0, situation_.approved_clone.find('/'));
  const std::size_t i = pods_.index_of(cloned);
  if (i < pods_.size() && plan_.roles[i] != Role::none) over[approve_clone_annotation] = nullptr;
  if (is_fence_over()) over[fence_annotation] = nullptr;
  co_await change_annotations(context_, database_, std::move(over));
}

// Opened; or another is the primary by now.
bool GroupCare::is_fence_over() const {
  if (situation_.fenced.empty() || !plan_.has_group) return false;
  const auto primary = std::find(plan_.roles.begin(), plan_.roles.end(), Role::primary);
  if (primary == plan_.roles.end()) return false;
  const auto i = static_cast<std::size_t>(primary - plan_.roles.begin());
  return opened_ || situation_.members[i].pod != situation_.fenced;
}

asio::awaitable<void> GroupCare::tell_status() {
  ClusterNews news;
  news.reason = plan_.reason;
  news.message = plan_.message;
  const auto primary = std::find(plan_.roles.begin(), plan_.roles.end(), Role::primary);
  if (primary == plan_.roles.end()) {
    news.error = plan_.message.empty() ? "the group has no primary" : plan_.message;
  } else if (!plan_.serving[static_cast<std::size_t>(primary - plan_.roles.begin())]) {
    news.error = "the primary is not reached";
  }
  news.complete =
      pods_.are_as_many_as_wanted() &&
      std::all_of(plan_.serving.begin(), plan_.serving.end(), [](bool serving) { return serving; });
  const std::string now = context_.now();
  co_await write_health(context_, database_, sight_of_disks(situation_.members), now,
                        [&](Json& status) { tell_news(status, database_, news, now); });
}

}  // namespace ratchet::k8s::provisioner
