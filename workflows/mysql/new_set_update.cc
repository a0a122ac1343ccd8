#include "workflows/mysql/new_set_update.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "workflows/mysql/backups.h"
#include "workflows/mysql/explain.h"
#include "workflows/mysql/gate.h"
#include "workflows/mysql/group_explain.h"
#include "workflows/mysql/member.h"
#include "workflows/mysql/move_primary.h"
#include "workflows/mysql/new_set_inputs.h"
#include "workflows/mysql/new_set_ports.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql {

using engine::attempt;
using engine::Failure;
using engine::Outcome;
using engine::StepFailure;
using engine::Task;
using engine::Workflow;

namespace {

// How far the upgrade went. Lives in upgrade_by_new_set; whoever goes on writes it.
struct Progress {
  GroupState before;                // anything was touched
  std::string set;                  // name of the new StatefulSet
  Workload former;                  // the other one; empty: it was gone before we came
  bool orphaned = false;            // that one may be gone, and its pods left alone
  bool handed_over = false;         // a member of the new set may be the primary
  std::optional<Member> under_way;  // a former one that may be protected or stopped
  std::vector<Workload> retired;    // former ones whose pods are gone
  int surprises = 0;                // that made us look again
  bool has_evidence = false;        // a snapshot of a former volume
  std::string leaving;              // the set whose members were told to give up their votes
  bool in_window = false;           // one was open when the last new member had joined
};

// Of a window, that must be left: what the move of the primary is planned to take. More could be
// more than is left when the look that follows the wait for a short window is over.
constexpr std::chrono::seconds rest_of_window{5};

// Until the primary has moved a cancellation interrupts a step, after that it does not.
Workflow interruptible(Workflow wf, const Progress& progress) {
  return progress.handed_over ? wf.shielded() : wf;
}

Task<> pause_sets(Workflow wf, Upgrade upgrade, Progress& progress) {
  co_await wf.step(pause_database, our_pause(upgrade));
  co_await wf.step(await_drained, a_wait(upgrade, wf.now()));
  co_await pause_backups(wf, upgrade);
  progress.before = co_await wf.step(inspect_group, every_member(upgrade));
  const auto crowd = too_many_members(upgrade, progress.before);
  if (crowd && wf.patched("count-members")) throw StepFailure(*crowd);
  if (const auto blocker = unfit_sets(upgrade, progress.before)) throw StepFailure(*blocker);
  progress.set = new_set_name(upgrade, progress.before);
  if (progress.before.set().stateful_set() != progress.set) {
    progress.former = progress.before.set();
  } else {  // an upgrade that was left half made goes forward
    progress.former = progress.before.former();
  }
  progress.orphaned = progress.former.stateful_set().empty();
}

void note_surprise(const Upgrade& upgrade, Progress& progress) {
  if (++progress.surprises > 2 * most_members) throw StepFailure(restless(upgrade));
}

// Makes the set, or lets it grow by one. Its pod fills its volume with a copy of a donor's data,
// made and shut down slowly by the former version; then the target's server starts, and the
// provisioner takes it into the group.
Task<> join_member(Workflow wf, Upgrade upgrade, Progress& progress, GroupState group) {
  const int ordinal = members_in(group, progress.set);
  const Workload* set = find_set(group, progress.set);
  const Workload member = new_member(progress.set, ordinal);
  if (set == nullptr) {
    co_await wf.step(create_new_set, the_set_beside(upgrade, progress.before, progress.set));
  } else {
    co_await wf.step(scale_set, scaled(upgrade, *set, ordinal + 1));
  }
  const Pod pod = co_await wf.step(await_member, ready_target(upgrade, member, wf.now()));
  co_await wf.step(verify_server, the_new_server(upgrade, member, pod, wf.now()));
}

// Of a semi-synchronous cluster: whoever goes with a vote would be waited for by every later move
// of the primary. The look at the others waits until the next one to go has none. Members of the
// other set have theirs back.
Task<> give_up_votes(Workflow wf, Upgrade upgrade, Progress& progress, std::string set) {
  if (upgrade.database.topology() != semi_sync || progress.leaving == set) co_return;
  co_await wf.step(release_votes, votes_of(upgrade, set));
  progress.leaving = set;
}

// The pods stay, and are no longer made anew. Until the primary moves the set can come back.
Task<> leave_pods_alone(Workflow wf, Upgrade upgrade, Progress& progress) {
  if (progress.orphaned) co_return;
  progress.orphaned = true;
  co_await wf.step(orphan_stateful_set, the_old_set(upgrade, progress.former));
}

// Of the first former secondary: one is evidence of all, and while there is a way back its failure
// is undone like others. The pod is held until it is there.
Task<> keep_evidence(Workflow wf, Upgrade upgrade, Progress& progress, Workload workload) {
  const bool due = !progress.has_evidence && !progress.handed_over && !workload.claim().empty();
  if (!due || upgrade.backups.snapshot_class().empty()) co_return;
  co_await wf.step(await_clean_shutdown, the_end(upgrade, workload, wf.now()));
  co_await take_evidence(wf, upgrade, workload);
  progress.has_evidence = true;
}

// A former member ends while the others are whole. Its volume stays as it is.
Task<> retire_member(Workflow wf, Upgrade upgrade, Progress& progress, Member member) {
  co_await give_up_votes(wf, upgrade, progress, member.workload.stateful_set());
  co_await leave_pods_alone(wf, upgrade, progress);
  progress.under_way = member;
  const Outcome<void> ready = co_await attempt(prepare_server(wf, upgrade, member.workload));
  if (!ready.ok() && was_replaced(*ready.failed)) {  // somebody else has ended it
    note_surprise(upgrade, progress);
  } else if (!ready.ok()) {
    throw StepFailure(*ready.failed);
  } else {
    co_await wf.step(await_group, every_other(upgrade, member.workload, wf.now()));
    co_await wf.step(retire_pod, timely_deletion(wf, upgrade, member.workload));
    co_await wf.step(await_pod_ended, the_end(upgrade, member.workload, wf.now()));
    co_await keep_evidence(wf, upgrade, progress, member.workload);
    co_await wf.step(unprotect_pod, the_pod(upgrade, member.workload));
  }
  progress.under_way.reset();
  progress.retired.push_back(member.workload);
}

// Outside of one LTS series the group elects, and only among the newest members, as no others are
// left. What the fence took away comes back by itself (group_care.h).
Task<> have_elected(Workflow wf, Upgrade upgrade, SwitchPrimary moved) {
  co_await wf.step(fence_primary, the_fence(upgrade, moved, wf.now()));
  co_await wf.step(step_down, moved);
  co_await wf.step(prove_switch, the_proof(upgrade, moved, wf.now()));
}

// The point of no return. The former primary, alone by now, ends right after it: outside of one LTS
// series it cannot join again. A semi-synchronous one may stay the primary, by somebody else's
// doing; the next look tells.
Task<> hand_over(Workflow wf, Upgrade upgrade, Progress& progress, GroupState group) {
  const GroupMember& candidate = *candidate_of(group, is_in(progress.set));
  const GroupMember& former = *primary_in(group);
  const SwitchPrimary moved = the_switch(upgrade, group, candidate);
  const Member last{.workload = former.workload(), .state = former.state()};
  const Workflow stopping = interruptible(wf, progress);
  co_await give_up_votes(stopping, upgrade, progress, last.workload.stateful_set());
  co_await stopping.step(verify_group, caught_up(upgrade, progress.set, wf.now()));
  const Workflow firm = wf.shielded();
  progress.handed_over = true;
  bool made = true;
  if (upgrade.rules.primary_is_elected()) {
    co_await have_elected(firm, upgrade, moved);
  } else {
    made = co_await move_primary(firm, upgrade, moved);
  }
  if (made) {
    co_await retire_member(firm, upgrade, progress, last);
  } else {
    progress.handed_over = false;
    note_surprise(upgrade, progress);
  }
}

// Filling the new members may take longer than the window in which that was begun. With them in and
// the former ones untouched there is no better place to wait for the next one (decision 026).
// False: it was waited for, and everything is to be looked at again.
Task<bool> is_window_open(Workflow wf, Upgrade upgrade, Progress& progress) {
  const std::string& rule = upgrade.request.window();
  if (rule.empty() || progress.in_window || progress.handed_over) co_return true;
  if (!wf.patched("window-after-filling")) co_return true;
  const bool waited = co_await await_window(wf, rule, rest_of_window);
  progress.in_window = !waited;
  co_return progress.in_window;
}

// Each round looks at the whole group anew, and goes on only if every member is ONLINE: new ones
// join while there is room, then former ones retire, secondaries by ordinal, the primary last. The
// looks are where a cancellation is heard, as long as it is.
Task<> replace_members(Workflow wf, Upgrade upgrade, Progress& progress) {
  for (;;) {
    const GroupState now = co_await interruptible(wf, progress)
                               .step(await_group, every_member_whole(upgrade, wf.now()));
    const GroupMember* primary = primary_in(now);
    if (primary != nullptr && is_in(progress.set)(*primary)) progress.handed_over = true;
    const Workflow stopping = interruptible(wf, progress);
    if (has_room(now, progress.set)) {
      progress.in_window = false;
      co_await join_member(stopping, upgrade, progress, now);
      continue;
    }
    const GroupMember* next = next_member(now, is_in(progress.set));
    if (next == nullptr) co_return;
    const bool is_open = co_await is_window_open(stopping, upgrade, progress);
    if (!is_open) continue;
    if (next->primary()) {
      co_await hand_over(wf, upgrade, progress, now);
    } else {
      const Member member{.workload = next->workload(), .state = next->state()};
      co_await retire_member(stopping, upgrade, progress, member);
    }
  }
}

// One of a semi-synchronous cluster does not go while its acknowledgement counts.
Task<> await_no_vote(Workflow firm, Upgrade upgrade, Workload workload) {
  if (upgrade.database.topology() != semi_sync) co_return;
  co_await firm.step(await_group, every_other(upgrade, workload, firm.now()));
}

// One by one, as a scaling ends them, so that the group never loses its majority.
Task<> shrink_new_set(Workflow firm, Upgrade upgrade, Workload set, int from, int to) {
  for (int left = from - 1; left >= to; --left) {
    co_await await_no_vote(firm, upgrade, new_member(set.stateful_set(), left));
    co_await firm.step(scale_set, scaled(upgrade, set, left));
    co_await firm.step(await_group, every_member_whole(upgrade, firm.now()));
  }
}

// The former set makes all its pods at once, and a tenth member would not be taken in. A pod that
// is held, though it was deleted, would keep the group from being whole.
Task<> make_room(Workflow firm, Upgrade upgrade, const Progress& progress, GroupState group,
                 int stay) {
  const Workload* set = find_set(group, progress.set);
  if (set == nullptr) co_return;
  if (progress.under_way) {
    co_await firm.step(unprotect_pod, the_pod(upgrade, progress.under_way->workload));
  }
  co_await shrink_new_set(firm, upgrade, *set, members_in(group, progress.set), stay);
}

// The former set makes the pods anew that were retired, on their volumes.
Task<> bring_back(Workflow firm, Upgrade upgrade, const Progress& progress) {
  if (progress.orphaned) {
    co_await firm.step(restore_stateful_set, former_set(upgrade, progress.former));
  }
  if (progress.under_way) co_await let_run(firm, upgrade, *progress.under_way);
  for (const Workload& workload : progress.retired) {
    co_await firm.step(await_pod_ready, a_pod(upgrade, workload, firm.now()));
  }
}

// `members`: how many it has.
Task<> remove_new_set(Workflow firm, Upgrade upgrade, const Progress& progress, GroupState group,
                      int members) {
  const Workload* set = find_set(group, progress.set);
  if (set == nullptr) co_return;
  co_await shrink_new_set(firm, upgrade, *set, members, 0);
  co_await firm.step(orphan_stateful_set, the_old_set(upgrade, *set));
  for (const GroupMember& member : group.members()) {
    const bool useless = is_in(progress.set)(member) && !member.workload().claim().empty();
    if (!useless) continue;
    co_await firm.step(retain_claim, useless_claim(upgrade, member.workload(), firm.now()));
  }
}

// True: everything is as it was. False: the new set has taken over, or nobody can tell, or the
// former set was gone before we came, or there is no room for its members.
Task<bool> undo(Workflow firm, Upgrade upgrade, Progress& progress) {
  if (progress.former.stateful_set().empty()) co_return false;
  const GroupState now = co_await firm.step(inspect_group, every_member(upgrade));
  const GroupMember* primary = primary_in(now);
  if (primary == nullptr || is_in(progress.set)(*primary)) co_return false;
  int members = members_in(now, progress.set);
  const int stay = may_stay(progress.before, progress.former.stateful_set(), members);
  const bool too_many = progress.orphaned && stay < members;
  // Those that are to make room still have votes: the way is forward.
  if (too_many && upgrade.database.topology() == semi_sync) co_return false;
  // Asked only where it matters: the undoing of a small group is the same as ever.
  if (too_many && firm.patched("room-before-return")) {
    co_await make_room(firm, upgrade, progress, now, stay);
    members = stay;
  }
  co_await give_up_votes(firm, upgrade, progress, progress.set);
  co_await bring_back(firm, upgrade, progress);
  co_await remove_new_set(firm, upgrade, progress, now, members);
  co_return true;
}

Task<> keep_claims(Workflow firm, Upgrade upgrade, std::vector<Workload> retired) {
  for (const Workload& workload : retired) {
    if (workload.claim().empty()) continue;
    co_await firm.step(retain_claim, kept_claim(upgrade, workload, firm.now()));
  }
}

// Also those that somebody else has ended.
std::vector<Workload> former_members(const Progress& progress) {
  std::vector<Workload> former;
  for (const GroupMember& member : progress.before.members()) {
    if (!is_in(progress.set)(member)) former.push_back(member.workload());
  }
  return former;
}

// A member that was about to be retired goes its way: the target does not open its volume.
Task<> unhold(Workflow firm, Upgrade upgrade, const Progress& progress) {
  if (!progress.under_way) co_return;
  co_await firm.step(unprotect_pod, the_pod(upgrade, progress.under_way->workload));
}

// One that was prepared for its end and goes on all the same does so as before.
Task<> give_settings_back(Workflow firm, Upgrade upgrade, const Progress& progress) {
  if (!progress.under_way || !firm.patched("settings-after-failure")) co_return;
  co_await firm.step(restore_settings, former_settings(upgrade, *progress.under_way));
}

// What is known of the sets stays known.
Task<> let_go(Workflow firm, Upgrade upgrade, const Progress& progress) {
  co_await unhold(firm, upgrade, progress);
  if (progress.orphaned) {
    co_await firm.step(record_set, the_name(upgrade, progress.set));
    co_await keep_claims(firm, upgrade, progress.retired);
  }
  co_await give_settings_back(firm, upgrade, progress);
}

// Ends with a failure that says how the group was left.
Task<> give_up(Workflow firm, Upgrade upgrade, Progress& progress, Failure why) {
  const Outcome<bool> undone = co_await attempt(undo(firm, upgrade, progress));
  if (!undone.ok()) {
    co_await attempt(unhold(firm, upgrade, progress));
    const Failure& then = *undone.failed;
    if (!progress.handed_over) {
      throw StepFailure(new_set_left_after(why, then, upgrade, progress.set));
    }
    const Failure both{why.code, why.message + ". After that: " + then.message};
    throw StepFailure(database_is_gone(then) ? nothing_left_after(both)
                                             : both_sets_after(both, upgrade, progress.set));
  }
  if (*undone.value) throw StepFailure(put_back_after(why, upgrade));
  co_await attempt(let_go(firm, upgrade, progress));
  throw StepFailure(both_sets_after(why, upgrade, progress.set));
}

Task<UpdateResult> finish(Workflow firm, Upgrade upgrade, const Progress& progress) {
  const VerifiedGroup verified =
      co_await firm.step(verify_group, of_every_set(upgrade, firm.now()));
  const GroupState now = co_await firm.step(inspect_group, every_member(upgrade));
  co_await firm.step(end_seeding, seeding_of(upgrade, now.set()));
  co_await firm.step(record_set, the_name(upgrade, progress.set));
  co_await keep_claims(firm, upgrade, former_members(progress));
  co_await firm.step(record_version, the_new_version(upgrade));
  co_await firm.step(await_database_ready, a_wait(upgrade, firm.now()));
  co_return the_result(upgrade, verified);
}

}  // namespace

// Before the primary moves to a member of the new set a failure is undone, and the new set goes;
// after that the only way is forward, and another request goes on. A cancellation is a failure like
// others, heard until then.
//
// No history of a run that came here is older than this: before, a group was never given a new set,
// and later a semi-synchronous cluster was not either, of which alone the votes are.
Task<UpdateResult> upgrade_by_new_set(Workflow wf, Upgrade upgrade) {
  Progress progress;
  co_await pause_sets(wf, upgrade, progress);
  const Outcome<void> replaced = co_await attempt(replace_members(wf, upgrade, progress));
  const Workflow firm = wf.shielded();
  if (!replaced.ok()) co_await give_up(firm, upgrade, progress, *replaced.failed);
  const Outcome<UpdateResult> finished = co_await attempt(finish(firm, upgrade, progress));
  if (!finished.ok()) {
    throw StepFailure(both_sets_after(*finished.failed, upgrade, progress.set));
  }
  co_return *finished.value;
}

}  // namespace ratchet::mysql
