// A cluster of three servers, at first, on an OpsWorld, the servers a model that follows its pods.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {

inline constexpr const char* next_release = R"(
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: "9.7.5"}
spec:
  version: "9.7.5"
  db: {image: "docker.io/library/mysql:9.7.5"}
)";
inline constexpr const char* next_image = "docker.io/library/mysql:9.7.5";

// `Servers`: FakeGroup or FakeSemiSync.
template <class Servers>
class ClusterWorld {
 public:
  ClusterWorld(const char* manifest, std::string name)
      : name_(std::move(name)),
        ops({.manifest = manifest,
             .name = name_,
             .answers = [this](const std::string& pod,
                               const std::string& words) { return servers.ask(pod, words); },
             .group = servers.port(),
             .follow = [this] { follow(); }}) {
    ops.world.apply(next_release);
    for (int i = 0; i < most_; ++i) {
      if (!pod(i).is_null()) uids_[i] = uid(i);
    }
  }

  static std::string pod_name(const std::string& name, int i) {
    return name + "-" + std::to_string(i);
  }
  std::string pod_name(int i) const { return pod_name(name_, i); }
  Json pod(int i) { return ops.world.get(kinds::pod, pod_name(i)); }
  std::string uid(int i) { return pod(i).value("/metadata/uid"_json_pointer, ""); }
  // "p", "s" or "-" of each member, as labelled.
  std::string labels() {
    std::string told;
    for (int i = 0; i < 3; ++i) {
      told += pod(i).value("/metadata/labels/kubedb.com~1role"_json_pointer, "-").substr(0, 1);
    }
    return told;
  }
  // Every image of a container in the StatefulSet and in its pods.
  std::set<std::string> images() {
    std::set<std::string> found;
    const Json set = ops.world.get(kinds::stateful_set, name_);
    std::vector<Json> specs{set.at("/spec/template/spec"_json_pointer)};
    for (int i = 0; i < 3; ++i) specs.push_back(pod(i).at("spec"));
    for (const Json& spec : specs) {
      for (const Json& container : spec.at("containers")) found.insert(container.at("image"));
    }
    return found;
  }
  // How many members served at the worst moment.
  int fewest() const { return fewest_; }

 private:
  std::string name_;
  static constexpr int most_ = 5;
  std::map<int, std::string> uids_;  // of pods that are, or were
  bool was_whole_ = false;
  int fewest_ = 3;

  // A server runs while its pod's container does; another pod's is another process.
  void follow() {
    int serving = 0;
    for (int i = 0; i < most_; ++i) {
      const Json now = pod(i);
      if (now.is_null() && !uids_.contains(i)) continue;  // never was there
      const std::string id = now.is_null() ? "" : now.at("metadata").at("uid").get<std::string>();
      const bool runs = now.contains("/status/containerStatuses/1/state/running"_json_pointer);
      auto& server = servers.at(pod_name(i));
      if (id != uids_[i] || runs != server.up) servers.restart(pod_name(i));
      server.up = runs;
      uids_[i] = id;
      serving += servers.serves(pod_name(i)) ? 1 : 0;
    }
    if (serving == 3) was_whole_ = true;
    if (was_whole_) fewest_ = std::min(fewest_, serving);
    if (at_each_round) at_each_round();
  }

 public:
  std::function<void()> at_each_round;
  Servers servers;
  OpsWorld ops;
};

}  // namespace ratchet::k8s::testing
