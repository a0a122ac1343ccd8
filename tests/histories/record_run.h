// One run of a workflow of a database on a fake cluster, into a log that is recorded.
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/run.h"
#include "tests/engine/process.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::engine::testing {

// Approves each gate once it is open, but for the run in which nobody does.
inline void decide(Process& process, const std::string& run_id, std::size_t& decided) {
  if (run_id == "look-nobody-decides") return;
  std::vector<std::string> shown;
  for (const Recorded& recorded : process.seen) {
    for (const Event& event : recorded.turn.events) {
      if (const auto* gate = std::get_if<GateOpened>(&event)) shown.push_back(hash_of(*gate));
    }
  }
  if (shown.size() <= decided) return;
  decided = shown.size();
  process.engine->decide(run_id, "approve_upgrade", true, shown.back(), {"ann", "read it"});
}

template <class Cluster>
void record_run(Outside& outside, Cluster& cluster, const char* run_id, const char* workflow,
                const google::protobuf::Message& input) {
  Process process(outside);
  mysql::add_workflows(process.registry);
  cluster.serve(process.handlers, process.host);
  process.open("recorded");
  process.engine->start(run_id, workflow, input.SerializeAsString(), "recorder");
  std::size_t decided = 0;
  process.host.run_until([&] {
    if (cluster.needs_approval) decide(process, run_id, decided);
    const auto state = process.engine->state(run_id);
    return state && *state != RunState::running;
  });
  process.host.settle();
}

// An upgrade: of a kind with the releases, and a fault of the cluster.
template <class Cluster, class Kind>
void record(Outside& outside, const Kind& upgrade) {
  Cluster cluster(upgrade.from, upgrade.to);
  upgrade.fault(cluster);
  record_run(outside, cluster, upgrade.run_id, mysql::update_version_name, cluster.request());
}

// Every row, each on a cluster of its own.
template <class Cluster, class Kind, std::size_t n>
auto each_on(const Kind (&rows)[n]) {
  return [&rows](Outside& outside) {
    for (const Kind& row : rows) record<Cluster>(outside, row);
  };
}

}  // namespace ratchet::engine::testing
