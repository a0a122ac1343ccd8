// The controllers that our objects need, as one: what kube-controller-manager does on a cluster.
#pragma once

#include "k8s/embedded/controllers/claims.h"
#include "k8s/embedded/controllers/garbage.h"
#include "k8s/embedded/controllers/stateful_set.h"

namespace ratchet::k8s::embedded {

class Controllers {
 public:
  // The server must outlive them.
  explicit Controllers(ApiServer& server) : sets_(server), claims_(server), garbage_(server) {}

  // Each controller looks at everything once. Level-based: run it whenever the store has changed,
  // until it returns false. True if anything was written.
  bool pass() {
    const bool sets = sets_.pass();
    const bool claims = claims_.pass();
    const bool garbage = garbage_.pass();
    return sets || claims || garbage;
  }

 private:
  StatefulSetController sets_;
  ClaimController claims_;
  GarbageCollector garbage_;
};

}  // namespace ratchet::k8s::embedded
