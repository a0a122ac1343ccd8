// The side effects of replacing the StatefulSet of a group, or of a semi-synchronous cluster, by
// another one, beyond those on one server (ports.h) and on a group (group_ports.h).
#pragma once

#include "workflows/mysql/group_ports.h"
#include "workflows/mysql/new_set.pb.h"

namespace ratchet::mysql {

// With one member. Fails for good if somebody else has the name.
inline constexpr Activity<CreateNewSet, StatefulSetRef> create_new_set{
    "create_new_set", Effect::conditional, bounded};
// One member more, or one less: its pod ends as by a scaling.
inline constexpr Activity<ScaleSet, Done> scale_set{"scale_set", Effect::conditional, unbounded};
// The pod of a new member is ready: seeded, started by the target's image, and taken into the group
// by the provisioner.
inline constexpr Activity<AwaitPod, Pod> await_member{"await_member", Effect::read, waiting};

// Semi-synchronous: says whose acknowledgements are to count no more. The provisioner has those
// members acknowledge nothing, and takes their votes once enough others have all that they have; a
// look at the others (await_group) waits for that. It takes the word off when they are gone.
inline constexpr Activity<ReleaseVotes, Done> release_votes{"release_votes", Effect::conditional,
                                                            unbounded};

// A pod that the former StatefulSet has left. Nobody makes another of its name.
inline constexpr auto retire_pod =
    Activity<DeletePod, Done>{"retire_pod", Effect::conditional, bounded}.irreversible();

// Outside of one LTS series. The provisioner opens the primary again if it is still that one when
// the fence's time is over.
inline constexpr Activity<FencePrimary, Done> fence_primary{"fence_primary", Effect::conditional,
                                                            bounded};
// The write outage begins; it ends with the new primary. The former one takes no writes, has been
// seen twice at the same position, which the candidate has executed; then it leaves the group,
// which elects the candidate. Looks first who is the primary.
inline constexpr Activity<SwitchPrimary, Done> step_down{"step_down", Effect::idempotent, bounded};

// When the new StatefulSet is all that there is.

inline constexpr Activity<EndSeeding, Done> end_seeding{"end_seeding", Effect::conditional,
                                                        unbounded};
inline constexpr Activity<RecordSet, Done> record_set{"record_set", Effect::conditional, unbounded};
inline constexpr Activity<RetainClaim, Done> retain_claim{"retain_claim", Effect::conditional,
                                                          unbounded};

}  // namespace ratchet::mysql
