#include "workflows/mysql/restart_servers.h"

#include <string>
#include <utility>

#include "workflows/mysql/group_explain.h"
#include "workflows/mysql/group_inputs.h"
#include "workflows/mysql/member.h"
#include "workflows/mysql/move_primary.h"
#include "workflows/mysql/restart_explain.h"

namespace ratchet::mysql {

using engine::attempt;
using engine::Failure;
using engine::Outcome;
using engine::StepFailure;
using engine::Task;
using engine::Workflow;

namespace {

// With the image and the release that its servers have, and must have again.
Upgrade at(Upgrade restart, const std::string& image, const std::string& version) {
  Database& database = restart.database;
  database.mutable_current()->set_version(version);
  database.mutable_current()->set_image(image);
  *database.mutable_target() = database.current();
  return restart;
}

// A cancellation is heard until the pod's deletion is under way. Right before it, the other members
// of a cluster are looked at.
Task<> stop_server(Workflow wf, Upgrade restart, Workload workload) {
  co_await prepare_server(wf, restart, workload);
  if (!restart.database.standalone()) {
    co_await wf.step(await_group, the_others(restart, workload, wf.now()));
  }
  co_await wf.step(delete_pod, timely_deletion(wf, restart, workload));
  const Workflow firm = wf.shielded();
  co_await firm.step(await_clean_shutdown, the_end(restart, workload, firm.now()));
}

// Whatever stopped us, the pod is let go, and awaited. Says how that went.
Task<Failure> let_go(Workflow firm, Upgrade restart, Restarting& progress, Member member,
                     Failure why) {
  const Outcome<void> runs = co_await attempt(let_run(firm, restart, member));
  if (runs.ok()) progress.awaited.reset();
  const std::string& pod = member.workload.pod();
  co_return runs.ok() ? still_running(why, restart, pod)
                      : not_running(why, *runs.failed, restart, pod);
}

// Once more if somebody else replaces it in its turn.
Task<> await_successor(Workflow firm, Upgrade restart, Workload workload) {
  Outcome<VerifiedServer> started = co_await attempt(start_new_server(firm, restart, workload));
  if (!started.ok() && was_replaced(*started.failed)) {
    started = co_await attempt(start_new_server(firm, restart, workload));
  }
  if (!started.ok()) throw StepFailure(not_back(*started.failed, restart, workload.pod()));
}

// A pod that somebody else replaced meanwhile was restarted by that: its successor is awaited, and
// not restarted once more.
Task<> restart_server(Workflow wf, Upgrade restart, Restarting& progress, Member member) {
  progress.awaited = member;
  const Outcome<void> stopped = co_await attempt(stop_server(wf, restart, member.workload));
  const Workflow firm = wf.shielded();
  if (!stopped.ok() && !was_replaced(*stopped.failed)) {
    const Failure left = co_await let_go(firm, restart, progress, member, *stopped.failed);
    throw StepFailure(left);
  }
  co_await firm.step(unprotect_pod, the_pod(restart, member.workload));
  co_await await_successor(firm, restart, member.workload);
  progress.awaited.reset();
  progress.done.add_pods(member.workload.pod());
}

Task<> inspect_standalone(Workflow wf, Upgrade restart, Member& server) {
  server.workload = co_await wf.step(inspect_workload, the_workload(restart));
  const FoundPods same = co_await wf.step(find_pods, pods_as_the_set(restart, server.workload));
  if (same.pods_size() == 0) throw StepFailure(other_image(restart, server.workload.pod()));
  server.state = co_await wf.step(inspect_server, the_server(restart, server.workload));
}

// To a member that was restarted already. Who moves the primary besides us makes us look again, but
// not for ever.
Task<> make_way(Workflow wf, Upgrade restart, Restarting& progress, GroupState group, bool again) {
  const GroupMember& candidate = *candidate_of(group, [&progress](const GroupMember& member) {
    return was_restarted(progress.before, member);
  });
  const bool moved = co_await move_primary(wf, restart, the_switch(restart, group, candidate));
  if (moved && !again) co_return;
  if (++progress.surprises <= 2 * progress.before.members_size()) co_return;
  throw StepFailure(restless_primary(restart));
}

// Each round looks at the cluster anew, and goes on only if it is whole. The looks are where a
// cancellation is heard.
Task<> restart_members(Workflow wf, Upgrade restart, Restarting& progress) {
  bool moved = false;
  for (;;) {
    const GroupState now = co_await wf.step(await_group, the_whole_group(restart, wf.now()));
    const GroupMember* next = next_member(now, [&progress](const GroupMember& member) {
      return was_restarted(progress.before, member);
    });
    if (next == nullptr) co_return;
    if (next->primary()) {
      co_await make_way(wf, restart, progress, now, std::exchange(moved, true));
      continue;
    }
    co_await restart_server(wf, restart, progress, server_of(progress.before, *next));
  }
}

Task<> restart_cluster(Workflow wf, Upgrade restart, Restarting& progress) {
  const Outcome<void> restarted = co_await attempt(restart_members(wf, restart, progress));
  if (!restarted.ok()) {
    throw StepFailure(restarted_so_far(*restarted.failed, restart, progress.done));
  }
  const Workflow firm = wf.shielded();
  co_await firm.step(verify_group, the_upgraded_group(restart, firm.now()));
}

}  // namespace

Task<Upgrade> find_restartable(Workflow wf, Upgrade restart) {
  restart.database = co_await wf.step(inspect_database, the_database(restart.request));
  if (const auto refusal = not_restartable(restart)) throw StepFailure(*refusal);
  co_return restart;
}

Task<> pause_and_drain(Workflow wf, Upgrade restart) {
  co_await wf.step(pause_database, our_pause(restart));
  co_await wf.step(await_drained, a_wait(restart, wf.now()));
}

Task<> inspect_servers(Workflow wf, Upgrade restart, Restarting& progress) {
  if (restart.database.standalone()) {
    co_await inspect_standalone(wf, restart, progress.server);
    co_return;
  }
  progress.before = co_await wf.step(inspect_group, the_group(restart));
  if (const auto blocker = unfit_to_restart(restart, progress.before)) throw StepFailure(*blocker);
}

Task<> restart_servers(Workflow wf, Upgrade restart, Restarting& progress) {
  if (restart.database.standalone()) {
    restart =
        at(std::move(restart), progress.server.workload.image(), progress.server.state.version());
    co_await restart_server(wf, restart, progress, progress.server);
    co_return;
  }
  restart = at(std::move(restart), progress.before.set().image(),
               progress.before.members(0).state().version());
  co_await restart_cluster(wf, restart, progress);
}

}  // namespace ratchet::mysql
