// The steps on copies of the data: others' backups are paused and resumed, and a VolumeSnapshot is
// taken of a stopped server's volume.
#include "engine/core/run.h"
#include "k8s/adapters/adapters.h"
#include "k8s/adapters/backup_look.h"
#include "k8s/adapters/objects.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/backup_ports.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using engine::AttemptInfo;
using mysql::AwaitSnapshot;
using mysql::Done;
using mysql::PauseBackup;
using mysql::PausedBackup;
using mysql::Snapshot;
using mysql::SnapshotRef;
using mysql::TakeSnapshot;

namespace {

// Annotation on a BackupConfiguration: the run that has paused it, and will resume it.
constexpr const char* pause_note = "ratchet.dev/paused-by";
// The snapshot controller tries again after a failure: one that lasts for so many looks is final.
constexpr int patience_in_looks = 30;
constexpr const char* way_out =
    ". The annotation ratchet.dev/backup-evidence: none on a request goes without";

Key key_of(const PauseBackup& in) {
  return {in.configuration().space(), in.configuration().name()};
}

bool is_paused_by_us(const Json& configuration, const AttemptInfo& info) {
  return annotation(configuration, pause_note) == engine::first_run_id(info.run_id);
}

// Nothing: it was deleted, or is another one of that name.
asio::awaitable<std::optional<Json>> the_configuration(const Environment& environment,
                                                       PauseBackup in) {
  auto found = co_await find(environment, kind_of(in.configuration()), key_of(in));
  if (found && uid_of(*found) != in.configuration().uid()) co_return std::nullopt;
  co_return found;
}

asio::awaitable<std::optional<PausedBackup>> is_held(const Environment& environment,
                                                     AttemptInfo info, PauseBackup in) {
  const auto configuration = co_await the_configuration(environment, in);
  if (configuration && !is_paused(*configuration)) co_return std::nullopt;
  PausedBackup held;
  held.set_ours(configuration && is_paused_by_us(*configuration, info));
  co_return held;
}

// The configuration is as it was read, or the API server refuses.
asio::awaitable<bool> write_pause(const Environment& environment, const AttemptInfo& info,
                                  const PauseBackup& in, const Json& configuration, bool paused) {
  Json change = marked_patch(configuration, info);
  Json& note = change["metadata"]["annotations"][pause_note];
  if (paused) note = engine::first_run_id(info.run_id);
  change["spec"]["paused"] = paused;
  co_return co_await patch(environment, kind_of(in.configuration()), key_of(in), std::move(change));
}

asio::awaitable<PausedBackup> pause(const Environment& environment, AttemptInfo info,
                                    PauseBackup in) {
  for (;;) {
    if (const auto held = co_await is_held(environment, info, in)) co_return *held;
    const auto configuration = co_await the_configuration(environment, in);
    if (configuration) co_await write_pause(environment, info, in, *configuration, true);
  }
}

// Who has paused it otherwise will resume it.
asio::awaitable<std::optional<Done>> is_let_go(const Environment& environment, AttemptInfo info,
                                               PauseBackup in) {
  const auto configuration = co_await the_configuration(environment, in);
  const bool ours = configuration && is_paused_by_us(*configuration, info);
  co_return ours ? std::nullopt : std::optional(Done{});
}

asio::awaitable<Done> resume(const Environment& environment, AttemptInfo info, PauseBackup in) {
  while (!co_await is_let_go(environment, info, in)) {
    const auto configuration = co_await the_configuration(environment, in);
    if (configuration) co_await write_pause(environment, info, in, *configuration, false);
  }
  co_return Done{};
}

asio::awaitable<Done> await_ended(const Environment& environment, AttemptInfo,
                                  mysql::AwaitBackups in) {
  for (;;) {
    std::vector<mysql::BackupConfiguration> all(in.configurations().begin(),
                                                in.configurations().end());
    const auto sessions = co_await sessions_under_way(environment, std::move(all));
    if (sessions.empty()) co_return Done{};
    co_await wait_on(environment, in.deadline_us(),
                     sessions.front() + ", and did not end in time: no server is stopped under it");
  }
}

// One a run: it stops at the first server that it takes one of.
Key key_of(const TakeSnapshot& in, const AttemptInfo& info) {
  return {in.database().space(), in.claim() + "-" + info.run_id.substr(0, 8)};
}

SnapshotRef reference_of(const Json& snapshot) {
  SnapshotRef reference;
  reference.set_name(text_at(snapshot, "/metadata/name"));
  reference.set_uid(uid_of(snapshot));
  return reference;
}

// Owned by nobody: it outlives the request, and the database. Which version it is of must be known,
// as no newer data may be put beside it.
Json manifest_of(const TakeSnapshot& in, const AttemptInfo& info) {
  const Key key = key_of(in, info);
  return {
      {"apiVersion", kinds::volume_snapshot.api_version()},
      {"kind", kinds::volume_snapshot.kind},
      {"metadata",
       {{"name", key.name},
        {"namespace", key.space},
        {"labels",
         {{"app.kubernetes.io/managed-by", "ratchet"},
          {"app.kubernetes.io/name", "mysqls.kubedb.com"},
          {"app.kubernetes.io/instance", in.database().name()}}},
        {"annotations",
         {{change_annotation, mark_of(info)}, {claim_version_annotation, in.server_version()}}}}},
      {"spec",
       {{"volumeSnapshotClassName", in.snapshot_class()},
        {"source", {{"persistentVolumeClaimName", in.claim()}}}}}};
}

asio::awaitable<std::optional<SnapshotRef>> is_taken(const Environment& environment,
                                                     AttemptInfo info, TakeSnapshot in) {
  const Key key = key_of(in, info);
  const auto snapshot = co_await find(environment, kinds::volume_snapshot, key);
  if (!snapshot) co_return std::nullopt;
  if (bears_mark(*snapshot, info)) co_return reference_of(*snapshot);
  throw Refused("name_taken", "VolumeSnapshot " + key.space + "/" + key.name +
                                  " is there already, and is not of this run" + way_out);
}

asio::awaitable<void> check_claim(const Environment& environment, TakeSnapshot in) {
  const auto claim = co_await find(environment, kinds::persistent_volume_claim,
                                   Key{in.database().space(), in.claim()});
  if (claim && uid_of(*claim) == in.claim_uid()) co_return;
  throw Refused("gone", "claim " + in.database().space() + "/" + in.claim() +
                            " was deleted or replaced meanwhile");
}

asio::awaitable<SnapshotRef> take(const Environment& environment, AttemptInfo info,
                                  TakeSnapshot in) {
  if (const auto taken = co_await is_taken(environment, info, in)) co_return *taken;
  co_await check_claim(environment, in);
  const std::string what =
      "taking a VolumeSnapshot of claim " + in.database().space() + "/" + in.claim();
  try {
    const Reply reply =
        co_await environment.client->create(kinds::volume_snapshot, manifest_of(in, info));
    if (reply.invalid() || reply.not_found()) {
      throw Refused("invalid", what + " was refused: " + reply.message() + way_out);
    }
    expect_success(reply, what);
    co_return reference_of(reply.body);
  } catch (const ApiError& error) {
    if (error.code() != 403) throw;
    throw Refused("not_allowed", what + " was refused: " + error.what() + way_out);
  }
}

asio::awaitable<Json> the_snapshot(const Environment& environment, AwaitSnapshot in) {
  const Key key{in.database().space(), in.snapshot().name()};
  auto found = co_await find(environment, kinds::volume_snapshot, key);
  if (!found || uid_of(*found) != in.snapshot().uid() || is_deleting(*found)) {
    throw Refused("gone", "VolumeSnapshot " + key.space + "/" + key.name +
                              " was deleted by somebody else before it was ready to use");
  }
  co_return std::move(*found);
}

Snapshot snapshot_of(const Json& object) {
  Snapshot snapshot;
  snapshot.set_name(text_at(object, "/metadata/name"));
  snapshot.set_uid(uid_of(object));
  snapshot.set_taken(text_at(object, "/status/creationTime"));
  snapshot.set_size(text_at(object, "/status/restoreSize"));
  snapshot.set_content(text_at(object, "/status/boundVolumeSnapshotContentName"));
  return snapshot;
}

asio::awaitable<Snapshot> await_usable(const Environment& environment, AttemptInfo,
                                       AwaitSnapshot in) {
  const std::string name = "VolumeSnapshot " + in.database().space() + "/" + in.snapshot().name();
  for (int failing = 0;;) {
    const Json object = co_await the_snapshot(environment, in);
    const Json& ready = part_at(object, "/status/readyToUse");
    if (ready.is_boolean() && ready.get<bool>()) co_return snapshot_of(object);
    const std::string error = text_at(object, "/status/error/message");
    failing = error.empty() ? 0 : failing + 1;
    if (failing > patience_in_looks) {
      const std::string what = name + " could not be made: ";
      throw Refused("snapshot_failed", what + error + way_out);
    }
    co_await wait_on(environment, in.deadline_us(),
                     name + " was not ready to use in time" +
                         (error.empty() ? "" : " (" + error + ")") + way_out);
  }
}

}  // namespace

void add_backup_handlers(engine::Handlers& handlers, const Environment& environment) {
  handle(handlers, mysql::pause_backup, environment, pause, is_held);
  handle(handlers, mysql::resume_backup, environment, resume, is_let_go);
  handle(handlers, mysql::await_backups_ended, environment, await_ended);
  handle(handlers, mysql::take_snapshot, environment, take, is_taken);
  handle(handlers, mysql::await_snapshot, environment, await_usable);
}

}  // namespace ratchet::k8s
