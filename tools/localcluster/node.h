// A small node: gives every pod an address on the loopback and runs it as processes.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "k8s/embedded/controllers/actor.h"
#include "tools/localcluster/pod_run.h"

namespace ratchet::localcluster {

class Node {
 public:
  // What `context` names must outlive the node.
  explicit Node(NodeContext context);

  // Pods get addresses 127.`subnet`.x.y.
  void use_subnet(int subnet) { subnet_ = subnet; }

  // `wake` is called when a process has changed something that pass() should look at.
  void on_change(std::function<void()> wake) { wake_ = std::move(wake); }
  // Writes the Node object.
  void announce();
  // Compares the pods with the processes and does what is missing; run it whenever the store has
  // changed. True if it wrote anything.
  bool pass();
  // Stops all pods; pass() goes on until idle().
  void stop_all(std::chrono::seconds grace);
  bool idle() const;
  void kill_all();

 private:
  void begin(const Json& pod);
  void settle(const Json& pod, PodRun& run);
  void forget_gone();
  void remove_volumes();
  std::string next_address();
  void wrote(const k8s::embedded::Answer& answer) { wrote_ = wrote_ || answer.code < 300; }

  NodeContext context_;
  k8s::embedded::Actor actor_;
  std::map<std::string, std::shared_ptr<PodRun>> runs_;  // by the pod's uid
  int subnet_ = 100;
  int last_address_ = 0;
  bool wrote_ = false;
  bool stopping_ = false;
  std::function<void()> wake_;
};

}  // namespace ratchet::localcluster
