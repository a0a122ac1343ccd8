#include "workflows/mysql/update_version.h"

#include <optional>
#include <utility>

#include "workflows/mysql/backups.h"
#include "workflows/mysql/explain.h"
#include "workflows/mysql/gate.h"
#include "workflows/mysql/group_update.h"
#include "workflows/mysql/horizontal_scaling.h"
#include "workflows/mysql/inputs.h"
#include "workflows/mysql/member.h"
#include "workflows/mysql/new_set_update.h"
#include "workflows/mysql/restart.h"
#include "workflows/mysql/vertical_scaling.h"

namespace ratchet::mysql {

using engine::attempt;
using engine::Failure;
using engine::Outcome;
using engine::StepFailure;
using engine::Task;
using engine::Workflow;

namespace {

Task<Upgrade> check(Workflow wf, UpdateRequest request) {
  Upgrade upgrade{.request = request, .database = {}, .rules = {}, .backups = {}};
  upgrade.database = co_await wf.step(inspect_database, the_database(request));
  upgrade.rules = co_await wf.step(check_upgrade, the_way(upgrade.database));
  if (upgrade.rules.blockers_size() > 0) throw StepFailure(not_supported(upgrade));
  if (wf.patched("look-before")) upgrade = co_await look_before(wf, upgrade);
  co_return upgrade;
}

Task<Member> pause(Workflow wf, Upgrade upgrade) {
  co_await wf.step(pause_database, our_pause(upgrade));
  co_await wf.step(await_drained, a_wait(upgrade, wf.now()));
  co_await pause_backups(wf, upgrade);

  Member member;
  member.workload = co_await wf.step(inspect_workload, the_workload(upgrade));
  member.state = co_await wf.step(inspect_server, the_server(upgrade, member.workload));
  if (const auto blocker = unfit(upgrade, member)) throw StepFailure(*blocker);
  co_return member;
}

// Patch and minor: the StatefulSet gets the image. Major: a new StatefulSet of the same name takes
// the pod over. Neither restarts anything: the update strategy is OnDelete.
Task<> change_stateful_set(Workflow wf, Upgrade upgrade, Workload workload) {
  if (!upgrade.rules.new_stateful_set()) {
    co_await wf.step(change_image, target_image(upgrade, workload));
    co_return;
  }
  co_await wf.step(orphan_stateful_set, the_old_set(upgrade, workload));
  const StatefulSetRef created =
      co_await wf.step(create_stateful_set, the_new_set(upgrade, workload));
  co_await wf.step(await_adoption, adoption(upgrade, workload, created, wf.now()));
}

// While the pod is protected no other pod can open its volume, whoever deletes it.
Task<> stop_old_server(Workflow wf, Upgrade upgrade, Workload workload) {
  co_await prepare_server(wf, upgrade, workload);
  co_await change_stateful_set(wf, upgrade, workload);
  co_await end_server(wf, upgrade, workload);
}

// How the database is left if the target does not come up for `why`. If its server was never
// started (its image cannot be pulled, say) the volume is as the old server left it, which is put
// back.
Task<Failure> withdraw_target(Workflow wf, Upgrade upgrade, Member member, Failure why) {
  const Outcome<std::optional<Member>> withdrawn =
      co_await attempt(end_unstarted_target(wf, upgrade, std::move(member)));
  if (!withdrawn.ok() || !withdrawn.value->has_value()) co_return forward_only_after(why, upgrade);
  const Outcome<void> undone = co_await attempt(put_back(wf, upgrade, **withdrawn.value));
  if (undone.ok()) co_return put_back_after(why, upgrade);
  if (!wf.patched("say-what-is-left")) co_return forward_only_after(why, upgrade);
  co_return stuck_after(why, *undone.failed, upgrade);
}

Task<UpdateResult> upgrade_server(Workflow wf, Upgrade upgrade) {
  const Member member = co_await pause(wf, upgrade);

  const Outcome<void> stopped = co_await attempt(stop_old_server(wf, upgrade, member.workload));
  const Workflow firm = wf.shielded();  // goes on even if the run is cancelled
  if (!stopped.ok()) {
    const Outcome<void> undone = co_await attempt(put_back(firm, upgrade, member));
    throw StepFailure(undone.ok() ? put_back_after(*stopped.failed, upgrade)
                                  : stuck_after(*stopped.failed, *undone.failed, upgrade));
  }

  // Point of no return: from here on the target version may open the volume.
  co_await firm.step(release_volume, the_pod(upgrade, member.workload));

  const Outcome<VerifiedServer> started =
      co_await attempt(start_new_server(firm, upgrade, member.workload));
  if (!started.ok()) {
    const Failure left = co_await withdraw_target(firm, upgrade, member, *started.failed);
    throw StepFailure(left);
  }
  co_await firm.step(record_version, the_new_version(upgrade));
  co_await firm.step(await_database_ready, a_wait(upgrade, wf.now()));
  co_return the_result(upgrade, *started.value);
}

Task<UpdateResult> upgrade_database(Workflow wf, Upgrade upgrade) {
  if (upgrade.database.standalone()) co_return co_await upgrade_server(wf, upgrade);
  if (upgrade.rules.new_stateful_set()) co_return co_await upgrade_by_new_set(wf, upgrade);
  co_return co_await upgrade_group(wf, upgrade);
}

Failure with_paused_backups(const Failure& why, const Outcome<void>& backups) {
  if (backups.ok()) return why;
  return {why.code, why.message + ". After that: " + backups.failed->message};
}

}  // namespace

// Upgrades a standalone server, or a group or semi-synchronous cluster member by member
// (group_update.h), in place, on its own volume; or one of the latter two by another StatefulSet
// (new_set_update.h).
//
// The old version cannot read what the new one has opened. So nothing is touched before the way is
// known to be open; until the volume is released everything is undone on a failure; after that the
// only way is forward. Whatever happens, the database is resumed, and then the backups that were
// paused for it. A cancellation is a failure like others until the volume is released, and does
// nothing after that.
Task<UpdateResult> update_version(Workflow wf, UpdateRequest request) {
  const Upgrade upgrade = co_await check(wf, request);
  const Outcome<UpdateResult> outcome = co_await attempt(upgrade_database(wf, upgrade));
  const Workflow firm = wf.shielded();
  const Outcome<Done> resumed = co_await attempt(firm.step(resume_database, our_resume(upgrade)));
  const Outcome<void> backups = co_await attempt(resume_backups(firm, upgrade));
  if (!resumed.ok()) throw StepFailure(with_paused_backups(*resumed.failed, backups));
  if (!outcome.ok()) throw StepFailure(with_paused_backups(*outcome.failed, backups));
  if (!backups.ok()) throw StepFailure(*backups.failed);
  co_return *outcome.value;
}

void add_workflows(engine::Registry& registry) {
  registry.add<UpdateRequest, UpdateResult>(update_version_name, update_version_version,
                                            update_version);
  registry.add<RestartRequest, RestartResult>(restart_name, restart_version, restart);
  registry.add<HorizontalScalingRequest, HorizontalScalingResult>(
      horizontal_scaling_name, horizontal_scaling_version, horizontal_scaling);
  registry.add<VerticalScalingRequest, VerticalScalingResult>(
      vertical_scaling_name, vertical_scaling_version, vertical_scaling);
}

}  // namespace ratchet::mysql
