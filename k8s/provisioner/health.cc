#include "k8s/provisioner/health.h"

#include <utility>

#include "k8s/api/certificates.h"
#include "k8s/client/kinds.h"
#include "k8s/provisioner/certificate_care.h"
#include "k8s/provisioner/full_disk.h"
#include "k8s/provisioner/group_care.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/kubedb.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/pod_notes.h"
#include "k8s/provisioner/semi_sync_care.h"
#include "k8s/provisioner/status.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

ProbeResult not_reached(std::string why) {
  ProbeResult result;
  result.connect_error = std::move(why);
  return result;
}

}  // namespace

asio::awaitable<std::optional<Duration>> Health::check(std::string key) {
  const Reply found = co_await context_.client.get(kinds::mysql, object_key(key));
  if (!found.ok()) {
    next_reload_.erase(key);
    co_return std::nullopt;
  }
  const Database database = read_database(found.body);
  const Json status = found.body.value("status", Json::object());
  // Nothing has been made yet, or it is to go, or is somebody else's, or nobody wants checks.
  if (!condition_status(status, "ProvisioningStarted") || database.deleting || database.halted ||
      condition_status(status, "HealthCheckPaused") == true || says_left_to_kubedb(status)) {
    co_return std::nullopt;
  }
  std::optional<Duration> again;
  if (database.group) {
    co_await GroupCare(context_, database).run();
    again = context_.options.group_period;
  } else if (database.semi_sync) {
    again = co_await SemiSyncCare(context_, database).run();
  } else {
    co_await check_standalone(database);
  }
  if (database.tls) co_await keep_certificates(database);
  co_return again;
}

// Clusters are looked at more often than this is worth a connection to each of their servers.
asio::awaitable<void> Health::keep_certificates(const Database& database) {
  auto& next = next_reload_[queue_key(database.space, database.name)];
  const auto now = std::chrono::steady_clock::now();
  if (now < next) co_return;
  next = now + context_.options.health_period;
  co_await reload_certificates(context_, database);
}

asio::awaitable<void> Health::check_standalone(Database database) {
  const Json pod = co_await find_pod(database);
  const Json claim = co_await claim_of(context_, database.space, pod);
  const ProbeResult seen = co_await look(database, pod, claim);
  if (!claim.is_null() && !seen.connect_error) {
    const bool vouched = !api::server_secret_of(pod).empty();
    co_await note_on_claim(context_, claim, seen.certificate, vouched, seen.version);
  }
  if (!pod.is_null()) co_await set_gate(context_, pod, !seen.connect_error && seen.ready);
  DiskSight disks;
  disks.all_reached = !seen.connect_error && seen.ready;
  if (!seen.no_room.empty()) disks.full.push_back({metadata_text(pod, "name"), seen.no_room});
  const std::string now = context_.now();
  co_await write_health(context_, database, std::move(disks), now, [&](Json& written) {
    set_condition(written, accepting_connection(database, seen.connect_error), now);
    set_condition(written, server_ready(database, !seen.connect_error && seen.ready), now);
    settle_provisioned(written, database, now);
  });
}

asio::awaitable<ProbeResult> Health::look(const Database& database, const Json& pod,
                                          const Json& claim) {
  const std::string host = pod_ip(pod);
  if (host.empty()) co_return not_reached("no pod of it has an address");
  const Reply secret =
      co_await context_.client.get(kinds::secret, {database.space, database.auth_secret});
  if (!secret.ok()) co_return not_reached("secret " + database.auth_secret + " not found");
  ProbeTarget target;
  target.pod = metadata_text(pod, "name");
  target.host = host;
  target.user = secret_value(secret.body, "username");
  target.password = secret_value(secret.body, "password");
  target.authority = co_await authority_of(context_, database.space, pod);
  target.certificate = noted_certificate(claim, target);
  co_return co_await context_.probe(std::move(target));
}

// The pod that serves: one that is not about to go, if there is a choice.
asio::awaitable<Json> Health::find_pod(const Database& database) {
  ListOptions options;
  options.label_selector = selector_text(database.name);
  const Reply pods = co_await context_.client.list(kinds::pod, database.space, options);
  Json best;
  for (const Json& pod : pods.body.value("items", Json::array())) {
    if (best.is_null() || !pod["metadata"].contains("deletionTimestamp")) best = pod;
  }
  co_return best.is_null() ? best : typed(kinds::pod, std::move(best));
}

}  // namespace ratchet::k8s::provisioner
