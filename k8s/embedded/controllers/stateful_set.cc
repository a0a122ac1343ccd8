#include "k8s/embedded/controllers/stateful_set.h"

#include <algorithm>
#include <utility>

#include "k8s/embedded/controllers/stateful_pods.h"
#include "k8s/embedded/json_access.h"
#include "k8s/embedded/selectors.h"

namespace ratchet::k8s::embedded {
namespace {

constexpr const char* sets = "statefulsets.apps";
constexpr const char* revision_label = "controller-revision-hash";

bool ready(const Json& pod) {
  if (text(pod, {"status", "phase"}) != "Running") return false;
  for (const Json& condition : dig(pod, {"status", "conditions"})) {
    if (text(condition, {"type"}) == "Ready") return text(condition, {"status"}) == "True";
  }
  return false;
}

bool healthy(const Json& pod) { return ready(pod) && !deleting(pod); }

bool finished(const Json& pod) {
  const std::string phase = text(pod, {"status", "phase"});
  return phase == "Failed" || phase == "Succeeded";
}

bool ordered(const Json& set) {
  return text(set, {"spec", "podManagementPolicy"}) == "OrderedReady";
}

std::string current_revision(const Json& set) {
  const std::string recorded = text(set, {"status", "currentRevision"});
  return recorded.empty() ? revision_of(set) : recorded;
}

int first_ordinal(const Json& set) {
  return static_cast<int>(number(set, {"spec", "ordinals", "start"}));
}

int end_ordinal(const Json& set) {
  return first_ordinal(set) + static_cast<int>(number(set, {"spec", "replicas"}, 1));
}

bool in_range(const Json& set, int ordinal) {
  return ordinal >= first_ordinal(set) && ordinal < end_ordinal(set);
}

}  // namespace

bool StatefulSetController::pass() {
  wrote_ = false;
  for (const Object& set : actor_.list(sets)) sync(*set);
  return wrote_;
}

bool StatefulSetController::sync(const Json& set) {
  const Pods pods = claim_pods(set);
  if (!deleting(set)) {
    const bool wait = grow(set, pods) || shrink(set, pods);
    if (!wait && text(set, {"spec", "updateStrategy", "type"}) == "RollingUpdate") roll(set, pods);
  }
  write_status(set, pods);
  return wrote_;
}

StatefulSetController::Pods StatefulSetController::claim_pods(const Json& set) {
  Pods pods;
  for (const Object& pod : actor_.list("pods", set["metadata"]["namespace"])) {
    const auto ordinal = ordinal_of(set, *pod);
    if (!ordinal || !belongs(set, *pod)) continue;
    pods[*ordinal] = actor_.find("pods", set["metadata"]["namespace"], (*pod)["metadata"]["name"]);
  }
  return pods;
}

bool StatefulSetController::belongs(const Json& set, const Json& pod) {
  const bool selected = Selector::of_object(dig(set, {"spec", "selector"})).matches(pod);
  const std::string controller = controller_of(pod);
  if (controller == text(set, {"metadata", "uid"})) {
    if (selected) return true;
    if (deleting(set)) return false;
    Json kept = Json::array();
    for (const Json& reference : pod["metadata"]["ownerReferences"]) {
      if (text(reference, {"uid"}) != controller) kept.push_back(reference);
    }
    wrote(actor_.merge_patch("pods", pod, {{"metadata", {{"ownerReferences", kept}}}}));
    return false;
  }
  if (!controller.empty() || !selected || deleting(set) || deleting(pod)) return false;
  Json references = dig(pod, {"metadata", "ownerReferences"});
  if (!references.is_array()) references = Json::array();
  references.push_back(controller_reference(set));
  const Answer answer =
      actor_.merge_patch("pods", pod, {{"metadata", {{"ownerReferences", references}}}});
  wrote(answer);
  return answer.code == 200;
}

bool StatefulSetController::grow(const Json& set, const Pods& pods) {
  bool wait = false;
  for (int ordinal = first_ordinal(set); ordinal < end_ordinal(set); ++ordinal) {
    wait = grow_one(set, pods, ordinal) || wait;
    if (wait && ordered(set)) return true;
  }
  return wait;
}

bool StatefulSetController::grow_one(const Json& set, const Pods& pods, int ordinal) {
  const auto found = pods.find(ordinal);
  if (found == pods.end()) {
    create_claims(set, ordinal);
    wrote(actor_.create("pods", new_pod(set, ordinal)));
    return true;
  }
  const Json& pod = *found->second;
  if (finished(pod)) {
    if (!deleting(pod)) wrote(actor_.remove("pods", pod));
    return true;
  }
  if (text(pod, {"status", "phase"}) == "Pending" && !deleting(pod)) create_claims(set, ordinal);
  return ordered(set) && !healthy(pod);
}

bool StatefulSetController::shrink(const Json& set, const Pods& pods) {
  const auto unhealthy = std::find_if(pods.begin(), pods.end(),
                                      [](const auto& entry) { return !healthy(*entry.second); });
  for (auto entry = pods.rbegin(); entry != pods.rend(); ++entry) {
    const auto& [ordinal, pod] = *entry;
    if (in_range(set, ordinal)) continue;
    if (deleting(*pod)) {
      if (ordered(set)) return true;
      continue;
    }
    // The first that is not well may go out of turn; any other waits until all before it are.
    const bool first = unhealthy != pods.end() && unhealthy->first == ordinal;
    if (ordered(set) && !ready(*pod) && !first) return true;
    wrote(actor_.remove("pods", *pod));
    return true;
  }
  return false;
}

void StatefulSetController::roll(const Json& set, const Pods& pods) {
  const std::string wanted = revision_of(set);
  const auto partition =
      static_cast<int>(number(set, {"spec", "updateStrategy", "rollingUpdate", "partition"}));
  for (auto entry = pods.rbegin(); entry != pods.rend(); ++entry) {
    const auto& [ordinal, pod] = *entry;
    if (!in_range(set, ordinal)) continue;
    if (ordinal < std::max(partition, first_ordinal(set))) return;
    if (text(*pod, {"metadata", "labels", revision_label}) != wanted && !deleting(*pod)) {
      wrote(actor_.remove("pods", *pod));
      return;
    }
    if (!healthy(*pod)) return;
  }
}

void StatefulSetController::write_status(const Json& set, const Pods& pods) {
  const std::string update = revision_of(set);
  std::string current = current_revision(set);
  std::int64_t count = 0, up = 0, old = 0, updated = 0;
  for (const auto& [ordinal, seen] : pods) {
    const Object pod =
        actor_.find("pods", set["metadata"]["namespace"], (*seen)["metadata"]["name"]);
    if (!pod) continue;
    ++count;
    up += ready(*pod) ? 1 : 0;
    const std::string revision = text(*pod, {"metadata", "labels", revision_label});
    old += !deleting(*pod) && revision == current ? 1 : 0;
    updated += !deleting(*pod) && revision == update ? 1 : 0;
  }
  // As the real one: with OnDelete the current revision is never moved on.
  const bool rolling = text(set, {"spec", "updateStrategy", "type"}) == "RollingUpdate";
  if (rolling && updated == count && up == count && count == number(set, {"spec", "replicas"})) {
    current = update;
    old = updated;
  }
  const Json status = {{"observedGeneration", set["metadata"]["generation"]},
                       {"replicas", count},
                       {"readyReplicas", up},
                       {"availableReplicas", up},
                       {"currentReplicas", old},
                       {"updatedReplicas", updated},
                       {"currentRevision", current},
                       {"updateRevision", update},
                       {"collisionCount", 0}};
  if (status == dig(set, {"status"})) return;
  wrote(actor_.merge_patch(sets, set, {{"status", status}}, "status"));
}

void StatefulSetController::create_claims(const Json& set, int ordinal) {
  for (const Json& claim : claims_of(set, ordinal)) {
    const std::string resource = "persistentvolumeclaims";
    if (actor_.find(resource, claim["metadata"]["namespace"], claim["metadata"]["name"])) continue;
    wrote(actor_.create(resource, claim));
  }
}

}  // namespace ratchet::k8s::embedded
