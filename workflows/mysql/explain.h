// What an upgrade says when it cannot go on: what, where, and what to do next. Pure. The texts end
// up in the request's conditions, so they are written for the person who made the request.
#pragma once

#include <optional>
#include <string>

#include "engine/core/event.h"
#include "workflows/mysql/inputs.h"

namespace ratchet::mysql {

// `<namespace>/<name>` of the database.
std::string full_name(const Upgrade& upgrade);

engine::Failure not_supported(const Upgrade& upgrade);

// Why this server must not be stopped for an upgrade now, if so.
std::optional<engine::Failure> unfit(const Upgrade& upgrade, const Member& member);

// There is no database any more (database_gone_code).
bool database_is_gone(const engine::Failure& failure);
// `why` was met, and the database is gone.
engine::Failure nothing_left_after(const engine::Failure& why);

// Of these each says what nothing_left_after does if the database is gone.

// `why` was met, and everything is as it was.
engine::Failure put_back_after(const engine::Failure& why, const Upgrade& upgrade);
// `why` was met, and putting things back failed for `then`.
engine::Failure stuck_after(const engine::Failure& why, const engine::Failure& then,
                            const Upgrade& upgrade);
// `why` was met when the target version may have opened the volume.
engine::Failure forward_only_after(const engine::Failure& why, const Upgrade& upgrade);

UpdateResult the_result(const Upgrade& upgrade, const VerifiedServer& server);

}  // namespace ratchet::mysql
