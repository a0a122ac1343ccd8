// The side effects on a replication group, beyond those on one server (ports.h). One pod of a group
// is stopped and started by the steps that stop and start a standalone server.
#pragma once

#include "workflows/mysql/group.pb.h"
#include "workflows/mysql/ports.h"

namespace ratchet::mysql {

// The StatefulSet, its pods and claims, and what every server says of itself and of the group.
// Waits a moment for a group that is about to be whole. Fails for good if the workload is not one
// that can be upgraded in place; what the group lacks is in the answer.
inline constexpr Activity<InspectGroup, GroupState> inspect_group{"inspect_group", Effect::read,
                                                                  bounded};
// The same, once every member is ONLINE, all of them see one primary, and nobody has transactions
// that the primary lacks; or every member but one that is no primary. Right before a member is
// stopped there is such a look without it.
inline constexpr Activity<InspectGroup, GroupState> await_group{"await_group", Effect::read,
                                                                waiting};
// Whether a target server may be on its way: also when somebody else deleted the pod.
inline constexpr Activity<FindPods, FoundPods> find_pods{"find_pods", Effect::read, unbounded};

// The write outage begins; it ends with the new primary. Looks first who is the primary; naming the
// same member again changes nothing.
inline constexpr Activity<SwitchPrimary, Done> switch_primary{"switch_primary", Effect::idempotent,
                                                              bounded};
// The former primary refuses a write, and the new one takes it (it is one that changes no row).
inline constexpr Activity<ProveSwitch, SwitchProof> prove_switch{"prove_switch", Effect::read,
                                                                 waiting};

// Every member ONLINE with the image and version that it must have, one primary, and all have
// executed what any of them had when it was asked.
inline constexpr Activity<VerifyGroup, VerifiedGroup> verify_group{"verify_group", Effect::read,
                                                                   waiting};

}  // namespace ratchet::mysql
