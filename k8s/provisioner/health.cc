#include "k8s/provisioner/health.h"

#include <utility>

#include "k8s/client/kinds.h"
#include "k8s/client/text.h"
#include "k8s/provisioner/guarded.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/status.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

// The value of a secret's key; empty if it is absent or no base64.
std::string secret_value(const Json& secret, const char* key) {
  return base64_decode(secret.value("data", Json::object()).value(key, "")).value_or("");
}

std::string pod_ip(const Json& pod) {
  return pod.is_null() ? "" : pod.value("status", Json::object()).value("podIP", "");
}

ProbeResult not_reached(std::string why) {
  ProbeResult result;
  result.connect_error = std::move(why);
  return result;
}

}  // namespace

asio::awaitable<void> Health::check(std::string key) {
  const Reply found = co_await context_.client.get(kinds::mysql, object_key(key));
  if (!found.ok()) co_return;
  const Database database = read_database(found.body);
  const Json status = found.body.value("status", Json::object());
  // Nothing has been made yet, or it is to go, or somebody wants no health checks.
  if (!condition_status(status, "ProvisioningStarted") || database.deleting || database.halted ||
      condition_status(status, "HealthCheckPaused") == true) {
    co_return;
  }
  const Json pod = co_await find_pod(database);
  const Json claim = co_await find_claim(database, pod);
  const ProbeResult seen = co_await look(database, pod, claim);
  if (!claim.is_null()) co_await note_on_claim(claim, seen);
  if (!pod.is_null()) co_await set_gate(pod, !seen.connect_error && seen.ready);
  const std::string now = context_.now();
  co_await write_status(context_, database, [&](Json& written) {
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
  target.host = host;
  target.user = secret_value(secret.body, "username");
  target.password = secret_value(secret.body, "password");
  const std::string pin = claim.is_null() ? "" : annotation(claim, server_certificate_annotation);
  if (!pin.empty()) target.certificate = pin;
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

asio::awaitable<Json> Health::find_claim(const Database& database, const Json& pod) {
  if (pod.is_null()) co_return Json();
  for (const Json& volume : pod.at("spec").value("volumes", Json::array())) {
    if (volume.value("name", "") != "data" || !volume.contains("persistentVolumeClaim")) continue;
    const Reply claim = co_await context_.client.get(
        kinds::persistent_volume_claim,
        {database.space, volume["persistentVolumeClaim"].value("claimName", "")});
    if (claim.ok()) co_return claim.body;
  }
  co_return Json();
}

// A conflict means that the kubelet was faster; the next check sees the rest.
asio::awaitable<void> Health::set_gate(Json pod, bool open) {
  Json status = pod.value("status", Json::object());
  const std::optional<bool> was = condition_status(status, ready_gate);
  if (was == open || (!was && !open)) co_return;
  Condition gate{ready_gate, open, "DBConditionTypeReadyAndServerOnline",
                 "The server answers queries."};
  if (!open) {
    gate.reason = "ServerNotAnswering";
    gate.message = "The server does not answer queries.";
  }
  set_condition(status, gate, context_.now());
  pod["status"] = std::move(status);
  co_await context_.client.update_status(kinds::pod, std::move(pod));
}

// The first certificate seen on a claim is the one to demand from then on; the version never goes
// back, as the data does not. Both only on the claim as it was read.
asio::awaitable<void> Health::note_on_claim(const Json& claim, const ProbeResult& seen) {
  if (seen.connect_error) co_return;
  Json notes = Json::object();
  if (annotation(claim, server_certificate_annotation).empty() && !seen.certificate.empty()) {
    notes[server_certificate_annotation] = seen.certificate;
  }
  const std::string version = version_digits(seen.version);
  if (compare_versions(version, annotation(claim, server_version_annotation)) > 0) {
    notes[server_version_annotation] = version;
  }
  if (notes.empty()) co_return;
  co_await context_.client.merge_patch(
      kinds::persistent_volume_claim,
      {metadata_text(claim, "namespace"), metadata_text(claim, "name")},
      {{"metadata",
        {{"resourceVersion", metadata_text(claim, "resourceVersion")},
         {"annotations", std::move(notes)}}}});
}

}  // namespace ratchet::k8s::provisioner
