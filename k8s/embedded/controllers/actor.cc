#include "k8s/embedded/controllers/actor.h"

#include <algorithm>
#include <utility>

#include "k8s/embedded/json_access.h"

namespace ratchet::k8s::embedded {

Call Actor::call_of(Verb verb, const std::string& resource, const Json& object) const {
  const KindPtr kind = server_.kinds().by_resource(resource);
  Call call;
  call.verb = verb;
  call.group = kind->group;
  call.version = kind->versions.front();
  call.plural = kind->plural;
  call.space = text(object, {"metadata", "namespace"});
  call.name = text(object, {"metadata", "name"});
  call.user = user_;
  return call;
}

Answer Actor::create(const std::string& resource, Json object) {
  Call call = call_of(Verb::create, resource, object);
  call.body = std::move(object);
  return server_.handle(call);
}

Answer Actor::merge_patch(const std::string& resource, const Json& object, Json patch,
                          const std::string& subresource) {
  Call call = call_of(Verb::patch, resource, object);
  call.subresource = subresource;
  call.body = std::move(patch);
  call.body["metadata"]["resourceVersion"] = object["metadata"]["resourceVersion"];
  return server_.handle(call);
}

Answer Actor::remove(const std::string& resource, const Json& object, Json options) {
  Call call = call_of(Verb::remove, resource, object);
  call.body = std::move(options);
  call.body["preconditions"] = {{"uid", object["metadata"]["uid"]}};
  return server_.handle(call);
}

Json controller_reference(const Json& owner) {
  return {{"apiVersion", owner["apiVersion"]},
          {"kind", owner["kind"]},
          {"name", owner["metadata"]["name"]},
          {"uid", owner["metadata"]["uid"]},
          {"controller", true},
          {"blockOwnerDeletion", true}};
}

std::string controller_of(const Json& object) {
  for (const Json& reference : dig(object, {"metadata", "ownerReferences"})) {
    if (truth(reference, {"controller"})) return text(reference, {"uid"});
  }
  return "";
}

bool deleting(const Json& object) { return object["metadata"].contains("deletionTimestamp"); }

Json without_finalizer(const Json& object, const std::string& finalizer) {
  Json kept = Json::array();
  for (const Json& one : dig(object, {"metadata", "finalizers"})) {
    if (one != finalizer) kept.push_back(one);
  }
  return {{"metadata", {{"finalizers", std::move(kept)}}}};
}

bool has_finalizer(const Json& object, const std::string& finalizer) {
  const Json& finalizers = dig(object, {"metadata", "finalizers"});
  return std::find(finalizers.begin(), finalizers.end(), finalizer) != finalizers.end();
}

}  // namespace ratchet::k8s::embedded
