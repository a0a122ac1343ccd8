// What each step of an upgrade is asked, put together from what earlier steps found out. Pure.
#pragma once

#include "engine/core/event.h"
#include "workflows/mysql/backup.pb.h"
#include "workflows/mysql/ports.pb.h"

namespace ratchet::mysql {

// What the first steps found out, and what stays fixed from then on. A restart is one to the
// version that runs (restart.cc).
struct Upgrade {
  UpdateRequest request;
  Database database;
  UpgradeRules rules;
  Backups backups;  // what is to be done about them; empty: nothing
  // What the plan pins that the catalogue does not; empty: nothing.
  ImageId target_id = {};
};

// The one server of a standalone database, as it was before anything was touched.
struct Member {
  Workload workload;
  ServerState state;
};

InspectDatabase the_database(const UpdateRequest& request);
CheckUpgrade the_way(const Database& database);
PauseDatabase our_pause(const Upgrade& upgrade);
ResumeDatabase our_resume(const Upgrade& upgrade);
InspectWorkload the_workload(const Upgrade& upgrade);
RecordVersion the_new_version(const Upgrade& upgrade);
// A wait that starts now and may take as long as the request allows.
Await a_wait(const Upgrade& upgrade, engine::Time now);
std::int64_t deadline(const Upgrade& upgrade, engine::Time now);

Server the_server(const Upgrade& upgrade, const Workload& workload);
ProtectPod the_pod(const Upgrade& upgrade, const Workload& workload);
DeletePod deletion(const Upgrade& upgrade, const Workload& workload);
AwaitEnd the_end(const Upgrade& upgrade, const Workload& workload, engine::Time now);
InspectPod the_pod_now(const Upgrade& upgrade, const Workload& workload);
// A pod of the workload's name with the former image; `not_uid` may be added.
AwaitPod a_pod(const Upgrade& upgrade, const Workload& workload, engine::Time now);

PrepareShutdown the_shutdown(const Upgrade& upgrade, const Workload& workload, engine::Time now);
RestoreSettings former_settings(const Upgrade& upgrade, const Member& member);
VerifyServer the_new_server(const Upgrade& upgrade, const Workload& workload, const Pod& pod,
                            engine::Time now);

ChangeImage target_image(const Upgrade& upgrade, const Workload& workload);
OrphanStatefulSet the_old_set(const Upgrade& upgrade, const Workload& workload);
CreateStatefulSet the_new_set(const Upgrade& upgrade, const Workload& workload);
AwaitAdoption adoption(const Upgrade& upgrade, const Workload& workload,
                       const StatefulSetRef& created, engine::Time now);
RestoreStatefulSet former_set(const Upgrade& upgrade, const Workload& workload);

MarkClaim claim_of(const Upgrade& upgrade, const Workload& workload,
                   const std::string& server_version);

}  // namespace ratchet::mysql
