// The certificates of spec.tls: requested where cert-manager is there, and waited for.
#include <vector>

#include "k8s/api/certificates.h"
#include "k8s/client/kinds.h"
#include "k8s/provisioner/certificates.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/pass.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

// cert-manager's annotation on a secret: name of the Certificate that it was issued for.
constexpr const char* issued_for = "cert-manager.io/certificate-name";

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

std::vector<std::string> missing_keys(const Json& secret, const std::string& alias) {
  const Json data = secret.value("data", Json::object());
  std::vector<std::string> missing;
  for (const std::string& key : certificate_keys(alias)) {
    if (data.value(key, "").empty()) missing.push_back(key);
  }
  return missing;
}

// What is said while a secret is not there.
std::string who_makes_it(const Database& database, const std::string& alias, bool requested) {
  const std::string keys = listed(certificate_keys(alias));
  if (requested) {
    const std::string name = certificate_name(database, alias);
    return "cert-manager has not issued it yet, with the keys " + keys +
           "; `kubectl describe certificate -n " + database.space + " " + name + "` says why";
  }
  if (database.tls->issuer.is_null()) return "create it with the keys " + keys;
  return "this cluster has no cert-manager (kind Certificate of cert-manager.io/v1) to issue it: "
         "install that, or create the secret with the keys " +
         keys;
}

}  // namespace

// Only in clusters that know the kind: elsewhere it cannot even be listed.
asio::awaitable<bool> Pass::has_issuer() {
  if (database().tls->issuer.is_null()) co_return false;
  ListOptions options;
  options.label_selector = selector_text(database().name);
  co_return (co_await context_.client.list(kinds::certificate, database().space, options)).ok();
}

// A secret that somebody brought along, or another Certificate fills, is not overwritten.
asio::awaitable<MaybeStop> Pass::request_certificate(const Reply& secret, std::string alias) {
  const bool given =
      secret.ok() && annotation(secret.body, issued_for) != certificate_name(database(), alias);
  if (given) co_return std::nullopt;
  co_return co_await guarded_.ensure(kinds::certificate, certificate(database(), alias),
                                     "Successfully created certificate for " + alias);
}

asio::awaitable<MaybeStop> Pass::ensure_certificates() {
  if (!database().tls) co_return std::nullopt;
  const bool requests = co_await has_issuer();
  Refusal waits{"SecretMissing", ""};
  for (const auto& [alias, name] : database().tls->secrets) {
    const Reply secret = co_await context_.client.get(kinds::secret, {database().space, name});
    if (requests) {
      if (MaybeStop stop = co_await request_certificate(secret, alias)) co_return stop;
    }
    std::string lacks;
    if (!secret.ok()) {
      lacks = "not found; " + who_makes_it(database(), alias, requests);
    } else if (const auto keys = missing_keys(secret.body, alias); !keys.empty()) {
      waits.reason = "SecretIncomplete";
      lacks =
          "lacks " + listed(keys) + "; it must have the keys " + listed(certificate_keys(alias));
    }
    if (!lacks.empty()) {
      if (!waits.message.empty()) waits.message += ". ";
      waits.message += "secret " + database().space + "/" + name;
      waits.message += " of spec.tls " + lacks;
    } else if (alias == "server") {
      authority_ = secret.body.at("data").at("ca.crt").get<std::string>();
    }
  }
  if (!waits.message.empty()) co_return Stop{waits};
  co_return std::nullopt;
}

}  // namespace ratchet::k8s::provisioner
