// A cluster in this process with the provisioner on it (tests/k8s/provisioner/world.h), and an ops
// manager that can be killed at any record of its log and started again.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "engine/runtime/asio_host.h"
#include "engine/runtime/engine.h"
#include "engine/testing/memory_anchor.h"
#include "engine/testing/one_by_one_log.h"
#include "k8s/adapters/adapters.h"
#include "k8s/operator/ops_manager.h"
#include "store/memory_log.h"
#include "tests/k8s/operator/written.h"
#include "tests/k8s/provisioner/world.h"

namespace ratchet::k8s::testing {

// What the server in a pod answers to one statement. Throws what Environment::sql may.
using Answers = std::function<SqlRows(const std::string& pod, const std::string& statement)>;

// What servers answer, instead, to statements with this part in them.
using Planted = std::map<std::string, SqlRows>;

// SQL to such servers: each runs the version that its pod's image names. `planted` is looked at
// with every statement, and must outlive it.
Sql sql_to(Answers answers, const Planted& planted);

// The database that an OpsWorld has.
struct OpsDatabase {
  std::string manifest;
  std::string name;
  Answers answers;                           // to what is not asked for its version
  provisioner::GroupPort group = {};         // its servers, if it is a group
  std::function<void()> follow = {};         // its servers do what their pods did
  std::string version = "10.11.18-MariaDB";  // of a standalone server, at first
};
OpsDatabase standalone_database();

// Where a life of the ops manager is stopped, what it was about to do not being done; and what it
// has done until then, counted as by the crash matrix (engine/testing/crash_matrix.h), from 0.
struct StopPlan {
  static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
  std::size_t after_append = never;
  std::size_t before_activity = never;
  std::size_t after_activity = never;  // its answer is lost
  std::size_t appends = 0;
  std::size_t activities = 0;
  bool stopped = false;
};

// One life of the ops manager.
class OpsProcess {
 public:
  OpsProcess(World& world, std::shared_ptr<store::MemoryDisk> disk,
             engine::testing::MemoryAnchor& anchor, Sql sql,
             const std::optional<engine::Approvers>& approvers, StopPlan* stops);

  void step();  // one piece of work, and what the watch has seen
  std::size_t recorded() const { return recorded_; }
  const store::LogReader& log() const { return log_; }
  engine::Engine& engine() { return *engine_; }
  const OpsManager& manager() const { return *manager_; }

  std::size_t watch_lag = 0;  // how many steps what the watch shows is behind what there is

 private:
  // What is watched of one kind.
  struct Watched {
    std::function<void(Event)> on_event;
    std::map<std::string, Json> seen;                   // as last delivered, by name
    std::deque<std::vector<embedded::Object>> to_show;  // of the last steps, the oldest first
  };

  store::Log& log_to_stop_at();
  engine::Handlers handlers_to_stop_at(const engine::Handlers& real);
  std::shared_ptr<void> watch(const Resource& kind, std::function<void(Event)> on_event);
  void deliver(const std::string& resource, Watched& watched);

  World& world_;
  std::map<std::string, Watched> watched_;  // by plural and group; the manager lets go of them
  boost::asio::io_context io_;
  engine::AsioHost host_{io_};
  store::MemoryLog log_;
  StopPlan* stops_;  // null: it is not stopped
  std::optional<engine::testing::OneByOneLog> one_by_one_;
  embedded::InProcessClient client_{world_.server, "ops-manager"};
  Environment environment_;
  engine::Handlers handlers_;
  engine::Registry registry_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<OpsManager> manager_;
  std::size_t recorded_ = 0;
};

class OpsWorld {
 public:
  OpsWorld() : OpsWorld(standalone_database()) {}  // demo/my-standalone, Ready at 10.11.18
  explicit OpsWorld(OpsDatabase database);         // Ready

  void request(const std::string& name, const std::string& target, const std::string& more = "",
               const std::string& annotations = "");
  // Of any type; `more`: lines of its spec.
  void request_of(const std::string& type, const std::string& name, const std::string& more = "",
                  const std::string& annotations = "");
  // Runs everything until the request has ended. Kills the ops manager after `kill_after` of its
  // records, once. Throws if it takes too long.
  void finish(const std::string& name, std::optional<std::size_t> kill_after = std::nullopt);
  void run_until(const std::function<bool()>& done,
                 std::optional<std::size_t> kill_after = std::nullopt);

  std::string phase_of(const std::string& name);
  std::string message_of(const std::string& name, const std::string& condition);
  // What the condition Planned says, but for the steps, which are too long for an Event.
  std::string planned_in_short(const std::string& name);
  std::string pod_uid();
  std::string image();  // of the pod
  // The reasons and messages of the core Events on the request, oldest first.
  std::vector<std::string> events_of(const std::string& name);
  // The ops manager's successful writes, but Events and statuses of requests; sorted; uids,
  // versions and times masked.
  std::vector<std::string> writes();
  // The same, as they were made.
  const std::vector<Written>& written() const { return writes_; }
  // Those of them that touch the database: not the pods that show whether a node has an image.
  std::vector<std::string> touches();
  std::size_t records() const { return records_; }
  const store::LogReader& log() const { return process_->log(); }
  std::optional<store::Head> anchored() { return anchor_.read(); }
  engine::Engine& engine() { return process_->engine(); }
  const OpsManager& manager() const { return process_->manager(); }

  World world;
  int exit_code = 0;          // of servers that are asked to end
  std::size_t watch_lag = 0;  // of the ops manager's next life
  StopPlan* stops = nullptr;  // of the ops manager's next life; null again when that was stopped
  Planted planted;
  std::optional<engine::Approvers> approvers;  // of the ops manager's next life

 private:
  void round();
  void follow_server();
  void end_containers();

  OpsDatabase database_;

  std::shared_ptr<store::MemoryDisk> disk_ = std::make_shared<store::MemoryDisk>();
  engine::testing::MemoryAnchor anchor_;
  std::unique_ptr<OpsProcess> process_;
  std::vector<Written> writes_;
  std::size_t records_ = 0;
};

}  // namespace ratchet::k8s::testing
