// The side effects of an upgrade that are about copies of the data: those that others make are held
// off meanwhile, and one is made of the first volume that a server has left cleanly.
#pragma once

#include "workflows/mysql/backup.pb.h"
#include "workflows/mysql/ports.h"

namespace ratchet::mysql {

// What a request may say of the snapshot (annotation ratchet.dev/backup-evidence). Nothing: it is
// taken where it can be.
inline constexpr const char* evidence_required = "required";
inline constexpr const char* evidence_declined = "none";

// Nothing to do for one that is paused, or gone.
inline constexpr Activity<PauseBackup, PausedBackup> pause_backup{"pause_backup",
                                                                  Effect::conditional, bounded};
// No session of theirs is under way, whoever began it.
inline constexpr Activity<AwaitBackups, Done> await_backups_ended{"await_backups_ended",
                                                                  Effect::read, waiting};
// Takes our pause away, and only ours.
inline constexpr Activity<PauseBackup, Done> resume_backup{"resume_backup", Effect::conditional,
                                                           unbounded};

// Of a volume whose server has shut down cleanly, while nobody else can open it. That server is
// stopped as long as this takes, so it is not tried for long. Fails for good if the cluster does
// not let us.
inline constexpr Activity<TakeSnapshot, SnapshotRef> take_snapshot{
    "take_snapshot", Effect::conditional, Policy{bounded}.overall(std::chrono::minutes{5})};
// It can be used. Fails for good if the snapshot controller says for a while that it cannot be
// made.
inline constexpr Activity<AwaitSnapshot, Snapshot> await_snapshot{"await_snapshot", Effect::read,
                                                                  waiting};

}  // namespace ratchet::mysql
