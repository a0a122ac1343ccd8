// What the API answers from the log and the engine without changing anything.
#pragma once

#include "tools/ratchetd/api_call.h"

namespace ratchet::ratchetd {

// The newest first. Options: workflow, state, key, prefix (of the id), before (the index of a run),
// limit.
Answer list_runs(const Sources& sources, const Call& call);
// The document of `ratchetctl show`. Replays an open run.
Answer show_run(const Sources& sources, const Call& call);
// Whole turns from turn `from` on, about `limit` events of them; `next` says where to go on.
Answer show_history(const Sources& sources, const Call& call);
// What an open run shows under a name, as of its last durable turn.
Answer show_exposed(engine::Engine& engine, const Call& call);

Answer unknown_run(const std::string& run_id);

}  // namespace ratchet::ratchetd
