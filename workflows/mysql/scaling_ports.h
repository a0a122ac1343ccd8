// The side effects of scaling, beyond those of a restart (ports.h, group_ports.h).
#pragma once

#include "workflows/mysql/ports.h"
#include "workflows/mysql/scaling.pb.h"

namespace ratchet::mysql {

// How many pods the StatefulSet makes. One more: the provisioner takes the new member in. One less:
// the last pod is deleted, and its server leaves the group as it ends; its claim stays.
inline constexpr Activity<SetReplicas, Done> set_replicas{"set_replicas", Effect::conditional,
                                                          bounded};
// The database object says so too.
inline constexpr Activity<RecordReplicas, Done> record_replicas{"record_replicas",
                                                                Effect::conditional, unbounded};

// The template's server gets these resources, and the arguments that follow from them. Restarts
// nothing.
inline constexpr Activity<ChangeResources, Done> change_resources{"change_resources",
                                                                  Effect::conditional, bounded};
// The database object says so too.
inline constexpr Activity<RecordResources, Done> record_resources{"record_resources",
                                                                  Effect::conditional, unbounded};

// When it does not come to that. Each looks first and changes nothing that is already so.

inline constexpr Activity<SetReplicas, Done> restore_replicas{"restore_replicas",
                                                              Effect::conditional, unbounded};
// What was reached stays: else the provisioner would undo it once the database is resumed.
inline constexpr Activity<RecordReplicas, Done> keep_replicas{"keep_replicas", Effect::conditional,
                                                              unbounded};
inline constexpr Activity<RestoreResources, Done> restore_resources{"restore_resources",
                                                                    Effect::conditional, unbounded};

}  // namespace ratchet::mysql
