// The StatefulSet controller: what kube-controller-manager 1.32 does, without ControllerRevision
// objects (a revision is the hash of a template; with a partition, a pod below it that is lost
// therefore comes back with the new template).
#pragma once

#include <map>
#include <vector>

#include "k8s/embedded/controllers/actor.h"

namespace ratchet::k8s::embedded {

class StatefulSetController {
 public:
  explicit StatefulSetController(ApiServer& server)
      : actor_(server, "system:serviceaccount:kube-system:statefulset-controller") {}

  // Looks at every set once and does what it finds to do; true if it wrote anything.
  bool pass();

 private:
  using Pods = std::map<int, Object>;  // by ordinal

  bool sync(const Json& set);
  // The set's pods; adopts orphans that match and releases pods that no longer do.
  Pods claim_pods(const Json& set);
  bool belongs(const Json& set, const Json& pod);
  // These return true when the set must wait for what they did or saw.
  bool grow(const Json& set, const Pods& pods);
  bool grow_one(const Json& set, const Pods& pods, int ordinal);
  bool shrink(const Json& set, const Pods& pods);
  void roll(const Json& set, const Pods& pods);
  void write_status(const Json& set, const Pods& pods);
  void create_claims(const Json& set, int ordinal);
  void wrote(const Answer& answer) { wrote_ = wrote_ || answer.code < 300; }

  Actor actor_;
  bool wrote_ = false;
};

}  // namespace ratchet::k8s::embedded
