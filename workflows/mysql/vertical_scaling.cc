#include "workflows/mysql/vertical_scaling.h"

#include <optional>
#include <string>

#include "workflows/mysql/member.h"
#include "workflows/mysql/restart_servers.h"
#include "workflows/mysql/scaling_explain.h"
#include "workflows/mysql/scaling_inputs.h"

namespace ratchet::mysql {

using engine::attempt;
using engine::Outcome;
using engine::StepFailure;
using engine::Task;
using engine::Workflow;

namespace {

Task<> resize_servers(Workflow wf, Upgrade scaling, Restarting& progress, std::string resources) {
  const Workload& set = progress.set(scaling);
  co_await wf.step(change_resources, new_resources(scaling, set, resources));
  co_await restart_servers(wf, scaling, progress);
}

// A server that never started with the new resources, say because no node has room for it, starts
// with the former ones: this is the name of its pod. One that started is left alone: nobody knows
// what it is at.
Task<std::string> take_back(Workflow firm, Upgrade scaling, Restarting& progress) {
  const Workload& set = progress.set(scaling);
  co_await firm.step(restore_resources, former_resources(scaling, set));
  if (!progress.awaited) co_return "";
  const std::optional<Member> stuck =
      co_await end_unstarted_target(firm, scaling, *progress.awaited);
  if (!stuck) co_return "";
  co_await let_run(firm, scaling, *stuck);
  co_return stuck->workload.pod();
}

Task<VerticalScalingResult> scale_servers(Workflow wf, Upgrade scaling, std::string resources) {
  Restarting progress;
  co_await pause_and_drain(wf, scaling);
  co_await inspect_servers(wf, scaling, progress);
  const Outcome<void> resized = co_await attempt(resize_servers(wf, scaling, progress, resources));
  const Workflow firm = wf.shielded();
  if (!resized.ok()) {
    const Outcome<std::string> undone = co_await attempt(take_back(firm, scaling, progress));
    throw StepFailure(undone.ok()
                          ? former_resources_after(*resized.failed, scaling, *undone.value)
                          : resources_stuck_after(*resized.failed, *undone.failed, scaling));
  }
  const Outcome<Done> said =
      co_await attempt(firm.step(record_resources, recorded(scaling, resources)));
  if (!said.ok()) throw StepFailure(unsaid_after(*said.failed, scaling, "spec.podTemplate"));
  co_await firm.step(await_database_ready, a_wait(scaling, firm.now()));
  VerticalScalingResult result;
  *result.mutable_pods() = progress.done.pods();
  co_return result;
}

}  // namespace

// The StatefulSet gets the resources, then its servers are restarted as by a restart
// (restart_servers.h), then the database object says so too. Until then a failure or a cancellation
// takes the resources back; whatever happens, the database is resumed.
Task<VerticalScalingResult> vertical_scaling(Workflow wf, VerticalScalingRequest request) {
  const Upgrade scaling = co_await find_restartable(wf, to_what_runs(request));
  const Outcome<VerticalScalingResult> outcome =
      co_await attempt(scale_servers(wf, scaling, request.resources()));
  co_return co_await resume_after(wf, scaling, outcome);
}

}  // namespace ratchet::mysql
