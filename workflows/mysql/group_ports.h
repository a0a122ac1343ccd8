// The side effects on a replication group or a semi-synchronous cluster, beyond those on one server
// (ports.h). One pod of it is stopped and started by the steps that stop and start a standalone
// server.
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
// stopped there is such a look without it. Semi-synchronous: every replica receives, acknowledges
// and has executed what the primary had, and enough acknowledge for commits to go on.
inline constexpr Activity<InspectGroup, GroupState> await_group{"await_group", Effect::read,
                                                                waiting};
// Whether a target server may be on its way: also when somebody else deleted the pod.
inline constexpr Activity<FindPods, FoundPods> find_pods{"find_pods", Effect::read, unbounded};

// The write outage begins; it ends with the new primary. Looks first who is the primary; naming the
// same member again changes nothing.
inline constexpr Activity<SwitchPrimary, Done> switch_primary{"switch_primary", Effect::idempotent,
                                                              bounded};
// The same for a semi-synchronous cluster: names the successor in the primary term, as it was read.
// The provisioner, and nobody else, then closes the primary, has everything executed, and moves the
// term; while the successor is not able to take over it lets the primary be, or opens it again.
// Fails for good, with this code, if the term is another one by now.
inline constexpr const char* other_term_code = "other_term";
inline constexpr Activity<SwitchPrimary, Done> hand_over_primary{"hand_over_primary",
                                                                 Effect::conditional, bounded};
// The successor's name is out of the term, if that is still the same: no primary is closed for an
// upgrade that has ended. A move that was made stays.
inline constexpr Activity<SwitchPrimary, Done> withdraw_hand_over{"withdraw_hand_over",
                                                                  Effect::conditional, unbounded};
// The former primary refuses a write, and the new one takes it (it is one that changes no row).
inline constexpr Activity<ProveSwitch, SwitchProof> prove_switch{"prove_switch", Effect::read,
                                                                 waiting};

// Every member ONLINE with the image and version that it must have, one primary, and all have
// executed what any of them had when it was asked.
inline constexpr Activity<VerifyGroup, VerifiedGroup> verify_group{"verify_group", Effect::read,
                                                                   waiting};

}  // namespace ratchet::mysql
