#include "workflows/mysql/group_update.h"

#include <optional>
#include <string>
#include <utility>

#include "workflows/mysql/backups.h"
#include "workflows/mysql/explain.h"
#include "workflows/mysql/group_explain.h"
#include "workflows/mysql/group_inputs.h"
#include "workflows/mysql/group_ports.h"
#include "workflows/mysql/member.h"
#include "workflows/mysql/move_primary.h"

namespace ratchet::mysql {

using engine::attempt;
using engine::Failure;
using engine::Outcome;
using engine::StepFailure;
using engine::Task;
using engine::Workflow;

namespace {

// How far the upgrade went. Lives in upgrade_group; whoever goes on writes it.
struct Progress {
  GroupState before;                // anything was touched
  bool opened = false;              // the target may have opened a member's volume
  std::optional<Member> under_way;  // that may be protected or stopped
  bool released = false;            // of that one: its volume
  bool withdrawn = false;           // of that one: its target, which had not started
  int surprises = 0;                // that made us look again
  bool has_evidence = false;        // a snapshot of a volume as the former version left it
};

Task<> pause_group(Workflow wf, Upgrade upgrade, Progress& progress) {
  co_await wf.step(pause_database, our_pause(upgrade));
  co_await wf.step(await_drained, a_wait(upgrade, wf.now()));
  co_await pause_backups(wf, upgrade);
  progress.before = co_await wf.step(inspect_group, the_group(upgrade));
  if (const auto blocker = unfit_group(upgrade, progress.before)) throw StepFailure(*blocker);
  // An upgrade that was left half made goes forward.
  progress.opened = progress.before.set().image() == upgrade.database.target().image();
}

// Who deletes pods besides us, or moves the primary, makes us look again, but not for ever.
void count_surprise(const Upgrade& upgrade, Progress& progress) {
  if (++progress.surprises > 2 * progress.before.members_size()) {
    throw StepFailure(restless(upgrade));
  }
}

// Which members are upgraded. Not for longer than `upgrade` lives.
IsDone upgraded_in(const Upgrade& upgrade) {
  return [&upgrade](const GroupMember& member) { return runs_target(upgrade, member); };
}

// The primary moves to a member that is upgraded already; the former one is a secondary then.
Task<> make_way(Workflow wf, Upgrade upgrade, Progress& progress, GroupState group) {
  const GroupMember& candidate = *candidate_of(group, upgraded_in(upgrade));
  const bool moved = co_await move_primary(wf, upgrade, the_switch(upgrade, group, candidate));
  if (!moved) count_surprise(upgrade, progress);
}

// Until the first volume is released a cancellation interrupts this, after that it does not.
Task<> upgrade_member(Workflow wf, Upgrade upgrade, Progress& progress, Member member) {
  const Workflow firm = wf.shielded();
  const Workflow stopping = progress.opened ? firm : wf;
  progress.under_way = member;
  progress.released = progress.withdrawn = false;
  const Outcome<void> ready = co_await attempt(prepare_server(stopping, upgrade, member.workload));
  if (!ready.ok() && was_replaced(*ready.failed)) {  // its successor runs the target
    progress.under_way.reset();
    count_surprise(upgrade, progress);
    co_return;
  }
  if (!ready.ok()) throw StepFailure(*ready.failed);
  co_await stopping.step(await_group, the_others(upgrade, member.workload, wf.now()));
  // One of them is evidence of all: they had the same transactions.
  if (progress.has_evidence) upgrade.backups.clear_snapshot_class();
  co_await end_server(stopping, upgrade, member.workload);
  progress.has_evidence = true;

  progress.released = true;
  co_await firm.step(release_volume, the_pod(upgrade, member.workload));
  co_await start_new_server(firm, upgrade, member.workload);
  progress.opened = true;
  progress.under_way.reset();
}

// Each round looks at the group anew, and goes on only if it is whole; just before a member is
// stopped, the others are looked at once more. So the quorum is never at risk, a member that
// somebody else has replaced counts as upgraded, and an election that we did not ask for changes
// who is next. The looks are where a cancellation is heard.
Task<> upgrade_members(Workflow wf, Upgrade upgrade, Progress& progress) {
  const Workload& set = progress.before.set();
  if (set.image() != upgrade.database.target().image()) {
    co_await wf.step(change_image, target_image(upgrade, set));
  }
  bool moved = false;
  for (;;) {
    const GroupState now = co_await wf.step(await_group, the_whole_group(upgrade, wf.now()));
    progress.opened = progress.opened || any_runs_target(upgrade, now);
    const GroupMember* next = next_member(now, upgraded_in(upgrade));
    if (next == nullptr) co_return;
    if (next->primary()) {
      if (std::exchange(moved, true)) count_surprise(upgrade, progress);
      co_await make_way(wf, upgrade, progress, now);
      continue;
    }
    co_await upgrade_member(wf, upgrade, progress, server_of(progress.before, *next));
  }
}

// Whether a pod has the target's image, or had it a moment ago: looked at before and after the
// StatefulSet gets its former image back, no pod with the target's can come unseen.
Task<bool> target_is_about(Workflow firm, Upgrade upgrade, const Progress& progress) {
  const std::string ours = progress.under_way ? progress.under_way->workload.pod_uid() : "";
  const FoundPods found = co_await firm.step(find_pods, targets_of(upgrade, progress.before, ours));
  co_return found.pods_size() > 0;
}

Task<> restore_group(Workflow firm, Upgrade upgrade, const Progress& progress) {
  if (progress.under_way) {
    co_await put_back(firm, upgrade, *progress.under_way);
  } else {
    co_await firm.step(restore_stateful_set, former_set(upgrade, progress.before.set()));
  }
}

// True: everything is as it was. False: the target is about on a member.
Task<bool> undo(Workflow firm, Upgrade upgrade, Progress& progress) {
  if (progress.opened) co_return false;
  if (progress.released) {
    std::optional<Member> withdrawn =
        co_await end_unstarted_target(firm, upgrade, *progress.under_way);
    if (!withdrawn) co_return false;
    progress.under_way = std::move(withdrawn);
    progress.withdrawn = true;
  }
  if (co_await target_is_about(firm, upgrade, progress)) co_return false;
  co_await restore_group(firm, upgrade, progress);
  if (!co_await target_is_about(firm, upgrade, progress)) co_return true;
  co_await firm.step(change_image, target_image(upgrade, progress.before.set()));
  progress.under_way.reset();
  co_return false;
}

// The member under way comes back with the target's image, as the StatefulSet has it.
Task<> let_go(Workflow firm, Upgrade upgrade, const Progress& progress) {
  if (!progress.under_way) co_return;
  const Workload& workload = progress.under_way->workload;
  if (!progress.released && !workload.claim().empty()) {
    const std::string target = upgrade.database.target().version();
    const MarkClaim mark = claim_of(upgrade, workload, target);
    const Outcome<Done> marked = co_await attempt(firm.step(mark_claim, mark));
    const bool may_go = marked.ok() || database_is_gone(*marked.failed);
    if (!may_go) throw StepFailure(*marked.failed);
  }
  co_await firm.step(unprotect_pod, the_pod(upgrade, workload));
  co_await firm.step(restore_settings, former_settings(upgrade, *progress.under_way));
}

// How the group was left when undoing failed for `then`.
Failure left_after(Workflow firm, const Upgrade& upgrade, const Progress& progress,
                   const Failure& why, const Failure& then) {
  // Nobody could see whether the target has started.
  const bool may_be_open = progress.released && !progress.withdrawn;
  if (!may_be_open || !firm.patched("say-what-is-left")) return stuck_after(why, then, upgrade);
  if (database_is_gone(then)) return stuck_after(why, then, upgrade);
  const Failure both{why.code, why.message + ". After that: " + then.message};
  return group_forward_only_after(both, upgrade, progress.under_way->workload.pod());
}

// Ends with a failure that says how the group was left.
Task<> give_up(Workflow firm, Upgrade upgrade, Progress& progress, Failure why) {
  const Outcome<bool> undone = co_await attempt(undo(firm, upgrade, progress));
  if (!undone.ok()) {
    throw StepFailure(left_after(firm, upgrade, progress, why, *undone.failed));
  }
  if (*undone.value) throw StepFailure(put_back_after(why, upgrade));
  co_await attempt(let_go(firm, upgrade, progress));
  const std::string pod = progress.under_way ? progress.under_way->workload.pod() : "";
  throw StepFailure(group_forward_only_after(why, upgrade, pod));
}

Task<UpdateResult> finish(Workflow firm, Upgrade upgrade) {
  const VerifiedGroup verified =
      co_await firm.step(verify_group, the_upgraded_group(upgrade, firm.now()));
  co_await firm.step(record_version, the_new_version(upgrade));
  co_await firm.step(await_database_ready, a_wait(upgrade, firm.now()));
  co_return the_result(upgrade, verified);
}

}  // namespace

// Before the first volume is released a failure is undone; after that the group is left serving,
// with the members that are upgraded and those that are not, and another request goes on with it. A
// cancellation is a failure like others, heard between two members.
Task<UpdateResult> upgrade_group(Workflow wf, Upgrade upgrade) {
  Progress progress;
  co_await pause_group(wf, upgrade, progress);
  const Outcome<void> upgraded = co_await attempt(upgrade_members(wf, upgrade, progress));
  const Workflow firm = wf.shielded();
  if (!upgraded.ok()) co_await give_up(firm, upgrade, progress, *upgraded.failed);
  const Outcome<UpdateResult> finished = co_await attempt(finish(firm, upgrade));
  if (!finished.ok()) {
    throw StepFailure(group_forward_only_after(*finished.failed, upgrade, ""));
  }
  co_return *finished.value;
}

}  // namespace ratchet::mysql
