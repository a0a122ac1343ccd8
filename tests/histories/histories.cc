#include "tests/histories/histories.h"

#include <memory>
#include <utility>

#include "tests/engine/recording.h"
#include "tests/engine/travel.h"
#include "tests/workflows/fake_cluster.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::engine::testing {

namespace {

using mysql::testing::FakeCluster;

struct Upgrade {
  const char* run_id;
  const char* from;
  const char* to;
  void (*fault)(FakeCluster& cluster);
};

void no_fault(FakeCluster&) {}

// As in tests/workflows/update_version_test.cc.
constexpr Upgrade upgrades[] = {
    {"minor", "11.8.6", "11.8.9", no_fault},
    {"major", "10.11.6", "11.8.6", no_fault},
    {"downgrade", "11.8.6", "10.11.6", no_fault},
    {"no-database", "11.8.6", "11.8.9", [](FakeCluster& c) { c.database_exists = false; }},
    {"provisioner-is-silent", "11.8.6", "11.8.9",
     [](FakeCluster& c) { c.refuse["await_drained"] = {"timeout", "the provisioner is silent"}; }},
    {"prepared-transactions", "11.8.6", "11.8.9",
     [](FakeCluster& c) { c.prepared_transactions = 2; }},
    {"half-made", "11.8.6", "11.8.9", [](FakeCluster& c) { c.claim_version = "11.8.7"; }},
    {"unclean-shutdown-minor", "11.8.5", "11.8.6", [](FakeCluster& c) { c.exit_code = 137; }},
    {"unclean-shutdown-major", "10.11.6", "11.8.6", [](FakeCluster& c) { c.exit_code = 137; }},
    {"not-adopted", "10.11.6", "11.8.6",
     [](FakeCluster& c) { c.refuse["await_adoption"] = {"timeout", "the pod was not adopted"}; }},
    {"no-image", "10.11.6", "11.8.6", [](FakeCluster& c) { c.target_image_missing = true; }},
    {"no-image-node-is-silent", "10.11.6", "11.8.6",
     [](FakeCluster& c) {
       c.target_image_missing = true;
       c.refuse["await_pod_ended"] = {"timeout", "the node is silent"};
     }},
    {"target-crashes", "10.11.6", "11.8.6", [](FakeCluster& c) { c.target_crashes = true; }},
    {"undoing-fails", "10.11.6", "11.8.6",
     [](FakeCluster& c) {
       c.exit_code = 1;
       c.refuse["restore_stateful_set"] = {"name_taken", "the name is taken"};
     }},
};

void record(Outside& outside, const Upgrade& upgrade) {
  FakeCluster cluster(upgrade.from, upgrade.to);
  upgrade.fault(cluster);
  Process process(outside);
  mysql::add_workflows(process.registry);
  cluster.serve(process.handlers, process.host);
  process.open("recorded");
  process.engine->start(upgrade.run_id, mysql::update_version_name,
                        cluster.request().SerializeAsString(), "recorder");
  process.host.run_until([&] {
    const auto state = process.engine->state(upgrade.run_id);
    return state && *state != RunState::running;
  });
  process.host.settle();
}

}  // namespace

Registry all_workflows() {
  Registry registry;
  mysql::add_workflows(registry);
  registry.add("travel", 1, travel);
  return registry;
}

std::vector<Recording> recordings() {
  return {{"update_version-1.history",
           [](Outside& outside) {
             for (const Upgrade& upgrade : upgrades) record(outside, upgrade);
           }},
          {"travel-1.history", record_lisbon},
          {"travel-1-waiting.history", [](Outside& outside) {
             Ledger ledger;
             wait_for_approval(outside, ledger, "porto");
           }}};
}

}  // namespace ratchet::engine::testing
