// What the steps that replace a cluster's StatefulSet are asked, who of its members is new, and
// what is said when it cannot go on. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/core/event.h"
#include "workflows/mysql/group_inputs.h"
#include "workflows/mysql/new_set.pb.h"

namespace ratchet::mysql {

// A group has no more members than these, nor has a semi-synchronous cluster.
inline constexpr int most_members = 9;

// The number in the name of a database's StatefulSet: 0 of `<db>`, N of `<db>-N`. Nothing: it is no
// name of such a one.
std::optional<int> set_number(const std::string& database, const std::string& set);
// The set that the group of `before` shall consist of: the next one, or the one that an upgrade
// which was left half made has begun.
std::string new_set_name(const Upgrade& upgrade, const GroupState& before);

// Looks at the members of all sets; the first waits for nothing.
InspectGroup every_member(const Upgrade& upgrade);
InspectGroup every_member_whole(const Upgrade& upgrade, engine::Time now);
InspectGroup every_other(const Upgrade& upgrade, const Workload& workload, engine::Time now);

IsDone is_in(const std::string& set);
int members_in(const GroupState& group, const std::string& set);
// The set that has this name, of the two that a look shows. Null: there is none.
const Workload* find_set(const GroupState& group, const std::string& name);
// Null: nobody is, or more than one says so.
const GroupMember* primary_in(const GroupState& group);
// Whether another member is to join before one of the former ones is retired.
bool has_room(const GroupState& group, const std::string& set);
// How many of the new set's `members` may be there while all that `former` had before come back.
int may_stay(const GroupState& before, const std::string& former, int members);

CreateNewSet the_set_beside(const Upgrade& upgrade, const GroupState& before,
                            const std::string& name);
ScaleSet scaled(const Upgrade& upgrade, const Workload& set, int replicas);
// The pod with this ordinal of the new set, as a workload for the steps on one server.
Workload new_member(const std::string& set, int ordinal);
AwaitPod ready_target(const Upgrade& upgrade, const Workload& member, engine::Time now);
VerifyGroup caught_up(const Upgrade& upgrade, const std::string& set, engine::Time now);
VerifyGroup of_every_set(const Upgrade& upgrade, engine::Time now);
FencePrimary the_fence(const Upgrade& upgrade, const SwitchPrimary& moved, engine::Time now);
ReleaseVotes votes_of(const Upgrade& upgrade, const std::string& set);
EndSeeding seeding_of(const Upgrade& upgrade, const Workload& set);
RecordSet the_name(const Upgrade& upgrade, const std::string& set);
// Kept for as long as the database object says.
RetainClaim kept_claim(const Upgrade& upgrade, const Workload& workload, engine::Time now);
// For no time at all.
RetainClaim useless_claim(const Upgrade& upgrade, const Workload& workload, engine::Time now);

// More members than a group takes, of all sets together: whoever cannot join would keep it from
// being whole for ever.
std::optional<engine::Failure> too_many_members(const Upgrade& upgrade, const GroupState& before);
// Why this cluster's StatefulSet must not be replaced now, if so.
std::optional<engine::Failure> unfit_sets(const Upgrade& upgrade, const GroupState& before);
// `why` was met when a member of the new set may have been the primary, or there was no way back.
engine::Failure both_sets_after(const engine::Failure& why, const Upgrade& upgrade,
                                const std::string& set);
// Undoing failed for `then`.
engine::Failure new_set_left_after(const engine::Failure& why, const engine::Failure& then,
                                   const Upgrade& upgrade, const std::string& set);

}  // namespace ratchet::mysql
