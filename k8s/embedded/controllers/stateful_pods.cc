#include "k8s/embedded/controllers/stateful_pods.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "k8s/embedded/controllers/actor.h"
#include "k8s/embedded/json_access.h"

namespace ratchet::k8s::embedded {
namespace {

std::string claim_name(const Json& set, const Json& claim, int ordinal) {
  return text(claim, {"metadata", "name"}) + "-" + text(set, {"metadata", "name"}) + "-" +
         std::to_string(ordinal);
}

// Volumes of the template that a claim has the name of are replaced by the claim.
void mount_claims(const Json& set, int ordinal, Json& spec) {
  Json volumes = Json::array();
  const Json& templates = dig(set, {"spec", "volumeClaimTemplates"});
  for (const Json& claim : templates) {
    volumes.push_back(
        {{"name", claim["metadata"]["name"]},
         {"persistentVolumeClaim", {{"claimName", claim_name(set, claim, ordinal)}}}});
  }
  for (const Json& volume : dig(spec, {"volumes"})) {
    const bool replaced = std::any_of(templates.begin(), templates.end(), [&](const Json& claim) {
      return claim["metadata"]["name"] == volume["name"];
    });
    if (!replaced) volumes.push_back(volume);
  }
  if (!volumes.empty()) spec["volumes"] = std::move(volumes);
}

}  // namespace

std::string revision_of(const Json& set) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const char byte : dig(set, {"spec", "template"}).dump()) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
  }
  constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
  std::string name = text(set, {"metadata", "name"}) + "-";
  for (int i = 0; i < 10; ++i, hash /= letters.size()) name += letters[hash % letters.size()];
  return name;
}

std::optional<int> ordinal_of(const Json& set, const Json& pod) {
  const std::string prefix = text(set, {"metadata", "name"}) + "-";
  const std::string name = text(pod, {"metadata", "name"});
  if (!name.starts_with(prefix)) return std::nullopt;
  int ordinal = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + prefix.size(), end, ordinal);
  if (parsed.ec != std::errc() || parsed.ptr != end || ordinal < 0) return std::nullopt;
  return ordinal;
}

Json new_pod(const Json& set, int ordinal) {
  const Json& form = dig(set, {"spec", "template"});
  const std::string name = text(set, {"metadata", "name"}) + "-" + std::to_string(ordinal);
  Json metadata = form["metadata"];
  metadata.erase("creationTimestamp");
  metadata["name"] = name;
  metadata["generateName"] = text(set, {"metadata", "name"}) + "-";
  metadata["namespace"] = set["metadata"]["namespace"];
  metadata["ownerReferences"] = Json::array({controller_reference(set)});
  metadata["labels"]["statefulset.kubernetes.io/pod-name"] = name;
  metadata["labels"]["apps.kubernetes.io/pod-index"] = std::to_string(ordinal);
  metadata["labels"]["controller-revision-hash"] = revision_of(set);
  Json spec = form["spec"];
  spec["hostname"] = name;
  if (const std::string service = text(set, {"spec", "serviceName"}); !service.empty()) {
    spec["subdomain"] = service;
  }
  mount_claims(set, ordinal, spec);
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", std::move(metadata)},
          {"spec", std::move(spec)}};
}

std::vector<Json> claims_of(const Json& set, int ordinal) {
  std::vector<Json> claims;
  for (const Json& form : dig(set, {"spec", "volumeClaimTemplates"})) {
    Json claim = form;
    claim.erase("status");
    claim["metadata"].erase("creationTimestamp");
    claim["metadata"]["name"] = claim_name(set, form, ordinal);
    claim["metadata"]["namespace"] = set["metadata"]["namespace"];
    for (const auto& [key, value] : dig(set, {"spec", "selector", "matchLabels"}).items()) {
      claim["metadata"]["labels"][key] = value;
    }
    claims.push_back(std::move(claim));
  }
  return claims;
}

}  // namespace ratchet::k8s::embedded
