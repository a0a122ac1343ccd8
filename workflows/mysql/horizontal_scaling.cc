#include "workflows/mysql/horizontal_scaling.h"

#include <cstdlib>
#include <optional>
#include <string>

#include "workflows/mysql/group_explain.h"
#include "workflows/mysql/group_inputs.h"
#include "workflows/mysql/group_ports.h"
#include "workflows/mysql/member.h"
#include "workflows/mysql/move_primary.h"
#include "workflows/mysql/restart_servers.h"
#include "workflows/mysql/scaling_explain.h"
#include "workflows/mysql/scaling_inputs.h"

namespace ratchet::mysql {

using engine::attempt;
using engine::Failure;
using engine::Outcome;
using engine::StepFailure;
using engine::Task;
using engine::Workflow;

namespace {

// How far the scaling went. Lives in scale_group.
struct Scaling {
  int from = 0;
  int to = 0;
  GroupState group;               // when it was whole last
  int members = 0;                // that are in it, and stay if nothing more succeeds
  std::optional<Member> leaving;  // may be protected
  int rounds = 0;
};

Task<Upgrade> find_group(Workflow wf, Upgrade scaling) {
  scaling.database = co_await wf.step(inspect_database, the_database(scaling.request));
  const std::string refusal = not_scalable(scaling.database);
  if (!refusal.empty()) throw StepFailure({"not_supported", refusal});
  co_return scaling;
}

Task<> look_at_group(Workflow wf, Upgrade scaling, Scaling& progress) {
  progress.group = co_await wf.step(inspect_group, the_group(scaling));
  if (progress.group.lacks_size() > 0) throw StepFailure(not_whole(scaling, progress.group));
  progress.from = progress.members = progress.group.members_size();
}

// One whose pod somebody else deletes comes back, and is looked at anew. A cancellation is heard
// until the pod's end is under way.
Task<> remove_member(Workflow wf, Upgrade scaling, Scaling& progress, Member member) {
  const Workflow firm = wf.shielded();
  progress.leaving = member;
  const Outcome<void> ready = co_await attempt(prepare_server(wf, scaling, member.workload));
  if (!ready.ok() && !was_replaced(*ready.failed)) throw StepFailure(*ready.failed);
  if (ready.ok()) {
    co_await wf.step(await_group, the_others(scaling, member.workload, wf.now()));
    const int fewer = progress.members - 1;
    co_await wf.step(set_replicas, as_many(scaling, progress.group.set(), fewer));
    progress.members = fewer;
    co_await firm.step(await_clean_shutdown, the_end(scaling, member.workload, firm.now()));
  }
  co_await firm.step(unprotect_pod, the_pod(scaling, member.workload));
  progress.leaving.reset();
}

// To the first secondary: the last member is the primary, so that one stays.
Task<> make_way(Workflow wf, Upgrade scaling, GroupState group) {
  const GroupMember& candidate = *candidate_of(group, [](const GroupMember&) { return true; });
  co_await move_primary(wf, scaling, the_switch(scaling, group, candidate));
}

void count_round(const Upgrade& scaling, Scaling& progress) {
  const int needed = std::abs(progress.to - progress.from);
  if (++progress.rounds > 3 * (needed + 1)) throw StepFailure(restless_members(scaling));
}

// One member more or less a round. Each looks at the group anew, and goes on only if it is whole:
// so a new member is ONLINE before the next one comes, and no member leaves while another is
// missing. The looks are where a cancellation is heard.
Task<> scale_members(Workflow wf, Upgrade scaling, Scaling& progress) {
  for (;;) {
    progress.group = co_await wf.step(await_group, the_whole_group(scaling, wf.now()));
    progress.members = progress.group.members_size();
    if (progress.members == progress.to) co_return;
    count_round(scaling, progress);
    const GroupMember& last = progress.group.members(progress.members - 1);
    if (progress.members < progress.to) {
      const int more = progress.members + 1;
      co_await wf.step(set_replicas, as_many(scaling, progress.group.set(), more));
    } else if (last.primary()) {
      co_await make_way(wf, scaling, progress.group);
    } else {
      co_await remove_member(wf, scaling, progress, server_of(progress.group, last));
    }
  }
}

// The member that was about to leave stays, or its pod goes its way.
Task<> let_leaving_go(Workflow firm, Upgrade scaling, const Scaling& progress) {
  if (!progress.leaving) co_return;
  const bool stays = progress.members == progress.group.members_size();
  if (stays) {
    co_await let_run(firm, scaling, *progress.leaving);
  } else {
    co_await firm.step(unprotect_pod, the_pod(scaling, progress.leaving->workload));
  }
}

// The group keeps the members that it came to: one that did not come into it goes, one that was
// about to leave stays, and may take as long as a step may: the spec is true before that. None is
// held for what fails here: whoever opens its volume next has its version.
Task<> settle(Workflow firm, Upgrade scaling, Scaling& progress) {
  const SetReplicas reached = as_many(scaling, progress.group.set(), progress.members);
  const Outcome<Done> restored = co_await attempt(firm.step(restore_replicas, reached));
  if (!restored.ok()) {
    if (progress.leaving) {
      co_await attempt(firm.step(unprotect_pod, the_pod(scaling, progress.leaving->workload)));
    }
    throw StepFailure(*restored.failed);
  }
  const RecordReplicas kept = recorded(scaling, progress.members, progress.from);
  if (!progress.leaving || !firm.patched("spec-before-member")) {
    co_await let_leaving_go(firm, scaling, progress);
    co_await firm.step(keep_replicas, kept);
    co_return;
  }
  const Outcome<Done> said = co_await attempt(firm.step(keep_replicas, kept));
  co_await let_leaving_go(firm, scaling, progress);
  if (!said.ok()) throw StepFailure(*said.failed);
}

Task<> give_up(Workflow firm, Upgrade scaling, Scaling& progress, Failure why) {
  const Outcome<void> settled = co_await attempt(settle(firm, scaling, progress));
  if (!settled.ok()) {
    throw StepFailure(not_settled(why, *settled.failed, scaling, progress.members));
  }
  throw StepFailure(scaled_so_far(why, scaling, progress.members, progress.from));
}

Task<HorizontalScalingResult> scale_group(Workflow wf, Upgrade scaling, int to) {
  Scaling progress;
  progress.to = to;
  co_await pause_and_drain(wf, scaling);
  co_await look_at_group(wf, scaling, progress);
  const Outcome<void> scaled = co_await attempt(scale_members(wf, scaling, progress));
  const Workflow firm = wf.shielded();
  if (!scaled.ok()) co_await give_up(firm, scaling, progress, *scaled.failed);
  const Outcome<Done> said =
      co_await attempt(firm.step(record_replicas, recorded(scaling, to, progress.from)));
  if (!said.ok()) throw StepFailure(unsaid_after(*said.failed, scaling, "spec.replicas"));
  co_await firm.step(await_database_ready, a_wait(scaling, firm.now()));
  HorizontalScalingResult result;
  result.set_from_members(progress.from);
  result.set_to_members(to);
  co_return result;
}

}  // namespace

// While the database is paused the provisioner takes new members in, by what the StatefulSet says,
// and leaves the spec alone. Members leave from the end, after the primary has moved away from
// there. Whatever happens, what the group came to is in the spec, and the database is resumed.
Task<HorizontalScalingResult> horizontal_scaling(Workflow wf, HorizontalScalingRequest request) {
  const Upgrade scaling = co_await find_group(wf, to_what_runs(request));
  const Outcome<HorizontalScalingResult> outcome =
      co_await attempt(scale_group(wf, scaling, request.members()));
  co_return co_await resume_after(wf, scaling, outcome);
}

}  // namespace ratchet::mysql
