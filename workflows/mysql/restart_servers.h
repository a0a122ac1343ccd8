// Restarting every server of a database once, each stopped cleanly and awaited before the next: of
// a cluster the secondaries by ordinal, then the primary, after its role has moved to one that was
// restarted. What a restart and a vertical scaling have in common.
#pragma once

#include <optional>

#include "engine/core/workflow.h"
#include "workflows/mysql/group_ports.h"
#include "workflows/mysql/inputs.h"

namespace ratchet::mysql {

// The steps of an upgrade, to the version that runs: the catalogue has no say in it. `Request`: the
// input of a run.
template <class Request>
Upgrade to_what_runs(const Request& request) {
  Upgrade same;
  *same.request.mutable_database() = request.database();
  same.request.set_request(request.request());
  same.request.set_step_timeout_us(request.step_timeout_us());
  same.request.set_generation(request.generation());
  return same;
}

// How far it went. Lives in its caller.
struct Restarting {
  Member server;                  // before anything was touched; of a standalone database
  GroupState before;              // the same of a cluster
  RestartResult done;             // the pods that were restarted
  std::optional<Member> awaited;  // was told to end, and is not seen ready since
  int surprises = 0;              // that made us look again

  const Workload& set(const Upgrade& restart) const {
    return restart.database.standalone() ? server.workload : before.set();
  }
};

// `restart` with its database. Throws StepFailure, as all that follows: there is no such database,
// or its servers cannot be restarted one by one.
engine::Task<Upgrade> find_restartable(engine::Workflow wf, Upgrade restart);

// After it nobody else changes the database's objects. Whoever calls it resumes the database.
engine::Task<> pause_and_drain(engine::Workflow wf, Upgrade restart);

// Resumes the database, whatever came of what was done meanwhile. Then that: its result, or its
// failure, thrown.
template <class Result>
engine::Task<Result> resume_after(engine::Workflow wf, Upgrade paused,
                                  engine::Outcome<Result> outcome) {
  co_await wf.shielded().step(resume_database, our_resume(paused));
  if (!outcome.ok()) throw engine::StepFailure(*outcome.failed);
  co_return *outcome.value;
}

// What there is. Throws StepFailure if no server must be restarted now.
engine::Task<> inspect_servers(engine::Workflow wf, Upgrade restart, Restarting& progress);

// Which pods there were is known: another uid is another pod, and done, whoever replaced it. A
// failure or a cancellation lets the pod go that is under way, and ends there.
engine::Task<> restart_servers(engine::Workflow wf, Upgrade restart, Restarting& progress);

}  // namespace ratchet::mysql
