// A node without processes: it runs a pod by saying so. For tests of what watches pods.
#pragma once

#include <functional>
#include <string>

#include "k8s/embedded/controllers/actor.h"

namespace ratchet::k8s::embedded {

class SimulatedNode {
 public:
  // `has_image` decides which images can be pulled; not set: all.
  explicit SimulatedNode(ApiServer& server,
                         std::function<bool(const std::string& image)> has_image = {})
      : actor_(server, "system:node:node"), has_image_(std::move(has_image)) {}

  // Schedules, starts and ends pods as far as they have come; true if it wrote anything.
  bool pass();

 private:
  void settle(const Json& pod);
  Json status_of(const Json& pod);
  void wrote(const Answer& answer) { wrote_ = wrote_ || answer.code < 300; }

  Actor actor_;
  std::function<bool(const std::string&)> has_image_;
  bool wrote_ = false;
};

// The conditions of a pod, given whether its containers are ready: Ready needs every readiness
// gate too. Conditions of others are kept; times change only with their status.
Json pod_conditions(const Json& pod, bool initialized, bool containers_ready, Time now);

}  // namespace ratchet::k8s::embedded
