// A cluster in this process: the embedded API server with its controllers and a simulated node, the
// project's own CRDs, and the provisioner's parts on it, driven one pass at a time.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "k8s/client/kinds.h"
#include "k8s/embedded/api_server.h"
#include "k8s/embedded/controllers/controllers.h"
#include "k8s/embedded/controllers/simulated_node.h"
#include "k8s/embedded/in_process_client.h"
#include "k8s/provisioner/health.h"
#include "k8s/provisioner/reconcile.h"

namespace ratchet::k8s::testing {

class World {
 public:
  World();  // has namespace demo, the CRDs and both versions

  // Creates, or replaces the spec of, every document.
  void apply(const std::string& yaml);
  // null if there is none.
  Json get(const Resource& kind, const std::string& name, const std::string& space = "demo");
  std::vector<std::string> names(const Resource& kind);
  void patch(const Resource& kind, const std::string& name, Json patch);
  void remove(const Resource& kind, const std::string& name);
  void pause(const std::string& name, const std::string& since);
  void resume(const std::string& name);

  std::optional<provisioner::Duration> pass(const std::string& name = "my-standalone");
  void check(const std::string& name = "my-standalone");
  // Passes, checks, controllers and node until nothing changes any more.
  void settle(const std::string& name = "my-standalone");
  // Controllers and node only.
  bool run_cluster();

  std::string phase(const std::string& name = "my-standalone");
  // The condition of the MySQL; null if there is none.
  Json condition(const std::string& type, const std::string& name = "my-standalone");
  // As a person does: sets this annotation to the first value that GroupComplete shows for it.
  void approve(const std::string& annotation, const std::string& name);

  boost::asio::io_context& loop() { return loop_; }
  // Runs a call of the client to its end.
  Reply run(boost::asio::awaitable<Reply> call);

  // What the servers answer, and what they were asked with.
  provisioner::ProbeResult answer;
  std::vector<provisioner::ProbeTarget> probes;
  std::vector<Report> events;
  std::vector<std::string> event_texts();
  std::set<std::string> missing_images;               // that the node cannot pull
  std::map<std::string, std::string> private_images;  // the pull secret that each asks for
  std::map<std::string, std::string> image_ids;       // what the node calls each that it pulls

  embedded::Faults faults;
  embedded::ApiServer server;
  embedded::InProcessClient client{server, "provisioner"};
  provisioner::Context context;

 private:
  bool can_pull(const Json& pod, const std::string& image) const;
  std::string image_id(const std::string& image) const;

  boost::asio::io_context loop_;
  embedded::Controllers controllers_{server};
  embedded::SimulatedNode node_{
      server, [this](const Json& pod, const std::string& image) { return can_pull(pod, image); },
      [this](const Json&, const std::string& image) { return image_id(image); }};
  provisioner::Reconciler reconciler_{context};
  provisioner::Health health_{context};
};

}  // namespace ratchet::k8s::testing
