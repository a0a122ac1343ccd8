#include "k8s/operator/projection.h"

#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

#include "engine/core/run.h"
#include "k8s/operator/projection_words.h"
#include "k8s/operator/request_types.h"
#include "workflows/mysql/backup_ports.h"
#include "workflows/mysql/gate.h"
#include "workflows/mysql/group_ports.h"
#include "workflows/mysql/new_set_ports.h"
#include "workflows/mysql/plan.h"
#include "workflows/mysql/ports.h"
#include "workflows/mysql/scaling_ports.h"

namespace ratchet::k8s {

using engine::Event;

namespace {

bool is(const std::string& activity, const engine::ActivityInfo& info) {
  return activity == info.name;
}

// Reads one history and collects what it means.
class Reader {
 public:
  explicit Reader(bool signed_approvals) : signed_approvals_(signed_approvals) {}

  Projection read(const std::vector<engine::HistoryTurn>& history) {
    for (const engine::HistoryTurn& entry : history) {
      turn_ = entry.turn.turn;
      at_ = entry.turn.wall;
      place_ = 0;
      for (const Event& event : entry.turn.events) {
        std::visit([this](const auto& e) { on(e); }, event);
      }
    }
    return std::move(out_);
  }

 private:
  void on(const engine::RunStarted& started) {
    type_ = type_of_workflow(started.workflow);
    if (type_ == nullptr) {
      throw std::invalid_argument("no MySQLOpsRequest is answered by workflow " + started.workflow);
    }
    const RequestRun run = type_->about(started.input);
    run_id_ = started.run_id;
    out_.space = run.space;
    out_.request = run.request;
    out_.kept = started.origin->kept;
    out_.phase = "Progressing";
    out_.observed_generation = run.generation;
    database_ = run.space + "/" + run.database;
    ops_ = run.space + "/" + run.request;
    condition(type_->started);
    announce("Starting", "Start processing for MySQLOpsRequest: " + ops_);
  }

  void on(const engine::StepScheduled& step) {
    go_on();
    activities_[step.command] = step.activity;
    if (step.activity == type_->work_step) work_ = step.input;
    if (is(step.activity, mysql::pause_database.info())) {
      paused_ = true;
      out_.phase = "Progressing";
      condition(type_->begun);
      announce("Starting", "Pausing MySQL databse: " + database_);
    } else if (changes_images(step.activity)) {
      announce("Starting",
               "Upgrading MySQL images: " + database_ + " for MySQLOpsRequest: " + out_.request);
    } else if (is(step.activity, mysql::set_replicas.info())) {
      mysql::SetReplicas wanted;
      wanted.ParseFromString(step.input);
      announce("Starting", "Scaling MySQL: " + database_ + " to " +
                               std::to_string(wanted.replicas()) + " members");
    } else if (is(step.activity, mysql::delete_pod.info())) {
      mysql::DeletePod deletion;
      deletion.ParseFromString(step.input);
      announce("Starting", "Restarting Pod: " + deletion.pod() + "/" + out_.space);
    } else if (is(step.activity, mysql::retire_pod.info())) {
      mysql::DeletePod deletion;
      deletion.ParseFromString(step.input);
      announce("Starting", "Retiring Pod: " + deletion.pod() + "/" + out_.space);
    } else if (is(step.activity, mysql::retain_claim.info())) {
      announce("Retained", claim_is_kept(out_.space, step.input));
    } else if (is(step.activity, mysql::switch_primary.info()) ||
               is(step.activity, mysql::step_down.info()) ||
               is(step.activity, mysql::hand_over_primary.info())) {
      mysql::SwitchPrimary moved;
      moved.ParseFromString(step.input);
      candidate_ = moved.candidate().pod() + "/" + out_.space;
      announce("Starting", "Moving the primary of MySQL: " + database_ + " to Pod: " + candidate_);
    } else if (is(step.activity, mysql::resume_database.info())) {
      announce("Starting", "Resuming MySQL database: " + database_);
    } else if (is(step.activity, mysql::await_pod_ready.info()) && evicted_) {
      tell_pod("is pod ready", false);
    } else if (is(step.activity, mysql::pause_backup.info()) ||
               is(step.activity, mysql::resume_backup.info())) {
      mysql::PauseBackup backup;
      backup.ParseFromString(step.input);
      backups_[step.command] = backup.configuration();
    } else if (is(step.activity, mysql::take_snapshot.info())) {
      mysql::TakeSnapshot snapshot;
      snapshot.ParseFromString(step.input);
      claim_ = out_.space + "/" + snapshot.claim();
      announce("Starting", "Taking a VolumeSnapshot of PersistentVolumeClaim: " + claim_);
    }
  }

