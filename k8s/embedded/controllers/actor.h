// How controllers read and write: through the server's verbs, under a user of their own, so that
// preconditions, faults and the request log treat them like anybody else.
#pragma once

#include <string>
#include <vector>

#include "k8s/embedded/api_server.h"

namespace ratchet::k8s::embedded {

class Actor {
 public:
  // The server must outlive the actor.
  Actor(ApiServer& server, std::string user) : server_(server), user_(std::move(user)) {}

  std::vector<Object> list(const std::string& resource, const std::string& space = "") const {
    return server_.store().list(resource, space);
  }
  Object find(const std::string& resource, const std::string& space,
              const std::string& name) const {
    return server_.store().find({resource, space, name});
  }
  Answer create(const std::string& resource, Json object);
  // The changes are made to `object` as it was read: 409 if it has changed since.
  Answer merge_patch(const std::string& resource, const Json& object, Json patch,
                     const std::string& subresource = "");
  // Only if it is still this object (by uid).
  Answer remove(const std::string& resource, const Json& object, Json options = Json::object());

  ApiServer& server() { return server_; }

 private:
  Call call_of(Verb verb, const std::string& resource, const Json& object) const;

  ApiServer& server_;
  std::string user_;
};

// The reference that makes `owner` the controller of an object.
Json controller_reference(const Json& owner);
// The uid of the object's controller; empty if it has none.
std::string controller_of(const Json& object);
bool deleting(const Json& object);
// Its list of finalizers without this one, as a merge patch.
Json without_finalizer(const Json& object, const std::string& finalizer);
bool has_finalizer(const Json& object, const std::string& finalizer);

}  // namespace ratchet::k8s::embedded
