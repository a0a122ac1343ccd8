#include "workflows/mysql/new_set_inputs.h"

#include <algorithm>
#include <charconv>

#include "workflows/mysql/explain.h"
#include "workflows/mysql/group_explain.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql {

using engine::Failure;

namespace {

// Of a primary that refuses writes while it steps down.
constexpr std::int64_t longest_fence_us = 60'000'000;

template <class Message>
Message message_about(const Upgrade& upgrade) {
  Message message;
  *message.mutable_database() = upgrade.request.database();
  return message;
}

std::int64_t at_us(engine::Time time) { return time.time_since_epoch().count(); }

RetainClaim claim_until(const Upgrade& upgrade, const Workload& workload, std::int64_t until_us) {
  auto in = message_about<RetainClaim>(upgrade);
  in.set_claim(workload.claim());
  in.set_claim_uid(workload.claim_uid());
  in.set_until_us(until_us);
  return in;
}

// Before the first former member gives up its vote there must be as many new ones as a commit waits
// for.
std::optional<Failure> no_room_for_votes(const Upgrade& upgrade, const GroupState& before) {
  if (upgrade.database.topology() != semi_sync) return std::nullopt;
  const int needed = static_cast<int>(before.acknowledgements());
  const int room = std::min(before.wanted(), most_members - before.wanted());
  if (room >= needed) return std::nullopt;
  return Failure{"no_room",
                 "the cluster of MySQL " + full_name(upgrade) + " has " +
                     std::to_string(before.wanted()) + " member(s), and at most " +
                     std::to_string(most_members) + " may be there at a time, so " +
                     std::to_string(room) + " of another StatefulSet, and a commit waits for " +
                     std::to_string(needed) +
                     " acknowledgement(s). Scale it down, or have a commit wait for fewer, then "
                     "create the request again"};
}

}  // namespace

std::optional<int> set_number(const std::string& database, const std::string& set) {
  if (set == database) return 0;
  if (!set.starts_with(database + "-")) return std::nullopt;
  const char* first = set.data() + database.size() + 1;
  const char* last = set.data() + set.size();
  int number = 0;
  const auto [end, error] = std::from_chars(first, last, number);
  if (error != std::errc{} || end != last || number < 1 || *first == '0') return std::nullopt;
  return number;
}

std::string new_set_name(const Upgrade& upgrade, const GroupState& before) {
  const std::string& newest = before.set().stateful_set();
  const bool begun = !before.former().stateful_set().empty() ||
                     before.set().image() == upgrade.database.target().image();
  if (begun) return newest;
  const std::string& database = upgrade.request.database().name();
  return database + "-" + std::to_string(set_number(database, newest).value_or(0) + 1);
}

InspectGroup every_member(const Upgrade& upgrade) {
  InspectGroup in = the_group(upgrade);
  in.set_every_set(true);
  return in;
}

InspectGroup every_member_whole(const Upgrade& upgrade, engine::Time now) {
  InspectGroup in = the_whole_group(upgrade, now);
  in.set_every_set(true);
  return in;
}

InspectGroup every_other(const Upgrade& upgrade, const Workload& workload, engine::Time now) {
  InspectGroup in = the_others(upgrade, workload, now);
  in.set_every_set(true);
  return in;
}

IsDone is_in(const std::string& set) {
  return [set](const GroupMember& member) { return member.workload().stateful_set() == set; };
}

int members_in(const GroupState& group, const std::string& set) {
  return static_cast<int>(std::ranges::count_if(group.members(), is_in(set)));
}

const Workload* find_set(const GroupState& group, const std::string& name) {
  for (const Workload* set : {&group.set(), &group.former()}) {
    if (set->stateful_set() == name) return set;
  }
  return nullptr;
}

const GroupMember* primary_in(const GroupState& group) {
  const GroupMember* primary = nullptr;
  for (const GroupMember& member : group.members()) {
    if (!member.primary()) continue;
    if (primary != nullptr) return nullptr;
    primary = &member;
  }
  return primary;
}

bool has_room(const GroupState& group, const std::string& set) {
  return members_in(group, set) < group.wanted() && group.members_size() < most_members;
}

int may_stay(const GroupState& before, const std::string& former, int members) {
  return std::min(members, most_members - members_in(before, former));
}

CreateNewSet the_set_beside(const Upgrade& upgrade, const GroupState& before,
                            const std::string& name) {
  auto in = message_about<CreateNewSet>(upgrade);
  in.set_manifest(before.set().manifest());
  in.set_name(name);
  in.set_image(upgrade.database.target().image());
  for (const bool primary : {false, true}) {
    for (const GroupMember& member : before.members()) {
      if (member.primary() == primary) in.add_donors(member.workload().pod());
    }
  }
  return in;
}

ScaleSet scaled(const Upgrade& upgrade, const Workload& set, int replicas) {
  auto in = message_about<ScaleSet>(upgrade);
  in.set_stateful_set(set.stateful_set());
  in.set_stateful_set_uid(set.stateful_set_uid());
  in.set_replicas(replicas);
  return in;
}

Workload new_member(const std::string& set, int ordinal) {
  Workload workload;
  workload.set_stateful_set(set);
  workload.set_pod(set + "-" + std::to_string(ordinal));
  return workload;
}

