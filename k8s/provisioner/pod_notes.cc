#include "k8s/provisioner/pod_notes.h"

#include <optional>
#include <utility>

#include "k8s/client/kinds.h"
#include "k8s/client/text.h"
#include "k8s/provisioner/database.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/status.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

std::string secret_value(const Json& secret, const char* key) {
  return base64_decode(secret.value("data", Json::object()).value(key, "")).value_or("");
}

std::string pod_ip(const Json& pod) {
  return pod.is_null() ? "" : pod.value("status", Json::object()).value("podIP", "");
}

asio::awaitable<Json> claim_of(Context& context, std::string space, Json pod) {
  if (pod.is_null()) co_return Json();
  for (const Json& volume : pod.at("spec").value("volumes", Json::array())) {
    if (volume.value("name", "") != "data" || !volume.contains("persistentVolumeClaim")) continue;
    const Reply claim = co_await context.client.get(
        kinds::persistent_volume_claim,
        {space, volume["persistentVolumeClaim"].value("claimName", "")});
    if (claim.ok()) co_return claim.body;
  }
  co_return Json();
}

asio::awaitable<void> set_gate(Context& context, Json pod, bool open) {
  Json status = pod.value("status", Json::object());
  const std::optional<bool> was = condition_status(status, ready_gate);
  if (was == open || (!was && !open)) co_return;
  Condition gate{ready_gate, open, "DBConditionTypeReadyAndServerOnline",
                 "The server answers queries."};
  if (!open) {
    gate.reason = "ServerNotAnswering";
    gate.message = "The server does not answer queries.";
  }
  set_condition(status, gate, context.now());
  pod["status"] = std::move(status);
  co_await context.client.update_status(kinds::pod, std::move(pod));
}

namespace {

const char* certificate_note(bool vouched) {
  return vouched ? issued_certificate_annotation : server_certificate_annotation;
}

}  // namespace

std::optional<std::string> noted_certificate(const Json& claim, const ProbeTarget& target) {
  if (claim.is_null()) return std::nullopt;
  std::string noted = annotation(claim, certificate_note(target.authority.has_value()));
  if (noted.empty()) return std::nullopt;
  return noted;
}

asio::awaitable<void> note_on_claim(Context& context, Json claim, std::string certificate,
                                    bool vouched, std::string version) {
  Json notes = Json::object();
  const std::string noted = annotation(claim, certificate_note(vouched));
  const bool is_news = vouched ? noted != certificate : noted.empty();
  if (is_news && !certificate.empty()) notes[certificate_note(vouched)] = certificate;
  version = version_digits(version);
  if (compare_versions(version, annotation(claim, server_version_annotation)) > 0) {
    notes[server_version_annotation] = version;
  }
  if (notes.empty()) co_return;
  co_await context.client.merge_patch(
      kinds::persistent_volume_claim,
      {metadata_text(claim, "namespace"), metadata_text(claim, "name")},
      {{"metadata",
        {{"resourceVersion", metadata_text(claim, "resourceVersion")},
         {"annotations", std::move(notes)}}}});
}

}  // namespace ratchet::k8s::provisioner
