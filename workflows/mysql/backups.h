// The parts of an upgrade that are about copies of the data.
#pragma once

#include <string>

#include "engine/core/workflow.h"
#include "workflows/mysql/backup_ports.h"
#include "workflows/mysql/inputs.h"

namespace ratchet::mysql {

// Whether an upgrade has anything to do about what was seen.
bool concern_us(const Backups& backups);

// Pauses the configurations that nobody else had paused, and waits until nothing of theirs is under
// way. Throws StepFailure; resume_backups undoes it, however far it came.
engine::Task<> pause_backups(engine::Workflow wf, Upgrade upgrade);
// Resumes what was paused for this upgrade. Each is tried; throws the first StepFailure.
engine::Task<> resume_backups(engine::Workflow firm, Upgrade upgrade);

// A snapshot of the volume of a server that has shut down cleanly, ready to use, if the upgrade
// takes one. Throws StepFailure, before the volume is marked or released: all can be undone.
engine::Task<> take_evidence(engine::Workflow wf, Upgrade upgrade, Workload workload);

}  // namespace ratchet::mysql
