#include "workflows/mysql/group_inputs.h"

#include <algorithm>

#include "workflows/mysql/image_id.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql {

namespace {

constexpr std::int64_t longest_hand_over_us = 60'000'000;

const GroupMember* primary_of(const GroupState& group) {
  const auto found = std::ranges::find_if(group.members(), &GroupMember::primary);
  return found == group.members().end() ? nullptr : &*found;
}

}  // namespace

InspectGroup the_group(const Upgrade& upgrade) {
  InspectGroup in;
  *in.mutable_database() = upgrade.request.database();
  in.set_uid(upgrade.database.uid());
  in.set_auth_secret(upgrade.database.auth_secret());
  in.set_semi_sync(upgrade.database.topology() == semi_sync);
  return in;
}

InspectGroup the_whole_group(const Upgrade& upgrade, engine::Time now) {
  InspectGroup in = the_group(upgrade);
  in.set_deadline_us(deadline(upgrade, now));
  return in;
}

InspectGroup the_others(const Upgrade& upgrade, const Workload& workload, engine::Time now) {
  InspectGroup in = the_whole_group(upgrade, now);
  in.set_without(workload.pod());
  return in;
}

FindPods pods_as_the_set(const Upgrade& upgrade, const Workload& workload) {
  FindPods in;
  *in.mutable_database() = upgrade.request.database();
  in.set_stateful_set(workload.stateful_set());
  in.set_replicas(1);
  in.set_image(workload.image());
  return in;
}

FindPods targets_of(const Upgrade& upgrade, const GroupState& group, const std::string& not_uid) {
  FindPods in;
  *in.mutable_database() = upgrade.request.database();
  in.set_stateful_set(group.set().stateful_set());
  in.set_replicas(group.members_size());
  in.set_image(upgrade.database.target().image());
  in.set_not_uid(not_uid);
  return in;
}

SwitchPrimary the_switch(const Upgrade& upgrade, const GroupState& group,
                         const GroupMember& candidate) {
  SwitchPrimary in;
  *in.mutable_candidate() = the_server(upgrade, candidate.workload());
  in.set_candidate_id(candidate.id());
  *in.mutable_former() = the_server(upgrade, primary_of(group)->workload());
  if (group.term() == 0) return in;
  in.set_term(group.term());
  in.set_uid(upgrade.database.uid());
  return in;
}

ProveSwitch the_proof(const Upgrade& upgrade, const SwitchPrimary& moved, engine::Time now) {
  ProveSwitch in;
  *in.mutable_moved() = moved;
  in.set_deadline_us(deadline(upgrade, now));
  const std::int64_t latest = now.time_since_epoch().count() + longest_hand_over_us;
  if (moved.term() != 0) in.set_deadline_us(std::min(in.deadline_us(), latest));
  return in;
}

VerifyGroup the_upgraded_group(const Upgrade& upgrade, engine::Time now) {
  VerifyGroup in;
  *in.mutable_group() = the_whole_group(upgrade, now);
  in.set_image(upgrade.database.target().image());
  in.set_version(upgrade.database.target().version());
  if (is_known(upgrade.target_id)) *in.mutable_image_id() = upgrade.target_id;
  return in;
}

Member server_of(const GroupState& before, const GroupMember& member) {
  Member server{.workload = member.workload(), .state = member.state()};
  server.workload.set_manifest(before.set().manifest());
  server.workload.set_image(before.set().image());
  return server;
}

bool runs_target(const Upgrade& upgrade, const GroupMember& member) {
  return member.pod_image() == upgrade.database.target().image();
}

bool any_runs_target(const Upgrade& upgrade, const GroupState& group) {
  return std::ranges::any_of(
      group.members(), [&](const GroupMember& member) { return runs_target(upgrade, member); });
}

bool was_restarted(const GroupState& before, const GroupMember& member) {
  return std::ranges::none_of(before.members(), [&](const GroupMember& former) {
    return former.workload().pod() == member.workload().pod() &&
           former.workload().pod_uid() == member.workload().pod_uid();
  });
}

const GroupMember* next_member(const GroupState& group, const IsDone& is_done) {
  const GroupMember* next = nullptr;
  for (const GroupMember& member : group.members()) {
    if (is_done(member)) continue;
    if (!member.primary()) return &member;
    next = &member;
  }
  return next;
}

const GroupMember* candidate_of(const GroupState& group, const IsDone& is_done) {
  const auto found = std::ranges::find_if(group.members(), [&](const GroupMember& member) {
    return !member.primary() && is_done(member);
  });
  return found == group.members().end() ? nullptr : &*found;
}

}  // namespace ratchet::mysql
