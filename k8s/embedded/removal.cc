// Deleting objects: preconditions, propagation, grace and finalizers.
#include <algorithm>
#include <utility>

#include "k8s/embedded/api_server.h"
#include "k8s/embedded/crd.h"
#include "k8s/embedded/json_access.h"
#include "k8s/embedded/refusal.h"

namespace ratchet::k8s::embedded {
namespace {

void check_preconditions(const Kind& kind, const Json& object, const Json& options) {
  const std::string name = text(object, {"metadata", "name"});
  const std::string uid = text(options, {"preconditions", "uid"});
  const std::string actual_uid = text(object, {"metadata", "uid"});
  if (!uid.empty() && uid != actual_uid) {
    throw precondition_failed(kind, name,
                              "the UID in the precondition (" + uid +
                                  ") does not match the UID in record (" + actual_uid +
                                  "). The object might have been deleted and then recreated");
  }
  const std::string version = text(options, {"preconditions", "resourceVersion"});
  const std::string actual = text(object, {"metadata", "resourceVersion"});
  if (!version.empty() && version != actual) {
    throw precondition_failed(kind, name,
                              "the ResourceVersion in the precondition (" + version +
                                  ") does not match the ResourceVersion in record (" + actual +
                                  "). The object might have been modified");
  }
}

// The seconds that its processes get: only a pod on a node has any.
std::int64_t grace_of(const Kind& kind, const Json& object, const Json& options) {
  if (kind.resource() != "pods" || text(object, {"spec", "nodeName"}).empty()) return 0;
  const std::string phase = text(object, {"status", "phase"});
  if (phase == "Succeeded" || phase == "Failed") return 0;
  return number(options, {"gracePeriodSeconds"},
                number(object, {"spec", "terminationGracePeriodSeconds"}, 30));
}

void set_propagation(Json& metadata, const std::string& policy) {
  Json& finalizers = metadata["finalizers"];
  if (!finalizers.is_array()) finalizers = Json::array();
  if (!policy.empty()) {
    for (const char* one : {orphan_finalizer, foreground_finalizer}) {
      finalizers.erase(std::remove(finalizers.begin(), finalizers.end(), one), finalizers.end());
    }
  }
  if (policy == "Orphan") finalizers.push_back(orphan_finalizer);
  if (policy == "Foreground") finalizers.push_back(foreground_finalizer);
  if (finalizers.empty()) metadata.erase("finalizers");
}

// Begins, or shortens, the deletion.
void mark_deleted(const Kind& kind, Json& object, const Json& options, Time now) {
  Json& metadata = object["metadata"];
  std::int64_t grace = grace_of(kind, object, options);
  if (metadata.contains("deletionTimestamp")) {
    const std::int64_t before = number(metadata, {"deletionGracePeriodSeconds"});
    const bool asked = options.contains("gracePeriodSeconds");
    grace = asked ? std::min(grace, before) : before;
    if (grace == before) return;
  } else {
    set_propagation(metadata, text(options, {"propagationPolicy"}));
    if (metadata.contains("generation")) {
      metadata["generation"] = number(metadata, {"generation"}) + 1;
    }
    if (kind.resource() == "namespaces") object["status"]["phase"] = "Terminating";
  }
  metadata["deletionTimestamp"] = time_text(now + std::chrono::seconds(grace));
  metadata["deletionGracePeriodSeconds"] = grace;
}

Json success(const Kind& kind, const Json& object) {
  Json details = {{"name", object["metadata"]["name"]},
                  {"kind", kind.plural},
                  {"uid", object["metadata"]["uid"]}};
  if (!kind.group.empty()) details["group"] = kind.group;
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", Json::object()},
          {"status", "Success"},
          {"details", std::move(details)}};
}

}  // namespace

bool ApiServer::removable(const Json& object) const {
  const Json& metadata = object["metadata"];
  return metadata.contains("deletionTimestamp") && !metadata.contains("finalizers") &&
         number(metadata, {"deletionGracePeriodSeconds"}) == 0 &&
         (text(object, {"kind"}) != "Namespace" || dig(object, {"spec", "finalizers"}).empty());
}

void ApiServer::dropped(const Target& target) {
  if (target.id.resource == crd_resource) {
    kinds_.erase(target.id.name);
  }
}

Answer ApiServer::remove(const Call& call) {
  const Target target = target_of(call);
  const Kind& kind = *target.kind;
  const Object old = existing(target);
  const Json options = call.body.is_object() ? call.body : Json::object();
  check_preconditions(kind, *old, options);
  Json object = *old;
  mark_deleted(kind, object, options, now());
  if (call.dry_run || object == *old) {
    if (!removable(object)) return {200, in_version(kind, call.version, object)};
  }
  if (!removable(object)) {
    return {200, in_version(kind, call.version, *store_.put(target.id, std::move(object)))};
  }
  Json answer = success(kind, object);
  if (!call.dry_run) {
    store_.erase(target.id, std::move(object));
    dropped(target);
  }
  return {200, std::move(answer)};
}

Answer ApiServer::remove_all(const Call& call) {
  Answer listed = list(call);
  for (const Json& item : listed.body["items"]) {
    Call one = call;
    one.verb = Verb::remove;
    one.space = text(item, {"metadata", "namespace"});
    one.name = text(item, {"metadata", "name"});
    remove(one);
  }
  return listed;
}

}  // namespace ratchet::k8s::embedded
