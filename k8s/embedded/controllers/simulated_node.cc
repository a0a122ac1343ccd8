#include "k8s/embedded/controllers/simulated_node.h"

#include <algorithm>
#include <utility>

#include "k8s/embedded/json_access.h"

namespace ratchet::k8s::embedded {
namespace {

void set_condition(Json& conditions, const std::string& type, bool status, const std::string& now) {
  const std::string word = status ? "True" : "False";
  const auto found = std::find_if(conditions.begin(), conditions.end(), [&](const Json& condition) {
    return text(condition, {"type"}) == type;
  });
  if (found == conditions.end()) {
    conditions.push_back({{"type", type}, {"status", word}, {"lastTransitionTime", now}});
  } else if (text(*found, {"status"}) != word) {
    (*found)["status"] = word;
    (*found)["lastTransitionTime"] = now;
  }
}

bool gate_open(const Json& conditions, const std::string& type) {
  return std::any_of(conditions.begin(), conditions.end(), [&](const Json& condition) {
    return text(condition, {"type"}) == type && text(condition, {"status"}) == "True";
  });
}

}  // namespace

Json pod_conditions(const Json& pod, bool initialized, bool containers_ready, Time now) {
  const std::string at = time_text(now);
  Json conditions = dig(pod, {"status", "conditions"});
  if (!conditions.is_array()) conditions = Json::array();
  set_condition(conditions, "PodScheduled", true, at);
  set_condition(conditions, "Initialized", initialized, at);
  set_condition(conditions, "ContainersReady", containers_ready, at);
  bool ready = containers_ready;
  for (const Json& gate : dig(pod, {"spec", "readinessGates"})) {
    ready = ready && gate_open(conditions, text(gate, {"conditionType"}));
  }
  set_condition(conditions, "Ready", ready, at);
  return conditions;
}

bool SimulatedNode::pass() {
  wrote_ = false;
  for (const Object& pod : actor_.list("pods")) settle(*pod);
  return wrote_;
}

void SimulatedNode::settle(const Json& pod) {
  if (deleting(pod)) {
    if (number(pod, {"metadata", "deletionGracePeriodSeconds"}) > 0) {
      wrote(actor_.remove("pods", pod, {{"gracePeriodSeconds", 0}}));
    }
    return;
  }
  if (text(pod, {"spec", "nodeName"}).empty()) {
    wrote(actor_.merge_patch("pods", pod, {{"spec", {{"nodeName", "node"}}}}));
    return;
  }
  const Json status = status_of(pod);
  if (status == dig(pod, {"status"})) return;
  wrote(actor_.merge_patch("pods", pod, {{"status", status}}, "status"));
}

std::string SimulatedNode::image_id_of(const Json& pod, const Json& container) const {
  for (const Json& known : dig(pod, {"status", "containerStatuses"})) {
    if (known["name"] == container["name"] && !text(known, {"imageID"}).empty()) {
      return text(known, {"imageID"});
    }
  }
  const std::string image = text(container, {"image"});
  const std::string id = image_id_ ? image_id_(pod, image) : std::string();
  return id.empty() ? image : id;
}

Json SimulatedNode::status_of(const Json& pod) {
  Json status = dig(pod, {"status"});
  Json containers = Json::array();
  bool running = true;
  const std::string started = text(status, {"startTime"}).empty() ? time_text(actor_.server().now())
                                                                  : text(status, {"startTime"});
  for (const Json& container : dig(pod, {"spec", "containers"})) {
    const std::string image = text(container, {"image"});
    const bool here = !has_image_ || has_image_(pod, image);
    running = running && here;
    Json state = here ? Json{{"running", {{"startedAt", started}}}}
                      : Json{{"waiting", {{"reason", "ImagePullBackOff"}}}};
    containers.push_back({{"name", container["name"]},
                          {"image", image},
                          {"imageID", here ? image_id_of(pod, container) : ""},
                          {"ready", here},
                          {"started", here},
                          {"restartCount", 0},
                          {"state", std::move(state)}});
  }
  status["phase"] = running ? "Running" : "Pending";
  status["startTime"] = started;
  status["podIP"] = "127.0.0.1";
  status["containerStatuses"] = std::move(containers);
  status["conditions"] = pod_conditions(pod, true, running, actor_.server().now());
  return status;
}

}  // namespace ratchet::k8s::embedded