AwaitPod ready_target(const Upgrade& upgrade, const Workload& member, engine::Time now) {
  AwaitPod in = a_pod(upgrade, member, now);
  in.set_image(upgrade.database.target().image());
  return in;
}

VerifyGroup caught_up(const Upgrade& upgrade, const std::string& set, engine::Time now) {
  VerifyGroup in = of_every_set(upgrade, now);
  in.set_of_set(set);
  return in;
}

VerifyGroup of_every_set(const Upgrade& upgrade, engine::Time now) {
  VerifyGroup in = the_upgraded_group(upgrade, now);
  in.mutable_group()->set_every_set(true);
  return in;
}

FencePrimary the_fence(const Upgrade& upgrade, const SwitchPrimary& moved, engine::Time now) {
  auto in = message_about<FencePrimary>(upgrade);
  in.set_uid(upgrade.database.uid());
  in.set_pod(moved.former().pod());
  in.set_until_us(at_us(now) + longest_fence_us);
  return in;
}

ReleaseVotes votes_of(const Upgrade& upgrade, const std::string& set) {
  auto in = message_about<ReleaseVotes>(upgrade);
  in.set_uid(upgrade.database.uid());
  in.set_stateful_set(set);
  return in;
}

EndSeeding seeding_of(const Upgrade& upgrade, const Workload& set) {
  auto in = message_about<EndSeeding>(upgrade);
  in.set_stateful_set(set.stateful_set());
  in.set_stateful_set_uid(set.stateful_set_uid());
  return in;
}

RecordSet the_name(const Upgrade& upgrade, const std::string& set) {
  auto in = message_about<RecordSet>(upgrade);
  in.set_uid(upgrade.database.uid());
  in.set_stateful_set(set);
  return in;
}

RetainClaim kept_claim(const Upgrade& upgrade, const Workload& workload, engine::Time now) {
  return claim_until(upgrade, workload, at_us(now) + upgrade.database.retention_us());
}

RetainClaim useless_claim(const Upgrade& upgrade, const Workload& workload, engine::Time now) {
  return claim_until(upgrade, workload, at_us(now));
}

std::optional<Failure> too_many_members(const Upgrade& upgrade, const GroupState& before) {
  const int excess = before.members_size() - most_members;
  if (excess <= 0) return std::nullopt;
  const GroupMember* primary = primary_in(before);
  const std::string& newest = before.set().stateful_set();
  const bool newest_leads = primary != nullptr && is_in(newest)(*primary);
  const std::string& former = before.former().stateful_set();
  const std::string& smaller = newest_leads && !former.empty() ? former : newest;
  const std::string left = std::to_string(std::max(0, members_in(before, smaller) - excess));
  return Failure{"too_many_members",
                 "MySQL " + full_name(upgrade) + " has " + std::to_string(before.members_size()) +
                     " members in all its StatefulSets, and a group takes " +
                     std::to_string(most_members) +
                     ": an upgrade was left half made. Scale StatefulSet " + smaller + " to " +
                     left + ", member by member (kubectl scale statefulset " + smaller +
                     " --replicas=" + left + " in the end), then create the request again"};
}

std::optional<Failure> unfit_sets(const Upgrade& upgrade, const GroupState& before) {
  if (auto blocker = unfit_members(upgrade, before)) return blocker;
  if (auto blocker = no_room_for_votes(upgrade, before)) return blocker;
  const std::string& image = before.set().image();
  const bool begun = !before.former().stateful_set().empty();
  if (!begun || image == upgrade.database.target().image()) return std::nullopt;
  return Failure{"other_new_set",
                 "MySQL " + full_name(upgrade) + " has two StatefulSets, and " +
                     before.set().stateful_set() + " has image " + image +
                     ": an upgrade to that version was left half made. Create a request for that "
                     "version first"};
}

Failure both_sets_after(const Failure& why, const Upgrade& upgrade, const std::string& set) {
  if (database_is_gone(why)) return nothing_left_after(why);
  const std::string& target = upgrade.database.target().name();
  return {why.code,
          why.message + ". The primary may be a member of StatefulSet " + set + ", which runs " +
              target +
              ", so the only way is forward: all members that there are go on serving, and "
              "no volume of the former StatefulSet was deleted. Next: when the MySQL " +
              full_name(upgrade) + " is Ready, create a request for " + target +
              ", which retires the members that are left (a member of the former StatefulSet that "
              "cannot join any more keeps it from being Ready: delete its pod); the database is "
              "resumed"};
}

Failure new_set_left_after(const Failure& why, const Failure& then, const Upgrade& upgrade,
                           const std::string& set) {
  if (database_is_gone(why)) return nothing_left_after(why);
  if (database_is_gone(then)) {
    return nothing_left_after({why.code, why.message + ". After that: " + then.message});
  }
  return {why.code,
          why.message + ". Undoing the upgrade failed too: " + then.message +
              ". The primary is a member of the former StatefulSet. Next: create a request for " +
              upgrade.database.target().name() + ", which goes on with StatefulSet " + set +
              ", or scale that one to 0, member by member, and delete it; the database is resumed"};
}

}  // namespace ratchet::mysql