  // Another StatefulSet is made before the former one is deleted, and may be deleted itself.
  bool changes_images(const std::string& activity) {
    const bool beside = is(activity, mysql::create_new_set.info());
    if (beside) has_new_set_ = true;
    if (is(activity, mysql::orphan_stateful_set.info())) return !has_new_set_;
    return beside || is(activity, mysql::change_image.info());
  }

  void on(const engine::StepCompleted& step) {
    go_on();
    const std::string& activity = activities_[step.command];
    if (is(activity, mysql::inspect_database.info())) {
      mysql::Database database;
      database.ParseFromString(step.result);
      out_.database_uid = database.uid();
    } else if (is(activity, mysql::make_plan.info())) {
      on_plan(step.result);
    } else if (is(activity, mysql::find_window.info())) {
      on_window(step.result);
    } else if (is(activity, mysql::await_drained.info())) {
      drained_ = true;
      const std::string text = "Successfully paused MySQL database: " + database_ +
                               " for MySQLOpsRequest: " + out_.request;
      if (type_->has_plan) condition("PauseDatabase", true, "SuccessfullyPausedDatabase", text);
      announce("Successful", text);
      if (type_->begun_event != nullptr) announce("Starting", filled(type_->begun_event));
    } else if (is(activity, mysql::await_member.info())) {
      mysql::Pod joined;
      joined.ParseFromString(step.result);
      announce("Successful", "Joning new node with upgraded image: " + out_.space + "/" +
                                 joined.name());  // KubeDB's of 2021
    } else if (is(activity, mysql::prove_switch.info())) {
      announce("Successful",
               "Successfully moved the primary of MySQL: " + database_ + " to Pod: " + candidate_);
    } else if (is(activity, mysql::resume_database.info())) {
      const std::string text = "Successfully resumed MySQL database: " + database_;
      if (type_->has_plan) condition("ResumeDatabase", true, "SuccessfullyResumedDatabase", text);
      announce("Successful", text);
    } else if (is(activity, mysql::pause_backup.info())) {
      on_paused(backups_[step.command], step.result);
    } else if (is(activity, mysql::resume_backup.info())) {
      on_resumed(backups_[step.command]);
    } else if (is(activity, mysql::await_snapshot.info())) {
      on_snapshot(step.result);
    }
    if (activity == type_->work_step) {
      done_ = true;
      const DoneWords words = type_->done_by != nullptr ? type_->done_by(work_) : type_->done;
      condition(words.condition);
      announce("Successful", filled(words.event));
    }
    if (type_->tells_pods) on_pod(activity);
  }

  // The conditions of KubeDB's of 2024 and later.
  void on_paused(const mysql::BackupConfiguration& backup, const engine::Bytes& result) {
    mysql::PausedBackup paused;
    paused.ParseFromString(result);
    if (!paused.ours()) return;
    out_.paused_backups.push_back({backup.group(), backup.space(), backup.name()});
    restate("PauseBackupConfiguration", "PauseBackupConfiguration", name_of(backup) + " Paused");
  }
  void on_resumed(const mysql::BackupConfiguration& backup) {
    const auto left = std::erase_if(out_.paused_backups, [&](const HeldBackup& held) {
      return held.group == backup.group() && held.space == backup.space() &&
             held.name == backup.name();
    });
    if (left == 0) return;
    restate("ResumeBackupConfiguration", "ResumeBackupConfiguration", name_of(backup) + " resumed");
  }
  static std::string name_of(const mysql::BackupConfiguration& backup) {
    return "BackupConfiguration " + backup.space() + "/" + backup.name();
  }

