#include "tests/workflows/fake_database.h"

#include <algorithm>
#include <utility>

#include "workflows/mysql/image_id.h"
#include "workflows/mysql/plan.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql::testing {

using engine::Handlers;
using engine::Host;

FakeDatabase::FakeDatabase(std::string name, std::string from, std::string to)
    : version(from), from_(std::move(from)), to_(std::move(to)), name_(std::move(name)) {}

UpdateRequest FakeDatabase::request() const {
  UpdateRequest request;
  request.mutable_database()->set_space("demo");
  request.mutable_database()->set_name(name_);
  request.set_request("upgrade");
  request.set_target_version(to_);
  request.set_step_timeout_us(1'200'000'000);
  request.set_generation(1);
  request.set_needs_approval(needs_approval);
  request.set_window(window);
  return request;
}

// One pod a member, as it may be there once.
void FakeDatabase::serve_image_checks(Handlers& handlers, Host& host) {
  const auto check_of = [](const StartImageCheck& in) {
    ImageCheck check;
    check.set_space(in.space());
    check.set_pod(in.member() + "-image");
    check.set_node("node-of-" + in.member());
    return check;
  };
  on<StartImageCheck, ImageCheck>(
      handlers, host, start_image_check,
      [this, check_of](const Info& info, const StartImageCheck& in) {
        const ImageCheck check = check_of(in);
        if (image_checks.contains(check.pod())) throw Refusal{{"left", "it is there from before"}};
        image_checks[check.pod()] = mark_of(info);
        ++checked_images;
        return check;
      },
      [this, check_of](const Info& info, const StartImageCheck& in) {
        const ImageCheck check = check_of(in);
        const auto found = image_checks.find(check.pod());
        return when<ImageCheck>(found != image_checks.end() && found->second == mark_of(info),
                                check);
      });
  on<AwaitImageCheck, ImageSeen>(handlers, host, await_image_check,
                                 [this](const Info&, const AwaitImageCheck& in) {
                                   ImageSeen seen;
                                   seen.set_trouble(image_trouble);
                                   if (image_ids.empty()) return seen;
                                   const std::string pod = in.check().pod();
                                   auto told = image_ids.find(pod.substr(0, pod.rfind('-')));
                                   if (told == image_ids.end()) told = image_ids.find("");
                                   if (told == image_ids.end()) return seen;
                                   *seen.mutable_image_id() = image_id_of(told->second);
                                   return seen;
                                 });
  on<ImageCheck, Done>(
      handlers, host, remove_image_check,
      [this](const Info&, const ImageCheck& in) {
        image_checks.erase(in.pod());
        return Done{};
      },
      [this](const Info&, const ImageCheck& in) {
        return when<Done>(!image_checks.contains(in.pod()));
      });
}

void FakeDatabase::expect_image(const ImageId& wanted) {
  if (is_known(wanted)) pinned.insert(wanted.digest());
  if (!are_different(wanted, image_id_of(started_id))) return;
  throw Refusal{{"other_image", "the plan pins " + wanted.digest()}};
}

void FakeDatabase::serve_backups(Handlers& handlers, Host& host) {
  on<PauseBackup, PausedBackup>(
      handlers, host, pause_backup,
      [this](const Info& info, const PauseBackup& in) {
        const std::string& name = in.configuration().name();
        paused_backups[name] = info.run_id;
        wrote("pause backup " + name);
        PausedBackup paused;
        paused.set_ours(true);
        return paused;
      },
      [this](const Info& info, const PauseBackup& in) {
        const auto found = paused_backups.find(in.configuration().name());
        const bool held = found != paused_backups.end();
        PausedBackup paused;
        paused.set_ours(held && found->second == info.run_id);
        return when<PausedBackup>(held, paused);
      });
  on<PauseBackup, Done>(
      handlers, host, resume_backup,
      [this](const Info&, const PauseBackup& in) {
        paused_backups.erase(in.configuration().name());
        wrote("resume backup " + in.configuration().name());
        return Done{};
      },
      [this](const Info& info, const PauseBackup& in) {
        const auto found = paused_backups.find(in.configuration().name());
        return when<Done>(found == paused_backups.end() || found->second != info.run_id);
      });
  on<AwaitBackups, Done>(handlers, host, await_backups_ended,
                         [](const Info&, const AwaitBackups&) { return Done{}; });
  on<TakeSnapshot, SnapshotRef>(
      handlers, host, take_snapshot,
      [this](const Info& info, const TakeSnapshot& in) {
        snapshot_mark = mark_of(info);
        wrote("snapshot of " + in.claim() + " at " + in.server_version());
        return SnapshotRef{};
      },
      [this](const Info& info, const TakeSnapshot&) {
        return when<SnapshotRef>(snapshot_mark == mark_of(info));
      });
  on<AwaitSnapshot, Snapshot>(handlers, host, await_snapshot,
                              [](const Info&, const AwaitSnapshot&) { return Snapshot{}; });
}

RestartRequest FakeDatabase::restart_request() const {
  RestartRequest request;
  *request.mutable_database() = this->request().database();
  request.set_request("restart");
  request.set_step_timeout_us(1'200'000'000);
  request.set_generation(1);
  return request;
}

void FakeDatabase::serve_look(Handlers& handlers, Host& host) {
  serve_image_checks(handlers, host);
  serve_backups(handlers, host);
  on<LookAtDatabase, Sight>(handlers, host, look_at_database,
                            [this](const Info&, const LookAtDatabase&) {
                              Sight sight = see();
                              for (const Finding& finding : findings)
                                *sight.add_findings() = finding;
                              if (backups) *sight.mutable_backups() = *backups;
                              return sight;
                            });
  on<MakePlan, Plan>(handlers, host, make_plan,
                     [](const Info&, const MakePlan& in) { return plan_of(in); });
  on<FindWindow, FoundWindow>(
      handlers, host, find_window, [this](const Info&, const FindWindow& in) {
        FoundWindow found;
        found.set_begin_us(std::max(window_begins.time_since_epoch().count(), in.at_us()));
        found.set_end_us(found.begin_us() + 3'600'000'000);
        return found;
      });
}

void FakeDatabase::serve_database(Handlers& handlers, Host& host) {
  on<InspectDatabase, Database>(
      handlers, host, inspect_database, [this](const Info&, const InspectDatabase& in) {
        Database database;
        *database.mutable_ref() = in.database();
        database.set_uid("db1");
        describe(database);
        database.mutable_current()->set_name(version);
        if (in.target_version().empty()) return database;
        for (auto [entry, name] : {std::pair(database.mutable_current(), version),
                                   std::pair(database.mutable_target(), in.target_version())}) {
          entry->set_name(name);
          entry->set_version(name);
          entry->set_image("image:" + name);
        }
        return database;
      });
  on<CheckUpgrade, UpgradeRules>(
      handlers, host, check_upgrade,
      [](const Info&, const CheckUpgrade& in) { return rules_for(in.database()); });
  on<PauseDatabase, Done>(
      handlers, host, pause_database,
      [this](const Info& info, const PauseDatabase&) {
        paused_by = info.run_id;
        wrote("pause db");
        return Done{};
      },
      [this](const Info& info, const PauseDatabase&) {
        return when<Done>(paused_by == info.run_id);
      });
  on<RecordVersion, Done>(
      handlers, host, record_version,
      [this](const Info&, const RecordVersion& in) {
        version = in.to_version();
        wrote("record version " + version);
        return Done{};
      },
      [this](const Info&, const RecordVersion& in) {
        return when<Done>(version == in.to_version());
      });
  on<ResumeDatabase, Done>(
      handlers, host, resume_database,
      [this](const Info&, const ResumeDatabase&) {
        paused_by.clear();
        wrote("resume db");
        return Done{};
      },
      [this](const Info& info, const ResumeDatabase&) {
        return when<Done>(paused_by != info.run_id);
      });
}

namespace {

// Whose handlers read the MySQL, or what goes with it, and can do nothing without.
const std::set<std::string> for_a_database{
    "look_at_database",     "pause_database",    "await_drained",
    "inspect_workload",     "inspect_server",    "protect_pod",
    "prepare_shutdown",     "change_image",      "await_adoption",
    "await_pod_ready",      "verify_server",     "record_version",
    "await_database_ready", "inspect_group",     "await_group",
    "switch_primary",       "hand_over_primary", "withdraw_hand_over",
    "prove_switch",         "verify_group",      "set_replicas",
    "restore_replicas",     "record_replicas",   "keep_replicas",
    "change_resources",     "restore_resources", "record_resources",
    "create_new_set",       "scale_set",         "await_member",
    "fence_primary",        "step_down",         "release_votes",
    "end_seeding",          "record_set"};

}  // namespace

void FakeDatabase::begin(const std::string& activity) const {
  if (at_begin) at_begin(activity);
  const std::string full_name = "demo/" + name_;
  if (gone && activity == inspect_database.info().name) {
    throw Refusal{{"database_not_found", "MySQL " + full_name + " is not found"}};
  }
  if (gone && for_a_database.contains(activity)) {
    throw Refusal{{database_gone_code, "MySQL " + full_name + " was deleted meanwhile"}};
  }
}

void FakeDatabase::delete_database() {
  gone = true;
  paused_by.clear();
  collect();
}

std::string FakeDatabase::sorted_writes() const {
  std::vector<std::string> sorted = writes;
  std::ranges::sort(sorted);
  std::string lines;
  for (const std::string& write : sorted) lines += write + "\n";
  for (const auto& [pod, mark] : image_checks) lines += "left behind: pod " + pod + "\n";
  for (const auto& [backup, who] : paused_backups) {
    lines.append(backup + " paused by ").append(who + "\n");
  }
  return lines;
}

}  // namespace ratchet::mysql::testing
