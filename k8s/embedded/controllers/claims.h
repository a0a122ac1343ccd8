// Volumes: a claim is bound at once to a volume made for it, is kept while a pod uses it, and takes
// its volume with it when it goes (reclaim policy Delete).
#pragma once

#include "k8s/embedded/controllers/actor.h"

namespace ratchet::k8s::embedded {

class ClaimController {
 public:
  explicit ClaimController(ApiServer& server)
      : actor_(server, "system:serviceaccount:kube-system:persistent-volume-binder") {}

  // True if it wrote anything.
  bool pass();

 private:
  void bind(const Json& claim);
  bool in_use(const Json& claim) const;
  void wrote(const Answer& answer) { wrote_ = wrote_ || answer.code < 300; }

  Actor actor_;
  bool wrote_ = false;
};

}  // namespace ratchet::k8s::embedded
