#include "k8s/api/certificates.h"

#include <algorithm>
#include <set>

#include "k8s/api/field.h"
#include "k8s/api/references.h"

namespace ratchet::k8s::api {
namespace {

// All that KubeDB has: what is not served here may still be in a manifest.
constexpr std::array known_aliases = {"server", "client", "metrics-exporter", "router"};

const Json& entries(const Json& mysql) {
  static const Json none = Json::array();
  const Json& found = field(mysql, "spec.tls.certificates");
  return found.is_array() ? found : none;
}

void check_issuer(const Json& mysql, Findings& findings) {
  const std::string path = "spec.tls.issuerRef";
  if (field(mysql, path).is_null()) return;
  if (text_field(mysql, path + ".name").empty()) {
    findings.push_back({path + ".name",
                        "is missing: name the issuer, or remove spec.tls.issuerRef and bring the "
                        "secrets along"});
  }
  check_name(mysql, path + ".name", findings);
  const std::string group = text_field(mysql, path + ".apiGroup");
  const std::string kind = text_field(mysql, path + ".kind");
  // Issuers of other groups are programs beside cert-manager, with kinds of their own.
  const bool foreign = !group.empty() && group != "cert-manager.io";
  if (kind == "Issuer" || kind == "ClusterIssuer" || (foreign && !kind.empty())) return;
  findings.push_back({path + ".kind", "\"" + kind +
                                          "\" is no kind of issuer; it is Issuer or ClusterIssuer "
                                          "of cert-manager.io"});
}

void check_entry(const Json& entry, const std::string& path, Findings& findings) {
  const std::string alias = text_field(entry, "alias");
  if (std::find(known_aliases.begin(), known_aliases.end(), alias) == known_aliases.end()) {
    findings.push_back({path + ".alias", "\"" + alias +
                                             "\" is no certificate of a MySQL; there are server, "
                                             "client and metrics-exporter"});
  }
  const std::string secret = text_field(entry, "secretName");
  if (!secret.empty() && !is_object_name(secret)) {
    findings.push_back(
        {path + ".secretName",
         "\"" + secret +
             "\" is no name of an object: small letters, digits, '-' and '.', at "
             "most 253; remove the field for the default",
         secret.find('/') == std::string::npos ? "MalformedSpec" : foreign_reference});
  }
}

}  // namespace

const Json& certificate_entry(const Json& mysql, const std::string& alias) {
  static const Json none;
  for (const Json& entry : entries(mysql)) {
    if (text_field(entry, "alias") == alias) return entry;
  }
  return none;
}

std::string certificate_secret(const Json& mysql, const std::string& alias) {
  const std::string given = text_field(certificate_entry(mysql, alias), "secretName");
  return given.empty() ? text_field(mysql, "metadata.name") + "-" + alias + "-cert" : given;
}

std::string server_secret_of(const Json& pod) {
  const Json& volumes = field(pod, "spec.volumes");
  if (!volumes.is_array()) return "";
  for (const Json& volume : volumes) {
    if (text_field(volume, "name") != certificate_volume) continue;
    const Json& sources = field(volume, "projected.sources");
    if (sources.is_array() && !sources.empty()) return text_field(sources.front(), "secret.name");
  }
  return "";
}

void check_certificates(const Json& mysql, Findings& findings) {
  check_issuer(mysql, findings);
  std::set<std::string> aliases;
  for (std::size_t i = 0; i < entries(mysql).size(); ++i) {
    const Json& entry = entries(mysql).at(i);
    const std::string path = "spec.tls.certificates[" + std::to_string(i) + "]";
    check_entry(entry, path, findings);
    const std::string alias = text_field(entry, "alias");
    if (aliases.insert(alias).second) continue;
    findings.push_back({path + ".alias", "\"" + alias + "\" is there twice; keep one of them"});
  }
  const std::string secret = certificate_secret(mysql, "server");
  if (field(mysql, "spec.tls.issuerRef").is_null() ||
      secret != certificate_secret(mysql, "client")) {
    return;
  }
  findings.push_back(
      {"spec.tls.certificates", "server and client have the same secretName \"" + secret +
                                    "\", and each is issued into a secret of its own; name two"});
}

}  // namespace ratchet::k8s::api
