#include "k8s/adapters/backup_look.h"

#include <array>
#include <utility>

#include "k8s/adapters/objects.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/backup_ports.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using mysql::BackupConfiguration;
using mysql::Backups;
using mysql::Finding;
using mysql::LookAtDatabase;
using mysql::Sight;

namespace {

// On a claim: the driver that made its volume.
constexpr const char* driver_note = "volume.kubernetes.io/storage-provisioner";
constexpr const char* default_note = "snapshot.storage.kubernetes.io/is-default-class";

struct Program {
  Resource configuration;
  Resource session;
};

const std::array<Program, 2>& programs() {
  static const std::array<Program, 2> all{
      {{kinds::stash_backup_configuration, kinds::stash_backup_session},
       {kinds::kubestash_backup_configuration, kinds::kubestash_backup_session}}};
  return all;
}

const Program& program_of(const BackupConfiguration& configuration) {
  for (const Program& program : programs()) {
    if (program.configuration.group == configuration.group()) return program;
  }
  throw Refused("unknown_kind", "nobody knows BackupConfigurations of " + configuration.group());
}

// In one namespace, or all of them. Null: the cluster does not know the kind.
asio::awaitable<Json> items_of(const Environment& environment, Resource kind, std::string space) {
  const Reply reply = co_await environment.client->list(kind, space, ListOptions{});
  if (reply.not_found()) co_return Json();
  expect_success(reply, "listing " + kind.plural + "." + kind.group);
  co_return part_at(reply.body, "/items");
}

// Stash names an AppBinding, which has the name of its MySQL; KubeStash the MySQL.
bool is_about(const Json& configuration, const LookAtDatabase& in) {
  const Json& of_stash = part_at(configuration, "/spec/target/ref");
  const Json& target = of_stash.is_object() ? of_stash : part_at(configuration, "/spec/target");
  const std::string kind = text_at(target, "/kind");
  if (kind != kinds::app_binding.kind && kind != kinds::mysql.kind) return false;
  const std::string space = text_at(target, "/namespace");
  const std::string own = text_at(configuration, "/metadata/namespace");
  return text_at(target, "/name") == in.name() && (space.empty() ? own : space) == in.space();
}

asio::awaitable<void> add_configurations(const Environment& environment, const LookAtDatabase& in,
                                         const Program& program, Backups& backups) {
  for (const Json& object : co_await items_of(environment, program.configuration, "")) {
    if (!is_about(object, in)) continue;
    BackupConfiguration& one = *backups.add_configurations();
    one.set_group(program.configuration.group);
    one.set_space(text_at(object, "/metadata/namespace"));
    one.set_name(text_at(object, "/metadata/name"));
    one.set_uid(uid_of(object));
    one.set_paused(is_paused(object));
  }
}

bool is_of(const Json& session, const BackupConfiguration& configuration) {
  const Json& invoker = part_at(session, "/spec/invoker");
  return text_at(invoker, "/kind") == kinds::stash_backup_configuration.kind &&
         text_at(invoker, "/name") == configuration.name();
}

// Empty: the snapshot's class is in `backups`. Else why there is none.
std::string choose_class(const Json& classes, const std::string& driver, Backups& backups) {
  std::vector<std::string> fitting;
  for (const Json& one : classes) {
    if (!driver.empty() && text_at(one, "/driver") != driver) continue;
    fitting.push_back(text_at(one, "/metadata/name"));
    if (annotation(one, default_note) != "true") continue;
    fitting = {fitting.back()};
    break;
  }
  const std::string all = "VolumeSnapshotClass" + (driver.empty() ? "" : " for driver " + driver);
  if (fitting.empty()) return "this cluster has no " + all;
  if (fitting.size() > 1) {
    return "none of several of the kind " + all + " is the default one (annotation " +
           default_note + ")";
  }
  backups.set_snapshot_class(fitting.front());
  return "";
}

// All volumes of a database are of one kind, so any member's does.
asio::awaitable<std::string> find_class(const Environment& environment, const LookAtDatabase& in,
                                        const std::string& claim_name, Backups& backups) {
  if (in.backup_evidence() == mysql::evidence_declined) {
    co_return "the request wants none (annotation ratchet.dev/backup-evidence)";
  }
  if (claim_name.empty()) co_return "the data is on ephemeral storage";
  const Json classes = co_await items_of(environment, kinds::volume_snapshot_class, "");
  if (classes.is_null()) {
    co_return "this cluster has no VolumeSnapshots (kinds of snapshot.storage.k8s.io/v1)";
  }
  const auto claim =
      co_await find(environment, kinds::persistent_volume_claim, Key{in.space(), claim_name});
  const std::string driver = claim ? annotation(*claim, driver_note) : "";
  co_return choose_class(classes, driver, backups);
}

void add_finding(Sight& sight, const char* check, mysql::Severity severity, std::string what,
                 std::string fix) {
  Finding& finding = *sight.add_findings();
  finding.set_severity(severity);
  finding.set_check(check);
  finding.set_what(std::move(what));
  finding.set_fix(std::move(fix));
  finding.set_passing(true);
}

asio::awaitable<void> look(const Environment& environment, const LookAtDatabase& in, Sight& sight) {
  Backups backups;
  for (const Program& program : programs()) {
    co_await add_configurations(environment, in, program, backups);
  }
  std::vector<BackupConfiguration> all(backups.configurations().begin(),
                                       backups.configurations().end());
  for (const std::string& session : co_await sessions_under_way(environment, std::move(all))) {
    add_finding(sight, "backup-running", mysql::BLOCKING, session + ": it reads from the database",
                "let it end, or delete it");
  }
  std::string claim;
  for (const mysql::MemberSight& member : sight.members()) {
    if (claim.empty()) claim = member.claim();
    if (backups.server_version().empty()) backups.set_server_version(member.server_version());
  }
  backups.set_no_snapshot(co_await find_class(environment, in, claim, backups));
  *sight.mutable_backups() = std::move(backups);
}

void add_demand(const LookAtDatabase& in, Sight& sight) {
  const Backups& backups = sight.backups();
  if (in.backup_evidence() != mysql::evidence_required || backups.no_snapshot().empty()) return;
  add_finding(
      sight, "backup-evidence", mysql::BLOCKING,
      "no VolumeSnapshot can be taken, and the request demands one: " + backups.no_snapshot(),
      "let the cluster's storage make snapshots (CRDs, controller and a "
      "VolumeSnapshotClass), or take the annotation ratchet.dev/backup-evidence away and "
      "make a backup by hand");
}

}  // namespace

