// The ops manager: MySQLOpsRequests become runs, and runs become the status of their requests. What
// is done and what comes next is the log's alone; a status is never read to go on.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "engine/runtime/engine.h"
#include "k8s/client/client.h"
#include "k8s/client/watch_state.h"
#include "k8s/operator/admission.h"
#include "k8s/operator/publisher.h"
#include "k8s/provisioner/work_queue.h"
#include "store/log.h"

namespace ratchet::mysql {
class UpdateRequest;
}

namespace ratchet::k8s {

// Follows a kind until the handle is destroyed; on_event is called on the manager's executor.
using WatchKind =
    std::function<std::shared_ptr<void>(Resource kind, std::function<void(Event)> on_event)>;

// What the run of a request is started with.
mysql::UpdateRequest input_of(const OpsRequest& request);

struct OpsManagerOptions {
  std::string principal = "ratchetd";
  // How often a waiting request is looked at again.
  std::chrono::milliseconds look_again{2'000};
  // Approvals must be signed (EngineOptions::approvers): an annotation, which cannot be, is none.
  bool signed_approvals = false;
  // Of the log, as it is kept by now, for the requests' statuses (Publisher).
  std::function<std::string()> anchor = {};
};

// On the engine's thread. Engine, log and client must outlive it.
class OpsManager {
 public:
  OpsManager(const boost::asio::any_io_executor& executor, Client& client, engine::Engine& engine,
             const store::LogReader& log, OpsManagerOptions options = {});
  OpsManager(const OpsManager&) = delete;
  OpsManager& operator=(const OpsManager&) = delete;

  // For Engine::observe.
  void recorded(const engine::Recorded& recorded);

  // When the fences end, or were to end, that MySQLs bear now (ratchet.dev/fence): their primary
  // refuses writes. One whose time cannot be read ended long ago.
  std::vector<engine::Time> fence_ends() const;

  // Runs until `stop`; once, when the engine is ready.
  boost::asio::awaitable<void> run(WatchKind watch);
  void stop();

 private:
  struct OpenRun {
    std::string space;
    std::string database;
    std::string request;
    bool doubted = true;  // whether request and MySQL are still there is to be asked
    bool ending = false;  // as one of them is not
  };

  void know_open_runs();
  void know(const std::string& run_id, const std::string& workflow, std::uint64_t run);
  void saw(const Event& event);
  void saw_database(const Event& event);
  void note_fence(const Event& event);
  void doubt(const std::function<bool(const std::string& run_id, const OpenRun& open)>& which);
  boost::asio::awaitable<void> end_runs_of_deleted(std::string key);
  boost::asio::awaitable<void> end_if_deleted(std::string run_id);
  boost::asio::awaitable<std::string> what_was_deleted(std::string run_id, OpenRun open);
  boost::asio::awaitable<void> work();
  boost::asio::awaitable<void> reconcile(std::string key);
  boost::asio::awaitable<void> consider(OpsRequest request);
  std::string principal_of(const OpsRequest& request) const;
  void start(const OpsRequest& request);
  void decide(const OpsRequest& request, const std::string& run_id, const Projection& run);
  std::optional<std::string> running_on(const OpsRequest& request) const;
  std::vector<OpsRequest> beside(const OpsRequest& request) const;
  void look_at_waiting();

  Client& client_;
  engine::Engine& engine_;
  const store::LogReader& log_;
  OpsManagerOptions options_;
  Publisher publisher_;
  provisioner::WorkQueue queue_;
  std::map<std::string, OpsRequest> requests_;      // by namespace/name, as last seen
  std::map<std::string, OpenRun> open_runs_;        // by run id, which is the request's uid
  std::map<std::string, engine::Time> fence_ends_;  // by namespace/name of the MySQL
  // Run id → the hash that was told last, and of which plan, until it is in the log.
  std::map<std::string, std::string> told_;
  std::vector<std::shared_ptr<void>> watches_;
};

}  // namespace ratchet::k8s