  void on_snapshot(const engine::Bytes& result) {
    mysql::Snapshot snapshot;
    snapshot.ParseFromString(result);
    const std::string text = "VolumeSnapshot " + out_.space + "/" + snapshot.name() +
                             " of PersistentVolumeClaim " + claim_ +
                             " is ready to use; its server had been shut down cleanly";
    restate("BackupEvidence", "SnapshotReady", text);
    announce("Successful", text);
  }

  // KubeDB's restart has one condition for a step of all pods, and an Event for that of each.
  void on_pod(const std::string& activity) {
    if (is(activity, mysql::delete_pod.info())) {
      evicted_ = true;
      sub_step("EvictPod", "evict pod");
    } else if (is(activity, mysql::await_pod_ready.info()) && std::exchange(evicted_, false)) {
      back_ = true;
      sub_step("IsPodReady", "is pod ready");
    } else if (is(activity, mysql::await_group.info()) && std::exchange(back_, false)) {
      sub_step("IsJoinInCluster", "is join in cluster");
    } else if (is(activity, mysql::prove_switch.info())) {
      sub_step("SwitchPrimary", "switch primary");
    }
  }

  void on(const engine::RunCompleted&) {
    out_.phase = "Successful";
    condition(type_->ended);
    announce("Successful", filled(type_->ended_event));
  }

  void on(const engine::GateOpened& gate) {
    mysql::Plan plan;
    plan.ParseFromString(gate.payload);
    out_.phase = "WaitingForApproval";
    std::erase_if(out_.conditions, [](const Condition& c) { return c.type == "Approved"; });
    out_.awaited_plan = mysql::plan_hash(plan);
    restate("WaitingForApproval", "ApprovalRequired",
            how_to_approve(out_, run_id_, signed_approvals_));
    announce("WaitingForApproval", "Plan " + out_.awaited_plan + " waits for an approval");
  }

  void on(const engine::GateDecided& decided) {
    out_.decided_plans.insert(decided.payload_hash);
    out_.phase = decided.approved ? "Approved" : "Denied";
    const std::string text = (decided.approved ? "Approved by " : "Denied by ") +
                             decided.by.principal + ": plan " + out_.awaited_plan + " (" +
                             decided.by.reason + ")";
    restate(out_.phase.c_str(), decided.approved ? "PlanApproved" : "PlanDenied", text);
    announce(out_.phase.c_str(), text, !decided.approved);
    out_.awaited_plan.clear();
  }

  void on(const engine::GateRejected& rejected) {
    out_.decided_plans.insert(rejected.payload_hash);
    announce("OtherPlan",
             rejected.by.principal + " decided about another plan than the one that waits, " +
                 out_.awaited_plan + "; that does not count",
             true);
  }

  // Whoever has only kubectl must see why nothing goes on. Stalled is a failure to kstatus.
  void on(const engine::AttemptFailed& failed) {
    if (failed.attempt < 8) return;  // for half a minute
    go_on();
    condition("Retrying", true, "AttemptFailed",
              "attempt " + std::to_string(failed.attempt) + " of " + activities_[failed.command] +
                  " failed, and it is tried again: " + failed.failure.message);
  }
  void on(const engine::Probed& probed) {
    if (probed.verdict != engine::Verdict::unknown) return;
    go_on();
    condition("Stalled", true, "InDoubt",
              activities_[probed.command] + " waits for a person (ratchetctl explain " + run_id_ +
                  "): " + probed.why);
  }
  void go_on() {
    for (const char* type : {"Retrying", "Stalled"}) {
      std::erase_if(out_.conditions, [&](const Condition& c) { return c.type == type; });
    }
  }

  void on(const engine::RunFailed& failed) {
    go_on();
    out_.awaited_plan.clear();
    if (failed.failure.code == mysql::denied_code) {
      out_.phase = "Denied";
      restate("Denied", "PlanDenied", failed.failure.message);
      announce("Denied", failed.failure.message, true);
      return;
    }
    out_.phase = "Failed";
    const char* reason = drained_  ? type_->failed
                         : paused_ ? "FailedToPauseDatabase"
                                   : "OpsRequestFailedToProgressing";
    if (!done_) condition(type_->done.condition.type, false, reason, failed.failure.message);
    condition("Failed", true, reason, failed.failure.message);
    announce("Failed", failed.failure.message, true);
  }

