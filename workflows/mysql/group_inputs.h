// What the steps on a group are asked, and who of its members is next. Pure.
#pragma once

#include <functional>
#include <string>

#include "workflows/mysql/group.pb.h"
#include "workflows/mysql/inputs.h"

namespace ratchet::mysql {

// A look at the group as it is.
InspectGroup the_group(const Upgrade& upgrade);
// A look that waits until it is whole, for as long as the request allows.
InspectGroup the_whole_group(const Upgrade& upgrade, engine::Time now);
// The same, but for the member in this pod, which is about to be stopped.
InspectGroup the_others(const Upgrade& upgrade, const Workload& workload, engine::Time now);
// The standalone server's pod, if it has the image that its StatefulSet has.
FindPods pods_as_the_set(const Upgrade& upgrade, const Workload& workload);
// The pods that were made with the target's image, but for the one with this uid.
FindPods targets_of(const Upgrade& upgrade, const GroupState& group, const std::string& not_uid);
SwitchPrimary the_switch(const Upgrade& upgrade, const GroupState& group,
                         const GroupMember& candidate);
// Semi-synchronous: of a move that takes writes away until it is made, or withdrawn, so not for as
// long as other waits.
ProveSwitch the_proof(const Upgrade& upgrade, const SwitchPrimary& moved, engine::Time now);
VerifyGroup the_upgraded_group(const Upgrade& upgrade, engine::Time now);

// The member as one server, with the StatefulSet as it was before anything was touched.
Member server_of(const GroupState& before, const GroupMember& member);

bool runs_target(const Upgrade& upgrade, const GroupMember& member);
bool any_runs_target(const Upgrade& upgrade, const GroupState& group);
// Whether this is another pod than the member had before, whoever replaced it.
bool was_restarted(const GroupState& before, const GroupMember& member);

// What was to be done with a member is done: it runs the target, or was restarted.
using IsDone = std::function<bool(const GroupMember& member)>;
// Whose turn it is: secondaries by ordinal, the primary last. Null: nobody is left.
const GroupMember* next_member(const GroupState& group, const IsDone& is_done);
// The secondary that takes over from the primary: the first that is done. Null: none is.
const GroupMember* candidate_of(const GroupState& group, const IsDone& is_done);

}  // namespace ratchet::mysql
