// One pod as processes: init containers in order, then the containers, restarted as the pod's
// policy says, until it is told to stop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "k8s/embedded/api_server.h"
#include "tools/localcluster/container_plan.h"
#include "tools/localcluster/images.h"
#include "tools/localcluster/process.h"

namespace ratchet::localcluster {

// What runs a pod needs to know of its node. All must outlive it.
struct NodeContext {
  boost::asio::any_io_executor executor;
  k8s::embedded::ApiServer& server;
  const Images& images;
  std::filesystem::path folder;  // --dir
};

class PodRun : public std::enable_shared_from_this<PodRun> {
 public:
  // `changed` is called whenever status() may be different.
  PodRun(NodeContext context, Json pod, std::string ip, std::function<void()> changed);

  void start();
  // SIGTERM, and after `grace` SIGKILL; may be called again with less. `changed` tells the end.
  void stop(std::chrono::seconds grace);
  void kill();
  // No process is left and none will be started.
  bool ended() const { return ended_; }
  bool stopping() const { return stopping_; }

  // The pod's status as of now, `current` being what the server has.
  Json status(const Json& current) const;

 private:
  struct Container {
    Container(Json wanted, const boost::asio::any_io_executor& executor)
        : spec(std::move(wanted)), timer(executor) {}
    Json spec;
    Json state = {{"waiting", {{"reason", "ContainerCreating"}}}};
    Json last_state = Json::object();
    int restarts = 0;
    bool running = false;
    bool ready = false;
    bool done = false;
    int exit_code = 0;
    std::unique_ptr<Process> process;
    boost::asio::steady_timer timer;  // of its waits; stop() cancels them
  };
  using ContainerPtr = std::shared_ptr<Container>;
  using Self = std::shared_ptr<PodRun>;

  static boost::asio::awaitable<void> live(Self self);
  static boost::asio::awaitable<void> keep(Self self, ContainerPtr container, bool init);
  // Once: from start to end; the exit code, or nothing if it could not be started.
  static boost::asio::awaitable<std::optional<int>> run_once(Self self, ContainerPtr container);
  static boost::asio::awaitable<void> probe(Self self, ContainerPtr container);
  static boost::asio::awaitable<bool> probe_once(Self self, ContainerPtr container);
  boost::asio::awaitable<void> pause(Container& container, std::chrono::milliseconds time);

  std::optional<Launch> plan(Container& container);
  void wait_for(Container& container, const std::string& reason, const std::string& message);
  bool restarts(bool init, int exit_code) const;
  Json container_status(const Container& container) const;
  void end_containers(int signal);

  NodeContext context_;
  Json pod_;
  PodPlace place_;
  std::function<void()> changed_;
  std::vector<ContainerPtr> inits_;
  std::vector<ContainerPtr> containers_;
  boost::asio::steady_timer grace_;
  std::string started_at_;
  std::size_t alive_ = 0;  // containers whose keep() runs
  bool initialized_ = false;
  bool stopping_ = false;
  bool ended_ = false;
};

}  // namespace ratchet::localcluster
