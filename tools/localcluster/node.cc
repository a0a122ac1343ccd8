#include "tools/localcluster/node.h"

#include <set>
#include <utility>

#include "k8s/embedded/json_access.h"

namespace ratchet::localcluster {
namespace {

using k8s::embedded::Answer;
using k8s::embedded::deleting;
using k8s::embedded::dig;
using k8s::embedded::number;
using k8s::embedded::Object;
using k8s::embedded::text;

constexpr const char* node_name = "localcluster";

}  // namespace

Node::Node(NodeContext context)
    : context_(std::move(context)),
      actor_(context_.server, std::string("system:node:") + node_name) {}

void Node::announce() {
  const Json node = {
      {"apiVersion", "v1"},
      {"kind", "Node"},
      {"metadata", {{"name", node_name}, {"labels", {{"kubernetes.io/hostname", node_name}}}}}};
  const Answer made = actor_.create("nodes", node);
  if (made.code != 201) return;
  const std::string now = k8s::embedded::time_text(context_.server.now());
  const Json status = {{"conditions",
                        {{{"type", "Ready"},
                          {"status", "True"},
                          {"reason", "LocalclusterReady"},
                          {"message", "pods are processes on the loopback"},
                          {"lastTransitionTime", now}}}},
                       {"addresses", {{{"type", "InternalIP"}, {"address", "127.0.0.1"}}}},
                       {"nodeInfo", {{"kubeletVersion", "v1.32.0-localcluster"}}}};
  actor_.merge_patch("nodes", made.body, {{"status", status}}, "status");
}

bool Node::pass() {
  wrote_ = false;
  for (const Object& pod : actor_.list("pods")) {
    const auto run = runs_.find(text(*pod, {"metadata", "uid"}));
    if (run != runs_.end()) {
      settle(*pod, *run->second);
    } else if (deleting(*pod)) {  // never begun here, or ended: nothing is left to stop
      if (number(*pod, {"metadata", "deletionGracePeriodSeconds"}) > 0) {
        wrote(actor_.remove("pods", *pod, {{"gracePeriodSeconds", 0}}));
      }
    } else if (!stopping_) {
      begin(*pod);
    }
  }
  forget_gone();
  remove_volumes();
  return wrote_;
}

void Node::begin(const Json& pod) {
  const std::string phase = text(pod, {"status", "phase"});
  if (phase == "Succeeded" || phase == "Failed") return;
  if (text(pod, {"spec", "nodeName"}).empty()) {
    wrote(actor_.merge_patch("pods", pod, {{"spec", {{"nodeName", node_name}}}}));
    return;  // the next pass starts it
  }
  const auto run = std::make_shared<PodRun>(context_, pod, next_address(), [this] {
    if (wake_) wake_();
  });
  runs_[text(pod, {"metadata", "uid"})] = run;
  run->start();
}

void Node::settle(const Json& pod, PodRun& run) {
  Json status = run.status(pod);
  Json seen = pod;
  if (status != dig(pod, {"status"})) {
    const Answer answer = actor_.merge_patch("pods", pod, {{"status", status}}, "status");
    wrote(answer);
    if (answer.code == 200) seen = answer.body;
  }
  if (!deleting(pod)) return;
  if (!run.stopping()) {
    run.stop(std::chrono::seconds(number(pod, {"metadata", "deletionGracePeriodSeconds"})));
  }
  if (!run.ended()) return;
  if (number(pod, {"metadata", "deletionGracePeriodSeconds"}) > 0) {
    wrote(actor_.remove("pods", seen, {{"gracePeriodSeconds", 0}}));
  }
}

// Pods that were removed by force: their processes must not go on.
void Node::forget_gone() {
  std::set<std::string> there;
  for (const Object& pod : actor_.list("pods")) there.insert(text(*pod, {"metadata", "uid"}));
  for (auto run = runs_.begin(); run != runs_.end();) {
    if (there.contains(run->first)) {
      ++run;
      continue;
    }
    if (!run->second->ended()) {
      run->second->kill();
      ++run;
      continue;
    }
    std::error_code ignored;
    std::filesystem::remove_all(context_.folder / "pods" / run->first, ignored);
    run = runs_.erase(run);
  }
}

void Node::remove_volumes() {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(context_.folder / "volumes", none)) {
    if (!actor_.find("persistentvolumes", "", entry.path().filename())) {
      std::filesystem::remove_all(entry.path(), none);
    }
  }
}

std::string Node::next_address() {
  ++last_address_;
  return "127." + std::to_string(subnet_) + "." + std::to_string(last_address_ / 250 % 250) + "." +
         std::to_string(last_address_ % 250 + 1);
}

void Node::stop_all(std::chrono::seconds grace) {
  stopping_ = true;
  for (const auto& [uid, run] : runs_) {
    if (!run->ended()) run->stop(grace);
  }
}

bool Node::idle() const {
  for (const auto& [uid, run] : runs_) {
    if (!run->ended()) return false;
  }
  return true;
}

void Node::kill_all() {
  for (const auto& [uid, run] : runs_) run->kill();
}

}  // namespace ratchet::localcluster
