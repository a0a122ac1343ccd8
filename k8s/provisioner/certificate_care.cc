#include "k8s/provisioner/certificate_care.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "k8s/api/certificates.h"
#include "k8s/client/kinds.h"
#include "k8s/provisioner/certificates.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/pod_notes.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

constexpr Duration reload_limit = std::chrono::seconds(5);

// `target`: without address and authority.
asio::awaitable<void> reload(Context& context, const Database& database, Json pod,
                             ProbeTarget target) {
  const std::string secret = api::server_secret_of(pod);
  target.host = pod_ip(pod);
  target.pod = metadata_text(pod, "name");
  if (secret.empty() || target.host.empty()) co_return;
  const Reply found = co_await context.client.get(kinds::secret, {database.space, secret});
  if (!found.ok()) co_return;
  target.authority = secret_value(found.body, "ca.crt");
  const std::string wanted = certificate_digest(secret_value(found.body, "tls.crt"));
  const Json claim = co_await claim_of(context, database.space, pod);
  target.certificate = noted_certificate(claim, target);
  const ProbeResult seen = co_await context.probe(target);
  const std::string statement = reload_statement(seen.version);
  if (!seen.ready || wanted.empty() || seen.certificate == wanted || statement.empty()) co_return;
  spdlog::info("MySQL {}: {} reads its renewed certificate", database.path(), target.pod);
  const auto failure = co_await context.group.tell(target, {statement}, reload_limit);
  if (failure) spdlog::warn("MySQL {}: {}: {}", database.path(), target.pod, *failure);
}

}  // namespace

asio::awaitable<std::optional<std::string>> authority_of(Context& context, std::string space,
                                                         Json pod) {
  const std::string secret = api::server_secret_of(pod);
  if (secret.empty()) co_return std::nullopt;
  const Reply found = co_await context.client.get(kinds::secret, {space, secret});
  co_return found.ok() ? secret_value(found.body, "ca.crt") : "";
}

asio::awaitable<void> reload_certificates(Context& context, const Database& database) {
  const Reply root =
      co_await context.client.get(kinds::secret, {database.space, database.auth_secret});
  if (!root.ok()) co_return;
  ProbeTarget target;
  target.user = secret_value(root.body, "username");
  target.password = secret_value(root.body, "password");
  ListOptions options;
  options.label_selector = selector_text(database.name);
  const Reply pods = co_await context.client.list(kinds::pod, database.space, options);
  for (const Json& pod : pods.body.value("items", Json::array())) {
    co_await reload(context, database, pod, target);
  }
}

// MariaDB has a word of its own; MySQL has one since 8.0.16.
std::string reload_statement(const std::string& version) {
  if (version.find("MariaDB") != std::string::npos) return "FLUSH SSL";
  if (compare_versions(version_digits(version), "8.0.16") < 0) return "";
  return "ALTER INSTANCE RELOAD TLS";
}

}  // namespace ratchet::k8s::provisioner
