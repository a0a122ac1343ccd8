#include "workflows/mysql/backups.h"

#include <optional>

namespace ratchet::mysql {

using engine::attempt;
using engine::Failure;
using engine::Outcome;
using engine::StepFailure;
using engine::Task;
using engine::Workflow;

namespace {

PauseBackup the_backup(const Upgrade& upgrade, const BackupConfiguration& configuration) {
  PauseBackup in;
  *in.mutable_database() = upgrade.request.database();
  *in.mutable_configuration() = configuration;
  return in;
}

AwaitBackups the_sessions(const Upgrade& upgrade, engine::Time now) {
  AwaitBackups in;
  *in.mutable_database() = upgrade.request.database();
  *in.mutable_configurations() = upgrade.backups.configurations();
  in.set_deadline_us(deadline(upgrade, now));
  return in;
}

TakeSnapshot the_snapshot(const Upgrade& upgrade, const Workload& workload) {
  TakeSnapshot in;
  *in.mutable_database() = upgrade.request.database();
  in.set_claim(workload.claim());
  in.set_claim_uid(workload.claim_uid());
  in.set_snapshot_class(upgrade.backups.snapshot_class());
  in.set_server_version(upgrade.backups.server_version());
  return in;
}

}  // namespace

bool concern_us(const Backups& backups) {
  return !backups.snapshot_class().empty() || backups.configurations_size() > 0;
}

Task<> pause_backups(Workflow wf, Upgrade upgrade) {
  if (upgrade.backups.configurations_size() == 0) co_return;
  for (const BackupConfiguration& configuration : upgrade.backups.configurations()) {
    if (configuration.paused()) continue;
    co_await wf.step(pause_backup, the_backup(upgrade, configuration));
  }
  // One may have begun since the look, and one of a paused configuration by hand.
  co_await wf.step(await_backups_ended, the_sessions(upgrade, wf.now()));
}

Task<> resume_backups(Workflow firm, Upgrade upgrade) {
  std::optional<Failure> failed;
  for (const BackupConfiguration& configuration : upgrade.backups.configurations()) {
    if (configuration.paused()) continue;
    const Outcome<Done> resumed =
        co_await attempt(firm.step(resume_backup, the_backup(upgrade, configuration)));
    if (!resumed.ok() && !failed) failed = resumed.failed;
  }
  if (failed) throw StepFailure(*failed);
}

Task<> take_evidence(Workflow wf, Upgrade upgrade, Workload workload) {
  if (upgrade.backups.snapshot_class().empty()) co_return;
  AwaitSnapshot in;
  *in.mutable_database() = upgrade.request.database();
  *in.mutable_snapshot() = co_await wf.step(take_snapshot, the_snapshot(upgrade, workload));
  in.set_deadline_us(deadline(upgrade, wf.now()));
  co_await wf.step(await_snapshot, in);
}

}  // namespace ratchet::mysql