  // A person ended the run, or gave a step its outcome: the request shows what came of it.
  void on(const engine::Terminated& ended) {
    on(engine::RunFailed{
        {"terminated", "Terminated by " + ended.by.principal + ": " + ended.by.reason +
                           ". Nothing was undone: look at the pods and the pause of " +
                           database_}});
  }
  void on(const engine::StepSkipped& step) {
    if (!step.failure) on(engine::StepCompleted{step.command, step.result, 0, false});
  }

  void on(const engine::Diverged& diverged) {
    const std::string text =
        "The code of this operator decides otherwise than the history says, so the request waits "
        "for a person: " +
        diverged.difference;
    condition("Quarantined", true, "HistoryDiverged", text);
    announce("Quarantined", text, true);
  }

  template <class Other>
  void on(const Other&) {}

  void condition(const char* type, bool holds, const char* reason, std::string message) {
    for (const Condition& known : out_.conditions) {
      if (known.type == type) return;
    }
    out_.conditions.push_back({type, holds, reason, std::move(message), at_});
  }

  void condition(const ConditionWords& words) {
    if (words.type != nullptr) condition(words.type, true, words.reason, filled(words.message));
  }

  // The message with its names in it (request_types.h).
  std::string filled(std::string message) const {
    put_name(message, "<x>", database_);
    put_name(message, "<o>", ops_);
    put_name(message, "<ops>", out_.request);
    return message;
  }

  // Such Events have their message as their reason, and are warnings.
  void tell_pod(const std::string& step, bool holds) {
    const std::string text = step + (holds ? "; ConditionStatus:True" : "; ConditionStatus:False");
    announce(text, text, true);
  }
  void sub_step(const char* type, const std::string& step) {
    condition(type, true, "", step + "; ConditionStatus:True");
    tell_pod(step, true);
  }

  // Says the latest of what can be so more than once. All of this is our addition to KubeDB's.
  void restate(const char* type, const char* reason, std::string message) {
    std::erase_if(out_.conditions, [&](const Condition& known) { return known.type == type; });
    condition(type, true, reason, std::move(message));
  }

  void on_plan(const engine::Bytes& result) {
    mysql::Plan plan;
    plan.ParseFromString(result);
    restate("Planned", "UpgradePlanned", mysql::shown_text(plan));
    announce("Planned",
             "Planned the upgrade of MySQL " + database_ + ": " + mysql::short_text(plan));
  }

  void on_window(const engine::Bytes& result) {
    mysql::FoundWindow window;
    window.ParseFromString(result);
    const engine::Time begin{engine::Duration{window.begin_us()}};
    if (begin <= at_) return;
    const std::string text = "waits for the maintenance window at " + api_time(begin);
    restate("WaitingForWindow", "OutsideOfWindow", text);
    announce("WaitingForWindow", "MySQL " + database_ + " " + text);
  }

  void announce(std::string reason, std::string message, bool warning = false) {
    out_.announcements.push_back(
        {turn_, place_++, warning, std::move(reason), std::move(message), at_});
  }

  bool signed_approvals_;
  std::string run_id_;
  Projection out_;
  const RequestType* type_ = nullptr;
  std::string database_;  // namespace/name
  std::string ops_;
  engine::Bytes work_;     // the input of the type's work_step
  std::string candidate_;  // pod/namespace of who takes over as the primary
  std::string claim_;      // namespace/name of the one that a snapshot is taken of
  std::map<engine::CommandId, std::string> activities_;
  std::map<engine::CommandId, mysql::BackupConfiguration> backups_;  // paused or resumed by them
  bool paused_ = false;
  bool drained_ = false;
  bool done_ = false;  // the type's work_step
  bool has_new_set_ = false;
  // Where the type tells of pods.
  bool evicted_ = false;  // one, whose successor is not ready yet
  bool back_ = false;     // one, not yet seen in the cluster
  std::uint32_t turn_ = 0;
  std::uint32_t place_ = 0;
  engine::Time at_{};
};

}  // namespace

Projection project(const std::vector<engine::HistoryTurn>& history, bool signed_approvals) {
  return Reader(signed_approvals).read(history);
}

}  // namespace ratchet::k8s
