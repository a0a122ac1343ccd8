#include "workflows/mysql/inputs.h"

#include "workflows/mysql/image_id.h"

namespace ratchet::mysql {

namespace {

// A message that starts with the database's name.
template <class Message>
Message about(const Upgrade& upgrade) {
  Message message;
  *message.mutable_database() = upgrade.request.database();
  return message;
}

template <class Message>
Message about_pod(const Upgrade& upgrade, const Workload& workload) {
  Message message = about<Message>(upgrade);
  message.set_pod(workload.pod());
  message.set_pod_uid(workload.pod_uid());
  return message;
}

}  // namespace

InspectDatabase the_database(const UpdateRequest& request) {
  InspectDatabase in;
  *in.mutable_database() = request.database();
  in.set_target_version(request.target_version());
  return in;
}

CheckUpgrade the_way(const Database& database) {
  CheckUpgrade in;
  *in.mutable_database() = database;
  return in;
}

PauseDatabase our_pause(const Upgrade& upgrade) {
  auto in = about<PauseDatabase>(upgrade);
  in.set_uid(upgrade.database.uid());
  in.set_request(upgrade.request.request());
  return in;
}

ResumeDatabase our_resume(const Upgrade& upgrade) {
  auto in = about<ResumeDatabase>(upgrade);
  in.set_uid(upgrade.database.uid());
  return in;
}

InspectWorkload the_workload(const Upgrade& upgrade) {
  auto in = about<InspectWorkload>(upgrade);
  in.set_uid(upgrade.database.uid());
  return in;
}

RecordVersion the_new_version(const Upgrade& upgrade) {
  auto in = about<RecordVersion>(upgrade);
  in.set_uid(upgrade.database.uid());
  in.set_to_version(upgrade.database.target().name());
  return in;
}

std::int64_t deadline(const Upgrade& upgrade, engine::Time now) {
  return now.time_since_epoch().count() + upgrade.request.step_timeout_us();
}

Await a_wait(const Upgrade& upgrade, engine::Time now) {
  auto in = about<Await>(upgrade);
  in.set_uid(upgrade.database.uid());
  in.set_deadline_us(deadline(upgrade, now));
  return in;
}

Server the_server(const Upgrade& upgrade, const Workload& workload) {
  auto in = about_pod<Server>(upgrade, workload);
  in.set_auth_secret(upgrade.database.auth_secret());
  return in;
}

ProtectPod the_pod(const Upgrade& upgrade, const Workload& workload) {
  return about_pod<ProtectPod>(upgrade, workload);
}

DeletePod deletion(const Upgrade& upgrade, const Workload& workload) {
  return about_pod<DeletePod>(upgrade, workload);
}

AwaitEnd the_end(const Upgrade& upgrade, const Workload& workload, engine::Time now) {
  auto in = about_pod<AwaitEnd>(upgrade, workload);
  in.set_deadline_us(deadline(upgrade, now));
  if (upgrade.rules.slow_shutdown()) in.set_container_id(workload.container_id());
  return in;
}

InspectPod the_pod_now(const Upgrade& upgrade, const Workload& workload) {
  auto in = about<InspectPod>(upgrade);
  in.set_pod(workload.pod());
  return in;
}

AwaitPod a_pod(const Upgrade& upgrade, const Workload& workload, engine::Time now) {
  auto in = about<AwaitPod>(upgrade);
  in.set_pod(workload.pod());
  in.set_image(workload.image());
  in.set_deadline_us(deadline(upgrade, now));
  return in;
}

PrepareShutdown the_shutdown(const Upgrade& upgrade, const Workload& workload, engine::Time now) {
  PrepareShutdown in;
  *in.mutable_server() = the_server(upgrade, workload);
  in.set_slow(upgrade.rules.slow_shutdown());
  in.set_deadline_us(deadline(upgrade, now));
  return in;
}

RestoreSettings former_settings(const Upgrade& upgrade, const Member& member) {
  RestoreSettings in;
  *in.mutable_server() = the_server(upgrade, member.workload);
  *in.mutable_former() = member.state;
  return in;
}

VerifyServer the_new_server(const Upgrade& upgrade, const Workload& workload, const Pod& pod,
                            engine::Time now) {
  VerifyServer in;
  *in.mutable_server() = the_server(upgrade, workload);
  in.mutable_server()->set_pod_uid(pod.uid());
  in.set_version(upgrade.database.target().version());
  if (is_known(upgrade.target_id)) *in.mutable_image_id() = upgrade.target_id;
  in.set_deadline_us(deadline(upgrade, now));
  return in;
}

ChangeImage target_image(const Upgrade& upgrade, const Workload& workload) {
  auto in = about<ChangeImage>(upgrade);
  in.set_stateful_set(workload.stateful_set());
  in.set_stateful_set_uid(workload.stateful_set_uid());
  in.set_image(upgrade.database.target().image());
  return in;
}

OrphanStatefulSet the_old_set(const Upgrade& upgrade, const Workload& workload) {
  auto in = about<OrphanStatefulSet>(upgrade);
  in.set_stateful_set(workload.stateful_set());
  in.set_stateful_set_uid(workload.stateful_set_uid());
  return in;
}

CreateStatefulSet the_new_set(const Upgrade& upgrade, const Workload& workload) {
  auto in = about<CreateStatefulSet>(upgrade);
  in.set_manifest(workload.manifest());
  in.set_image(upgrade.database.target().image());
  return in;
}

AwaitAdoption adoption(const Upgrade& upgrade, const Workload& workload,
                       const StatefulSetRef& created, engine::Time now) {
  auto in = about_pod<AwaitAdoption>(upgrade, workload);
  *in.mutable_stateful_set() = created;
  in.set_deadline_us(deadline(upgrade, now));
  return in;
}

RestoreStatefulSet former_set(const Upgrade& upgrade, const Workload& workload) {
  auto in = about<RestoreStatefulSet>(upgrade);
  in.set_manifest(workload.manifest());
  in.set_image(workload.image());
  return in;
}

MarkClaim claim_of(const Upgrade& upgrade, const Workload& workload,
                   const std::string& server_version) {
  auto in = about<MarkClaim>(upgrade);
  in.set_claim(workload.claim());
  in.set_claim_uid(workload.claim_uid());
  in.set_server_version(server_version);
  return in;
}

}  // namespace ratchet::mysql
