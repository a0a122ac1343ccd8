#include "workflows/mysql/member.h"

#include <string>

#include "workflows/mysql/backups.h"
#include "workflows/mysql/explain.h"

namespace ratchet::mysql {

using engine::attempt;
using engine::Outcome;
using engine::StepFailure;
using engine::Task;
using engine::Workflow;

Task<> prepare_server(Workflow wf, Upgrade upgrade, Workload workload) {
  co_await wf.step(protect_pod, the_pod(upgrade, workload));
  co_await wf.step(prepare_shutdown, the_shutdown(upgrade, workload, wf.now()));
}

DeletePod timely_deletion(Workflow wf, const Upgrade& upgrade, const Workload& workload) {
  DeletePod in = deletion(upgrade, workload);
  if (wf.patched("time-to-end")) {
    in.set_grace_seconds(upgrade.request.step_timeout_us() / 1'000'000);
  }
  return in;
}

Task<> end_server(Workflow wf, Upgrade upgrade, Workload workload) {
  co_await wf.step(delete_pod, timely_deletion(wf, upgrade, workload));
  co_await wf.step(await_clean_shutdown, the_end(upgrade, workload, wf.now()));
  if (workload.claim().empty()) co_return;
  co_await take_evidence(wf, upgrade, workload);
  const std::string target = upgrade.database.target().version();
  co_await wf.step(mark_claim, claim_of(upgrade, workload, target));
}

Task<VerifiedServer> start_new_server(Workflow wf, Upgrade upgrade, Workload workload) {
  AwaitPod new_pod = a_pod(upgrade, workload, wf.now());
  new_pod.set_image(upgrade.database.target().image());
  new_pod.set_not_uid(workload.pod_uid());
  const Pod pod = co_await wf.step(await_pod_ready, new_pod);
  co_return co_await wf.step(verify_server, the_new_server(upgrade, workload, pod, wf.now()));
}

namespace {

Task<> restore_objects(Workflow wf, Upgrade upgrade, Workload former) {
  co_await wf.step(restore_stateful_set, former_set(upgrade, former));
  if (former.claim().empty()) co_return;
  co_await wf.step(restore_claim, claim_of(upgrade, former, former.claim_version()));
}

}  // namespace

Task<> put_back(Workflow wf, Upgrade upgrade, Member member) {
  const Outcome<void> restored = co_await attempt(restore_objects(wf, upgrade, member.workload));
  if (!restored.ok()) {
    if (database_is_gone(*restored.failed)) {
      co_await wf.step(unprotect_pod, the_pod(upgrade, member.workload));
    }
    throw StepFailure(*restored.failed);
  }
  co_await let_run(wf, upgrade, member);
}

Task<> let_run(Workflow wf, Upgrade upgrade, Member member) {
  co_await wf.step(unprotect_pod, the_pod(upgrade, member.workload));
  co_await wf.step(await_pod_ready, a_pod(upgrade, member.workload, wf.now()));
  co_await wf.step(restore_settings, former_settings(upgrade, member));
}

namespace {

Task<PodState> end_pod(Workflow wf, Upgrade upgrade, Workload workload) {
  co_await wf.step(protect_pod, the_pod(upgrade, workload));
  co_await wf.step(delete_pod, deletion(upgrade, workload));
  co_return co_await wf.step(await_pod_ended, the_end(upgrade, workload, wf.now()));
}

}  // namespace

Task<std::optional<Member>> end_unstarted_target(Workflow wf, Upgrade upgrade, Member member) {
  const PodState stuck = co_await wf.step(inspect_pod, the_pod_now(upgrade, member.workload));
  if (stuck.uid().empty() || stuck.started()) co_return std::nullopt;

  member.workload.set_pod_uid(stuck.uid());
  const Outcome<PodState> ended = co_await attempt(end_pod(wf, upgrade, member.workload));
  if (ended.ok() && !ended.value->started()) co_return member;
  co_await wf.step(unprotect_pod, the_pod(upgrade, member.workload));
  co_return std::nullopt;
}

}  // namespace ratchet::mysql
