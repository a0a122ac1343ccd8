// A node without processes: it runs a pod by saying so. For tests of what watches pods.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "k8s/embedded/controllers/actor.h"

namespace ratchet::k8s::embedded {

class SimulatedNode {
 public:
  // Whether a pod gets an image, by what its registry asks for.
  using HasImage = std::function<bool(const Json& pod, const std::string& image)>;

  // What a node calls the image that it starts a pod's containers from.
  using ImageIdOf = std::function<std::string(const Json& pod, const std::string& image)>;

  // `has_image` decides which images can be pulled; not set: all. `image_id`: not set, or empty for
  // an image: as the manifest calls it, without a digest. A container keeps what it was started
  // from.
  explicit SimulatedNode(ApiServer& server, HasImage has_image = {}, ImageIdOf image_id = {})
      : actor_(server, "system:node:node"),
        has_image_(std::move(has_image)),
        image_id_(std::move(image_id)) {}

  // Schedules, starts and ends pods as far as they have come; true if it wrote anything.
  bool pass();

 private:
  void settle(const Json& pod);
  Json status_of(const Json& pod);
  std::string image_id_of(const Json& pod, const Json& container) const;
  void wrote(const Answer& answer) { wrote_ = wrote_ || answer.code < 300; }

  Actor actor_;
  HasImage has_image_;
  ImageIdOf image_id_;
  bool wrote_ = false;
};

// The conditions of a pod, given whether its containers are ready: Ready needs every readiness
// gate too. Conditions of others are kept; times change only with their status.
Json pod_conditions(const Json& pod, bool initialized, bool containers_ready, Time now);

}  // namespace ratchet::k8s::embedded
