// Stopping one server, starting its successor on the same volume, and undoing it: the parts that a
// standalone server and a member of a group have in common, and an upgrade and a restart.
//
// From prepare_server to the release of the volume the pod is protected: no other pod can open the
// volume, whoever deletes the pod.
#pragma once

#include "engine/core/workflow.h"
#include "workflows/mysql/inputs.h"
#include "workflows/mysql/ports.h"

namespace ratchet::mysql {

// Protects the pod, and leaves its server little to write at its end.
engine::Task<> prepare_server(engine::Workflow wf, Upgrade upgrade, Workload workload);

// The pod's deletion, which gives its server the time of a step to end: a slow shutdown takes as
// long as there is to purge, and a server that is killed in it was stopped for nothing.
DeletePod timely_deletion(engine::Workflow wf, const Upgrade& upgrade, const Workload& workload);

// Ends the server, with proof that it shut down cleanly, takes the snapshot of its volume that the
// upgrade wants (backups.h), and marks its claim: from then on the target version may open it.
engine::Task<> end_server(engine::Workflow wf, Upgrade upgrade, Workload workload);

// Waits for the new pod, and looks at its server and tables.
engine::Task<VerifiedServer> start_new_server(engine::Workflow wf, Upgrade upgrade,
                                              Workload workload);

// The StatefulSet, the claim, the pod and the settings are as they were. Every step looks first, so
// it does not matter how far the upgrade went, but no target server may have opened the volume. If
// that fails for good the pod stays protected; but if the database is gone, as then nobody makes
// another pod, it is let go.
engine::Task<> put_back(engine::Workflow wf, Upgrade upgrade, Member member);

// The member's pod is protected no longer, and ready with its former settings; or, if it was
// deleted meanwhile, its successor of the same image is.
engine::Task<> let_run(engine::Workflow wf, Upgrade upgrade, Member member);

// The pod that should have brought the target up is protected, and has ended. Nothing: the target's
// server was started, or there is no such pod. Else `member` with that pod: its volume is as the
// old server left it.
engine::Task<std::optional<Member>> end_unstarted_target(engine::Workflow wf, Upgrade upgrade,
                                                         Member member);

}  // namespace ratchet::mysql
