#include "k8s/embedded/kinds.h"

#include <algorithm>
#include <utility>

namespace ratchet::k8s::embedded {

bool Kind::serves(const std::string& version) const {
  return std::find(versions.begin(), versions.end(), version) != versions.end();
}

Kinds::Kinds() {
  for (Kind& kind : builtin_kinds()) put(std::move(kind));
}

KindPtr Kinds::find(const std::string& group, const std::string& version,
                    const std::string& plural) const {
  KindPtr kind = by_resource(group.empty() ? plural : plural + "." + group);
  return kind && kind->serves(version) ? kind : nullptr;
}

KindPtr Kinds::by_resource(const std::string& resource) const {
  const auto found = kinds_.find(resource);
  return found == kinds_.end() ? nullptr : found->second;
}

KindPtr Kinds::by_kind(const std::string& api_version, const std::string& kind) const {
  for (const auto& [resource, candidate] : kinds_) {
    if (candidate->kind != kind) continue;
    for (const std::string& version : candidate->versions) {
      if (candidate->api_version(version) == api_version) return candidate;
    }
  }
  return nullptr;
}

std::vector<KindPtr> Kinds::all() const {
  std::vector<KindPtr> result;
  result.reserve(kinds_.size());
  for (const auto& [resource, kind] : kinds_) result.push_back(kind);
  return result;
}

void Kinds::put(Kind kind) {
  std::string resource = kind.resource();
  kinds_[std::move(resource)] = std::make_shared<const Kind>(std::move(kind));
}

void Kinds::erase(const std::string& resource) { kinds_.erase(resource); }

}  // namespace ratchet::k8s::embedded
