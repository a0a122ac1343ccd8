#include "workflows/mysql/restart.h"

#include "workflows/mysql/restart_servers.h"

namespace ratchet::mysql {

using engine::attempt;
using engine::Outcome;
using engine::Task;
using engine::Workflow;

namespace {

Task<RestartResult> restart_database(Workflow wf, Upgrade restart) {
  Restarting progress;
  co_await pause_and_drain(wf, restart);
  co_await inspect_servers(wf, restart, progress);
  co_await restart_servers(wf, restart, progress);
  const Workflow firm = wf.shielded();
  co_await firm.step(await_database_ready, a_wait(restart, firm.now()));
  co_return progress.done;
}

}  // namespace

// Server by server (restart_servers.h). Which pods there were is recorded at the start: another uid
// is another pod, and done.
//
// There is nothing to undo: a server that was restarted is as good as one that was not. So a
// failure or a cancellation lets the pod go that was under way, and ends there. Whatever happens,
// the database is resumed.
Task<RestartResult> restart(Workflow wf, RestartRequest request) {
  const Upgrade restart = co_await find_restartable(wf, to_what_runs(request));
  const Outcome<RestartResult> outcome = co_await attempt(restart_database(wf, restart));
  co_return co_await resume_after(wf, restart, outcome);
}

}  // namespace ratchet::mysql
