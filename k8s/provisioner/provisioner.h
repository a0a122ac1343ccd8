// The provisioner: makes the objects of every MySQL in the cluster and keeps an eye on its server.
// It has no state of its own: any number of passes lead to the same end, and it can be stopped at
// any point.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "k8s/client/watch_state.h"
#include "k8s/provisioner/context.h"
#include "k8s/provisioner/quiet_checks.h"
#include "k8s/provisioner/reconcile.h"
#include "k8s/provisioner/work_queue.h"

namespace ratchet::k8s::provisioner {

// Follows a kind in a namespace, or in all of them if that is empty, until the handle is destroyed;
// the handler is called on the provisioner's executor and must not be called any more after that.
// One that is never told that the stream is open costs requests: every check there reads everything
// live then.
using WatchFactory = std::function<std::shared_ptr<void>(
    Resource kind, std::string space, std::string label_selector, WatchHandler handler)>;

// What the provisioner reaches the outside with.
struct Ports {
  WatchFactory watch;
  EmitEvent emit;
  Prober probe;
  GroupPort group;
  std::function<std::string()> now;  // RFC 3339; not set: the system's clock
};

// On one executor, one thread. The client must outlive it.
class Provisioner {
 public:
  Provisioner(const boost::asio::any_io_executor& executor, Client& client, Ports ports,
              Options options);
  Provisioner(const Provisioner&) = delete;
  Provisioner& operator=(const Provisioner&) = delete;

  // Runs until `stop` or cancellation; once. What is under way then ends before it returns.
  boost::asio::awaitable<void> run();
  void stop();

 private:
  using Look = boost::asio::awaitable<std::optional<Duration>> (Provisioner::*)(std::string key);

  void follow();
  void follow(const Resource& kind, std::string labels, std::function<void(Event)> on_event);
  void follow_secrets(const std::string& space);
  void leave_secrets(const std::string& space);
  void name(const Json& object);
  boost::asio::awaitable<std::optional<Duration>> reconcile(std::string key);
  boost::asio::awaitable<std::optional<Duration>> check(std::string key);
  boost::asio::awaitable<void> work(WorkQueue& queue, Look look);
  boost::asio::awaitable<void> tick(Duration period, WorkQueue& queue);

  boost::asio::any_io_executor executor_;
  Context context_;
  WatchFactory watch_;
  Reconciler reconciler_;
  QuietChecks checks_;
  WorkQueue to_reconcile_;
  WorkQueue to_check_;
  boost::asio::steady_timer reconcile_tick_;
  boost::asio::steady_timer health_tick_;
  std::set<std::string> known_;  // keys of all MySQL objects
  std::set<std::string> seen_;   // those that a pass has been over
  std::vector<std::shared_ptr<void>> watches_;
  std::set<std::string> not_followed_;                    // kinds whose stream is not open
  std::map<std::string, std::shared_ptr<void>> secrets_;  // watches, by namespace
  bool stopped_ = false;
};

}  // namespace ratchet::k8s::provisioner
