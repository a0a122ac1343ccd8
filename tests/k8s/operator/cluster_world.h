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
  ClusterWorld(const char* manifest, std::string name, Servers given = Servers())
      : name_(std::move(name)),
        servers(std::move(given)),
        ops({.manifest = manifest,
             .name = name_,
             .answers = [this](const std::string& pod,
                               const std::string& words) { return servers.ask(pod, words); },
             .group = servers.port(),
             .follow = [this] { follow(); }}) {
    ops.world.apply(next_release);
    find_pods();
    for (auto& [pod, id] : uids_) id = ops.world.get(kinds::pod, pod).at("metadata").at("uid");
  }
  // Servers of pods that are to come.
  void follow_too(const std::string& pod) { uids_[pod]; }

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
  std::map<std::string, std::string> uids_;  // by pod, of those that are, were or are to come
  bool was_whole_ = false;
  int fewest_ = 3;

  void find_pods() {
    for (int i = 0; i < most_; ++i) {
      if (!pod(i).is_null()) uids_.try_emplace(pod_name(i));
    }
  }

  // A server runs while its pod's container does; another pod's is another process.
  void follow() {
    int serving = 0;
    find_pods();
    for (auto& [name, former_id] : uids_) {
      const Json now = ops.world.get(kinds::pod, name);
      const std::string id = now.is_null() ? "" : now.at("metadata").at("uid").get<std::string>();
      const bool runs = now.contains("/status/containerStatuses/1/state/running"_json_pointer);
      auto& server = servers.at(name);
      if (id != former_id || runs != server.up) servers.restart(name);
      server.up = runs;
      former_id = id;
      serving += servers.serves(name) ? 1 : 0;
    }
    if (serving >= 3) was_whole_ = true;
    if (was_whole_) fewest_ = std::min(fewest_, serving);
    if (at_each_round) at_each_round();
  }

 public:
  std::function<void()> at_each_round;
  Servers servers;
  OpsWorld ops;
};

}  // namespace ratchet::k8s::testing
