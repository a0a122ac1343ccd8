// The side effects of the MySQL workflows, in a DBA's words. Adapters register handlers for them
// (k8s/adapters), tests register fakes. docs/EFFECTS.md says why each has its class.
//
// One activity makes at most one write to the API server, so that each write in an audit log has
// one intent in the history. Every write names the uid that it is meant for and the version it was
// decided on, and leaves `<run id>.<command>` on the object, so that a probe can tell whose it is.
//
// Waits are one long activity each: how long is in their input (from the request), so the attempt
// itself may take a day. Before the point of no return a step that cannot get through gives up
// after 20 minutes and the upgrade is undone; after it, and while undoing, it never gives up.
#pragma once

#include <chrono>

#include "engine/core/activity.h"
#include "workflows/mysql/ports.pb.h"

namespace ratchet::mysql {

using engine::Activity;
using engine::Effect;
using engine::Policy;

inline constexpr Policy bounded =
    Policy{}
        .overall(std::chrono::minutes{20})
        .backoff(std::chrono::milliseconds{500}, std::chrono::seconds{10});
inline constexpr Policy unbounded =
    Policy{}.backoff(std::chrono::milliseconds{500}, std::chrono::seconds{30});
inline constexpr Policy waiting =
    Policy{}
        .each(std::chrono::hours{24})
        .backoff(std::chrono::milliseconds{500}, std::chrono::seconds{10});

// The code with which a step fails for good once the database object is gone, or another one has
// its name: nobody can do it any more. Not those that let something go, or end the pause: they are
// done then.
inline constexpr const char* database_gone_code = "database_gone";

// Before anything is touched.

// The database object and, if a target is named, its versions' catalogue entries. Fails for good if
// one is missing.
inline constexpr Activity<InspectDatabase, Database> inspect_database{"inspect_database",
                                                                      Effect::read, bounded};
// Whether the server's rules and the catalogue's constraints allow this way, and how to go it.
inline constexpr Activity<CheckUpgrade, UpgradeRules> check_upgrade{"check_upgrade", Effect::read,
                                                                    bounded};

// Pausing is a barrier: after both nobody else changes the database's objects.

inline constexpr Activity<PauseDatabase, Done> pause_database{"pause_database", Effect::conditional,
                                                              bounded};
// The provisioner has finished its work in flight, or there is none.
inline constexpr Activity<Await, Done> await_drained{"await_drained", Effect::read, waiting};
// Fails for good if the workload is not one that can be upgraded in place.
inline constexpr Activity<InspectWorkload, Workload> inspect_workload{"inspect_workload",
                                                                      Effect::read, bounded};
inline constexpr Activity<Server, ServerState> inspect_server{"inspect_server", Effect::read,
                                                              bounded};

// Stopping the old server. All of it can be undone.

// From here to release_volume or unprotect_pod the pod's name stays taken, whoever deletes the
// pod: no other pod can open the volume, and how the server ended stays readable.
inline constexpr Activity<ProtectPod, Done> protect_pod{"protect_pod", Effect::conditional,
                                                        bounded};
// The server will leave nothing behind in its redo log (slow), and little to write (always).
inline constexpr Activity<PrepareShutdown, Done> prepare_shutdown{
    "prepare_shutdown", Effect::idempotent,
    Policy{bounded}.each(std::chrono::minutes{30}).overall(std::chrono::hours{1})};
inline constexpr Activity<ChangeImage, Done> change_image{"change_image", Effect::conditional,
                                                          bounded};
// Deletes the StatefulSet and leaves its pod alone; done when the StatefulSet is gone.
inline constexpr Activity<OrphanStatefulSet, Done> orphan_stateful_set{
    "orphan_stateful_set", Effect::conditional, bounded};
inline constexpr Activity<CreateStatefulSet, StatefulSetRef> create_stateful_set{
    "create_stateful_set", Effect::conditional, bounded};
inline constexpr Activity<AwaitAdoption, Done> await_adoption{"await_adoption", Effect::read,
                                                              waiting};
// The outage begins. No anchor, no outage.
inline constexpr auto delete_pod =
    Activity<DeletePod, Done>{"delete_pod", Effect::conditional, bounded}.irreversible();
// Fails for good if the server did not end by itself with exit code 0.
inline constexpr Activity<AwaitEnd, ShutdownProof> await_clean_shutdown{"await_clean_shutdown",
                                                                        Effect::read, waiting};
// Says on the claim which server version may have opened the volume: nobody may start an older.
inline constexpr Activity<MarkClaim, Done> mark_claim{"mark_claim", Effect::conditional, bounded};

// The point of no return: the target version may open the volume.
inline constexpr auto release_volume =
    Activity<ProtectPod, Done>{"release_volume", Effect::conditional, unbounded}.irreversible();

// After it.

inline constexpr Activity<AwaitPod, Pod> await_pod_ready{"await_pod_ready", Effect::read, waiting};
inline constexpr Activity<VerifyServer, VerifiedServer> verify_server{"verify_server", Effect::read,
                                                                      waiting};
inline constexpr Activity<RecordVersion, Done> record_version{"record_version", Effect::conditional,
                                                              unbounded};
// The provisioner's health check sees the database ready.
inline constexpr Activity<Await, Done> await_database_ready{"await_database_ready", Effect::read,
                                                            waiting};
// Removes our pause, and only ours.
inline constexpr Activity<ResumeDatabase, Done> resume_database{"resume_database",
                                                                Effect::conditional, unbounded};

// When the target does not come up: did its server ever start?

inline constexpr Activity<InspectPod, PodState> inspect_pod{"inspect_pod", Effect::read, bounded};
// The pod's containers have ended, or were never created.
inline constexpr Activity<AwaitEnd, PodState> await_pod_ended{"await_pod_ended", Effect::read,
                                                              waiting};

// Undoing. Each looks first and changes nothing that is already as it was.

inline constexpr Activity<RestoreStatefulSet, Done> restore_stateful_set{
    "restore_stateful_set", Effect::conditional, unbounded};
inline constexpr Activity<MarkClaim, Done> restore_claim{"restore_claim", Effect::conditional,
                                                         unbounded};
inline constexpr Activity<ProtectPod, Done> unprotect_pod{"unprotect_pod", Effect::conditional,
                                                          unbounded};
inline constexpr Activity<RestoreSettings, Done> restore_settings{"restore_settings",
                                                                  Effect::idempotent, bounded};

}  // namespace ratchet::mysql
