#include "k8s/embedded/controllers/claims.h"

#include <utility>

#include "k8s/embedded/json_access.h"

namespace ratchet::k8s::embedded {
namespace {

constexpr const char* claims = "persistentvolumeclaims";
constexpr const char* volumes = "persistentvolumes";
constexpr const char* protection = "kubernetes.io/pvc-protection";

Json volume_for(const Json& claim) {
  const Json& wanted = dig(claim, {"spec", "resources", "requests", "storage"});
  Json spec = {{"accessModes", dig(claim, {"spec", "accessModes"})},
               {"capacity", {{"storage", wanted.is_string() ? wanted : Json("1Gi")}}},
               {"claimRef",
                {{"apiVersion", "v1"},
                 {"kind", "PersistentVolumeClaim"},
                 {"namespace", claim["metadata"]["namespace"]},
                 {"name", claim["metadata"]["name"]},
                 {"uid", claim["metadata"]["uid"]}}},
               {"persistentVolumeReclaimPolicy", "Delete"},
               {"volumeMode", "Filesystem"}};
  const std::string storage_class = text(claim, {"spec", "storageClassName"});
  if (!storage_class.empty()) spec["storageClassName"] = storage_class;
  return {{"apiVersion", "v1"},
          {"kind", "PersistentVolume"},
          {"metadata", {{"name", "pvc-" + text(claim, {"metadata", "uid"})}}},
          {"spec", std::move(spec)}};
}

}  // namespace

bool ClaimController::pass() {
  wrote_ = false;
  for (const Object& claim : actor_.list(claims)) {
    if (deleting(*claim)) {
      if (!has_finalizer(*claim, protection) || in_use(*claim)) continue;
      wrote(actor_.merge_patch(claims, *claim, without_finalizer(*claim, protection)));
    } else if (text(*claim, {"status", "phase"}) == "Pending") {
      bind(*claim);
    }
  }
  for (const Object& volume : actor_.list(volumes)) {
    const Json& of = dig(*volume, {"spec", "claimRef"});
    const Object claim = actor_.find(claims, text(of, {"namespace"}), text(of, {"name"}));
    const bool gone = !claim || text(*claim, {"metadata", "uid"}) != text(of, {"uid"});
    const bool ours = text(*volume, {"metadata", "name"}) == "pvc-" + text(of, {"uid"});
    if (of.is_object() && ours && gone && !deleting(*volume))
      wrote(actor_.remove(volumes, *volume));
  }
  return wrote_;
}

void ClaimController::bind(const Json& claim) {
  const Json volume = volume_for(claim);
  const std::string name = text(volume, {"metadata", "name"});
  if (!actor_.find(volumes, "", name)) {
    const Answer made = actor_.create(volumes, volume);
    wrote(made);
    if (made.code >= 300) return;
    wrote(actor_.merge_patch(volumes, made.body, {{"status", {{"phase", "Bound"}}}}, "status"));
  }
  Json finalizers = dig(claim, {"metadata", "finalizers"});
  if (!finalizers.is_array()) finalizers = Json::array();
  if (!has_finalizer(claim, protection)) finalizers.push_back(protection);
  const Answer named = actor_.merge_patch(
      claims, claim,
      {{"metadata", {{"finalizers", finalizers}}}, {"spec", {{"volumeName", name}}}});
  wrote(named);
  if (named.code >= 300) return;
  const Json status = {{"phase", "Bound"},
                       {"accessModes", volume["spec"]["accessModes"]},
                       {"capacity", volume["spec"]["capacity"]}};
  wrote(actor_.merge_patch(claims, named.body, {{"status", status}}, "status"));
}

bool ClaimController::in_use(const Json& claim) const {
  for (const Object& pod : actor_.list("pods", claim["metadata"]["namespace"])) {
    for (const Json& volume : dig(*pod, {"spec", "volumes"})) {
      if (text(volume, {"persistentVolumeClaim", "claimName"}) ==
          text(claim, {"metadata", "name"})) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace ratchet::k8s::embedded
