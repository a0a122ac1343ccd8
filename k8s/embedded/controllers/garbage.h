// The garbage collector, and what ends with its container: the contents of namespaces and the
// objects of custom kinds.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "k8s/embedded/controllers/actor.h"

namespace ratchet::k8s::embedded {

class GarbageCollector {
 public:
  explicit GarbageCollector(ApiServer& server)
      : actor_(server, "system:serviceaccount:kube-system:generic-garbage-collector") {}

  // Looks at every object once; true if it wrote anything.
  bool pass();

 private:
  struct Entry {
    std::string resource;
    Object object;
  };

  void index();
  bool exists(const Json& dependent, const Json& reference);
  bool waits_for_dependents(const Json& reference) const;
  void collect(const Entry& dependent);
  void orphan_dependents(const Entry& owner);
  void finish_foreground(const Entry& owner);
  void empty_namespace(const Json& space);
  void empty_definition(const Json& definition);
  void wrote(const Answer& answer) { wrote_ = wrote_ || answer.code < 300; }

  Actor actor_;
  bool wrote_ = false;
  std::vector<Entry> all_;
  std::map<std::string, Entry> by_uid_;
  std::multimap<std::string, Entry> dependents_;  // by the owner's uid
};

}  // namespace ratchet::k8s::embedded