asio::awaitable<void> look_at_backups(const Environment& environment, LookAtDatabase in,
                                      Sight& sight) {
  std::string refused;
  try {
    co_await look(environment, in, sight);
  } catch (const ApiError& error) {
    if (error.code() != 403) throw;
    refused = error.what();
  }
  if (!refused.empty()) {
    add_finding(sight, "backup-running", mysql::WARNING,
                "whether a backup is under way could not be looked up: " + refused,
                "look for BackupSessions by hand, or bind the ClusterRole ratchet-ops-manager");
    sight.mutable_backups()->set_no_snapshot("who looked may not list what it takes");
  }
  add_demand(in, sight);
}

asio::awaitable<std::vector<std::string>> sessions_under_way(
    const Environment& environment, std::vector<BackupConfiguration> configurations) {
  std::vector<std::string> found;
  for (const BackupConfiguration& configuration : configurations) {
    const Resource& kind = program_of(configuration).session;
    for (const Json& session : co_await items_of(environment, kind, configuration.space())) {
      const std::string phase = text_at(session, "/status/phase");
      const bool open = phase.empty() || phase == "Pending" || phase == "Running";
      if (!open || !is_of(session, configuration)) continue;
      found.push_back(kind.kind + " " + configuration.space() + "/" +
                      text_at(session, "/metadata/name") + " is " +
                      (phase.empty() ? "about to begin" : phase));
    }
  }
  co_return found;
}

const Resource& kind_of(const BackupConfiguration& configuration) {
  return program_of(configuration).configuration;
}

bool is_paused(const Json& configuration) {
  const Json& paused = part_at(configuration, "/spec/paused");
  return paused.is_boolean() && paused.get<bool>();
}

}  // namespace ratchet::k8s
