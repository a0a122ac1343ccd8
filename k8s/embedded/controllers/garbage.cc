#include "k8s/embedded/controllers/garbage.h"

#include <algorithm>
#include <utility>

#include "k8s/embedded/crd.h"
#include "k8s/embedded/json_access.h"

namespace ratchet::k8s::embedded {
namespace {

Json references_but(const Json& object, const std::vector<std::string>& uids) {
  Json kept = Json::array();
  for (const Json& reference : dig(object, {"metadata", "ownerReferences"})) {
    const bool drop = std::find(uids.begin(), uids.end(), text(reference, {"uid"})) != uids.end();
    if (!drop) kept.push_back(reference);
  }
  return {{"metadata", {{"ownerReferences", std::move(kept)}}}};
}

}  // namespace

bool GarbageCollector::pass() {
  wrote_ = false;
  index();
  for (const Entry& entry : all_) {
    const Json& object = *entry.object;
    if (deleting(object)) {
      if (has_finalizer(object, orphan_finalizer)) orphan_dependents(entry);
      if (has_finalizer(object, foreground_finalizer)) finish_foreground(entry);
      if (entry.resource == "namespaces") empty_namespace(object);
      if (entry.resource == crd_resource) empty_definition(object);
    } else {
      collect(entry);
    }
  }
  return wrote_;
}

void GarbageCollector::index() {
  all_.clear();
  by_uid_.clear();
  dependents_.clear();
  for (const KindPtr& kind : actor_.server().kinds().all()) {
    for (const Object& object : actor_.list(kind->resource())) {
      const Entry entry{kind->resource(), object};
      all_.push_back(entry);
      by_uid_[text(*object, {"metadata", "uid"})] = entry;
      for (const Json& reference : dig(*object, {"metadata", "ownerReferences"})) {
        dependents_.emplace(text(reference, {"uid"}), entry);
      }
    }
  }
}

// An owner of a kind that is not served counts as existing: nothing is known about it.
bool GarbageCollector::exists(const Json& dependent, const Json& reference) {
  const KindPtr kind =
      actor_.server().kinds().by_kind(text(reference, {"apiVersion"}), text(reference, {"kind"}));
  if (!kind) return true;
  const std::string space = kind->namespaced ? text(dependent, {"metadata", "namespace"}) : "";
  const Object owner = actor_.find(kind->resource(), space, text(reference, {"name"}));
  return owner && text(*owner, {"metadata", "uid"}) == text(reference, {"uid"});
}

bool GarbageCollector::waits_for_dependents(const Json& reference) const {
  const auto owner = by_uid_.find(text(reference, {"uid"}));
  return owner != by_uid_.end() && deleting(*owner->second.object) &&
         has_finalizer(*owner->second.object, foreground_finalizer);
}

void GarbageCollector::collect(const Entry& dependent) {
  const Json& object = *dependent.object;
  const Json& references = dig(object, {"metadata", "ownerReferences"});
  if (references.empty()) return;
  std::vector<std::string> gone;
  std::size_t waiting = 0;
  for (const Json& reference : references) {
    if (!exists(object, reference)) {
      gone.push_back(text(reference, {"uid"}));
    } else if (waits_for_dependents(reference)) {
      ++waiting;
    }
  }
  if (gone.size() + waiting == references.size()) {
    const bool owner = dependents_.contains(text(object, {"metadata", "uid"}));
    const char* policy = waiting > 0 && owner ? "Foreground" : "Background";
    wrote(actor_.remove(dependent.resource, object, {{"propagationPolicy", policy}}));
  } else if (!gone.empty()) {
    wrote(actor_.merge_patch(dependent.resource, object, references_but(object, gone)));
  }
}

void GarbageCollector::orphan_dependents(const Entry& owner) {
  const std::string uid = text(*owner.object, {"metadata", "uid"});
  const auto [first, last] = dependents_.equal_range(uid);
  bool all = true;
  for (auto at = first; at != last; ++at) {
    const Answer answer = actor_.merge_patch(at->second.resource, *at->second.object,
                                             references_but(*at->second.object, {uid}));
    wrote(answer);
    all = all && (answer.code == 200 || answer.code == 404);
  }
  if (!all) return;
  wrote(actor_.merge_patch(owner.resource, *owner.object,
                           without_finalizer(*owner.object, orphan_finalizer)));
}

void GarbageCollector::finish_foreground(const Entry& owner) {
  const std::string uid = text(*owner.object, {"metadata", "uid"});
  const auto [first, last] = dependents_.equal_range(uid);
  const bool blocked = std::any_of(first, last, [&](const auto& dependent) {
    const Json& references = (*dependent.second.object)["metadata"]["ownerReferences"];
    return std::any_of(references.begin(), references.end(), [&](const Json& reference) {
      return text(reference, {"uid"}) == uid && truth(reference, {"blockOwnerDeletion"});
    });
  });
  if (blocked) return;
  wrote(actor_.merge_patch(owner.resource, *owner.object,
                           without_finalizer(*owner.object, foreground_finalizer)));
}

void GarbageCollector::empty_namespace(const Json& space) {
  const std::string name = text(space, {"metadata", "name"});
  bool empty = true;
  for (const Entry& entry : all_) {
    if (text(*entry.object, {"metadata", "namespace"}) != name) continue;
    empty = false;
    if (!deleting(*entry.object)) wrote(actor_.remove(entry.resource, *entry.object));
  }
  if (!empty) return;
  wrote(actor_.merge_patch("namespaces", space, {{"spec", {{"finalizers", Json::array()}}}},
                           "finalize"));
}

void GarbageCollector::empty_definition(const Json& definition) {
  const auto instances = actor_.list(text(definition, {"metadata", "name"}));
  for (const Object& instance : instances) {
    if (deleting(*instance)) continue;
    wrote(actor_.remove(text(definition, {"metadata", "name"}), *instance));
  }
  if (!instances.empty()) return;
  wrote(actor_.merge_patch(crd_resource, definition, without_finalizer(definition, crd_finalizer)));
}

}  // namespace ratchet::k8s::embedded
