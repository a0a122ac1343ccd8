// A run of a workflow on a fake cluster.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <variant>

#include "engine/inspect/history.h"
#include "engine/runtime/engine.h"
#include "engine/testing/memory_anchor.h"
#include "engine/testing/simulated_host.h"
#include "store/memory_log.h"
#include "workflows/mysql/plan.pb.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::mysql::testing {

// One run without crashes; its history as text. Cancelled when this step is decided, if one is
// given: `begun`, when it is being performed; else before that.
class OneRun {
 public:
  // Of update_version; the cluster has `request()`.
  template <class Cluster>
  explicit OneRun(Cluster& cluster, const std::string& cancel_at = {}, bool begun = false)
      : OneRun(cluster, update_version_name, cluster.request(), cancel_at, begun) {}

  template <class Cluster>
  OneRun(Cluster& cluster, const std::string& workflow, const google::protobuf::Message& request,
         const std::string& cancel_at = {}, bool begun = false) {
    engine_.observe([this, cancel_at, begun](const engine::Recorded& recorded) {
      for (const auto& event : recorded.turn.events) {
        const auto* step = std::get_if<engine::StepScheduled>(&event);
        if (step == nullptr || step->activity != cancel_at) continue;
        const auto cancel = [this] { engine_.cancel("run-1", {"ann", "not today"}); };
        begun ? host_.post(cancel) : cancel();
      }
    });
    add_workflows(registry_);
    cluster.serve(handlers_, host_);
    cluster.cancel_run = [this] {
      host_.post([this] { engine_.cancel("run-1", {"ann", "not today"}); });
    };
    anchor_.serve(host_);
    engine_.open([&] { engine_.start("run-1", workflow, request.SerializeAsString(), "test"); });
    host_.run_until([this] {
      const auto state = engine_.state("run-1");
      return state && *state != engine::RunState::running;
    });
    host_.settle();
  }

  engine::RunState state() const { return engine_.state("run-1").value(); }
  std::string failure() const {
    const auto run = engine::find_run(log_, "run-1");
    return run->failure ? run->failure->message : "";
  }
  std::string code() const {
    const auto run = engine::find_run(log_, "run-1");
    return run->failure ? run->failure->code : "";
  }
  // The names of the steps in the order in which they were decided.
  std::string steps() const {
    std::ostringstream out;
    const auto run = engine::find_run(log_, "run-1");
    for (const auto& record : engine::read_history(log_, run->run)) {
      for (const auto& event : record.turn.events) {
        if (const auto* step = std::get_if<engine::StepScheduled>(&event)) {
          out << step->activity << "\n";
        }
      }
    }
    return out.str();
  }
  // The last plan that it made.
  Plan plan() const {
    Plan last;
    std::set<engine::CommandId> plans;
    const auto run = engine::find_run(log_, "run-1");
    for (const auto& record : engine::read_history(log_, run->run)) {
      for (const auto& event : record.turn.events) {
        const auto* step = std::get_if<engine::StepScheduled>(&event);
        if (step != nullptr && step->activity == "make_plan") plans.insert(step->command);
        const auto* done = std::get_if<engine::StepCompleted>(&event);
        if (done != nullptr && plans.contains(done->command)) last.ParseFromString(done->result);
      }
    }
    return last;
  }

 private:
  engine::testing::SimulatedHost host_;
  store::MemoryLog log_{std::make_shared<store::MemoryDisk>(),
                        [this](std::function<void()> task) { host_.post(std::move(task)); }};
  engine::testing::MemoryAnchor anchor_;
  engine::Registry registry_;
  engine::Handlers handlers_;
  engine::Engine engine_{log_, host_, registry_, handlers_, anchor_, {"test", "test"}};
};

}  // namespace ratchet::mysql::testing
