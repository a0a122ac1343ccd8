// What a restart says when it cannot go on (as explain.h does for an upgrade). Pure.
#pragma once

#include <optional>
#include <string>

#include "engine/core/event.h"
#include "workflows/mysql/group.pb.h"
#include "workflows/mysql/inputs.h"

namespace ratchet::mysql {

// Why this database is not restarted, whatever state it is in.
std::optional<engine::Failure> not_restartable(const Upgrade& restart);

// Its successor would have another image than the pod has: that is an upgrade, or the rest of one.
engine::Failure other_image(const Upgrade& restart, const std::string& pod);

// Why no member of this cluster must be restarted now, if so.
std::optional<engine::Failure> unfit_to_restart(const Upgrade& restart, const GroupState& group);

// What comes next is not told where the database is gone.

// `why` was met, and the pod, or its successor, is ready.
engine::Failure still_running(const engine::Failure& why, const Upgrade& restart,
                              const std::string& pod);
// `why` was met, and awaiting the pod failed for `then`.
engine::Failure not_running(const engine::Failure& why, const engine::Failure& then,
                            const Upgrade& restart, const std::string& pod);
// `why` was met when the server had ended and its successor was awaited.
engine::Failure not_back(const engine::Failure& why, const Upgrade& restart,
                         const std::string& pod);

// The primary did not stay where it was put.
engine::Failure restless_primary(const Upgrade& restart);

// `why` was met when these members of the cluster were restarted, and the others were not.
engine::Failure restarted_so_far(const engine::Failure& why, const Upgrade& restart,
                                 const RestartResult& done);

}  // namespace ratchet::mysql
