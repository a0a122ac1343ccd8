// What the upgrade of a group says when it cannot go on (as explain.h does for one server). Pure.
#pragma once

#include <optional>
#include <string>

#include "engine/core/event.h"
#include "workflows/mysql/group.pb.h"
#include "workflows/mysql/inputs.h"

namespace ratchet::mysql {

// What the group lacks, which lacks something.
engine::Failure not_whole(const Upgrade& upgrade, const GroupState& group);

// Why no member of this group must be stopped now, whatever for: another is missing, or would be.
std::optional<engine::Failure> needs_everybody(const Upgrade& upgrade, const GroupState& group);

// Why none must be stopped for an upgrade, if so.
std::optional<engine::Failure> unfit_group(const Upgrade& upgrade, const GroupState& group);

// Why members of this group must not be joined by others that run the target, if so.
std::optional<engine::Failure> unfit_members(const Upgrade& upgrade, const GroupState& group);

// `why` was met when the target version may have opened a member's volume. `member`: the pod that
// was being upgraded; empty: none. If the database is gone: nothing_left_after (explain.h).
engine::Failure group_forward_only_after(const engine::Failure& why, const Upgrade& upgrade,
                                         const std::string& member);

// The primary did not stay where it was put, or members were replaced again and again.
engine::Failure restless(const Upgrade& upgrade);

UpdateResult the_result(const Upgrade& upgrade, const VerifiedGroup& group);

}  // namespace ratchet::mysql
