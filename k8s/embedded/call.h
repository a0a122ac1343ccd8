// One request to the API server and its answer, free of HTTP.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "k8s/embedded/patch.h"

namespace ratchet::k8s::embedded {

enum class Verb { get, list, watch, create, update, patch, remove, remove_all };

// The finalizers that stand for a deletion's propagation policy (metav1).
inline constexpr const char* orphan_finalizer = "orphan";
inline constexpr const char* foreground_finalizer = "foregroundDeletion";

// As an audit log spells it: get, …, delete, deletecollection.
const char* verb_name(Verb verb);
inline bool is_write(Verb verb) {
  return verb != Verb::get && verb != Verb::list && verb != Verb::watch;
}

struct Call {
  Verb verb = Verb::get;
  std::string group;
  std::string version;
  std::string plural;
  std::string space;  // namespace; empty: cluster-scoped, or all namespaces
  std::string name;
  std::string subresource;  // empty, status, or finalize (namespaces)
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;  // of lists and watches
  std::string resume;            // `continue` of a paged list
  std::size_t limit = 0;         // 0: no limit
  bool bookmarks = false;
  bool dry_run = false;
  bool strict = false;  // fieldValidation=Strict: unknown fields are refused, not dropped
  PatchType patch_type = PatchType::merge;
  Json body;  // the object, the patch, or DeleteOptions
  std::string user = "system:admin";
};

struct Answer {
  int code = 200;
  Json body;          // the object, the list, or a metav1.Status
  bool lost = false;  // a fault: the caller must get no answer
};

enum class Fault {
  none,
  refuse,       // 500, nothing is written
  forbid,       // 403, nothing is written
  conflict,     // 409, nothing is written
  lost_before,  // nothing is written and no answer arrives
  lost_after,   // it is carried out, and no answer arrives
};

// What goes wrong, for tests; a function that is not set does no harm.
struct Faults {
  // Asked once per write, before it is carried out.
  std::function<Fault(const Call& call)> on_write;
  // The version up to which this watch (or list from the cache, resourceVersion=0) sees changes,
  // `latest` at most: a lagging watch cache.
  std::function<std::uint64_t(const Call& call, std::uint64_t latest)> visible;
  // Asked before each event of a watch: true ends the stream instead.
  std::function<bool(const Call& call)> cut;
};

}  // namespace ratchet::k8s::embedded
