// What a scaling says when it cannot go on (as explain.h does for an upgrade). Pure.
#pragma once

#include <string>

#include "engine/core/event.h"
#include "workflows/mysql/inputs.h"

namespace ratchet::mysql {

// Why the number of this database's members cannot be changed, whatever state it is in; empty: it
// can. KubeDB's words and reason (its ops webhook), then ours. Reads the topology only.
std::string not_scalable(const Database& database);

// Somebody else changes the number of members, too.
engine::Failure restless_members(const Upgrade& scaling);

// Of these each says no more than what happened if the database is gone.

// `why` was met, and the cluster has that many members now, as its spec says.
engine::Failure scaled_so_far(const engine::Failure& why, const Upgrade& scaling, int members,
                              int from);
// `why` was met, and settling on those failed for `then`.
engine::Failure not_settled(const engine::Failure& why, const engine::Failure& then,
                            const Upgrade& scaling, int members);

// `why` was met, and the StatefulSet has its former resources again.
// `made_anew`: the pod that had not started with the new ones; empty: there was none.
engine::Failure former_resources_after(const engine::Failure& why, const Upgrade& scaling,
                                       const std::string& made_anew);
// `why` was met, and giving those back failed for `then`.
engine::Failure resources_stuck_after(const engine::Failure& why, const engine::Failure& then,
                                      const Upgrade& scaling);
// `why` was met when all was done but that this field of the database object says so.
engine::Failure unsaid_after(const engine::Failure& why, const Upgrade& scaling,
                             const std::string& field);

}  // namespace ratchet::mysql
