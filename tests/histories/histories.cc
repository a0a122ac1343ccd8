#include "tests/histories/histories.h"

#include <memory>
#include <utility>

#include "tests/engine/recording.h"
#include "tests/engine/travel.h"
#include "tests/workflows/fake_cluster.h"
#include "tests/workflows/fake_group_cluster.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::engine::testing {

namespace {

using mysql::testing::FakeCluster;
using mysql::testing::FakeGroupCluster;

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

struct GroupUpgrade {
  const char* run_id;
  const char* from;
  const char* to;
  void (*fault)(FakeGroupCluster& cluster);
};

// As in tests/workflows/group_update_test.cc.
constexpr GroupUpgrade group_upgrades[] = {
    {"group", "9.7.3", "9.7.4", [](FakeGroupCluster&) {}},
    {"group-by-another-primary", "9.7.3", "9.7.4", [](FakeGroupCluster& c) { c.primary = 1; }},
    {"group-other-series", "8.4.8", "9.7.4", [](FakeGroupCluster&) {}},
    {"group-not-whole", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) { c.lacks = {"member my-group-2 is RECOVERING"}; }},
    {"group-first-unclean", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) { c.members[1].exit_code = 137; }},
    {"group-second-unclean", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) { c.members[2].exit_code = 137; }},
    {"group-no-image", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) { c.target_image_missing = true; }},
    {"group-target-crashes", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) { c.target_crashes_on = 1; }},
    {"group-foreign-eviction", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) { c.evict_at["change_image"] = 2; }},
    {"group-replaced-before-its-turn", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) { c.evict_at["await_group"] = 1; }},
    {"group-switch-not-proven", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) {
       c.refuse["prove_switch"] = {"timeout", "pod my-group-0 still takes writes"};
     }},
    {"group-undoing-fails", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) {
       c.members[1].exit_code = 1;
       c.refuse["restore_stateful_set"] = {"name_taken", "the name is taken"};
     }},
};

template <class Cluster, class Kind>
void record(Outside& outside, const Kind& upgrade) {
  Cluster cluster(upgrade.from, upgrade.to);
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
             for (const Upgrade& upgrade : upgrades) record<FakeCluster>(outside, upgrade);
           }},
          {"update_version-1-group.history",
           [](Outside& outside) {
             for (const GroupUpgrade& upgrade : group_upgrades) {
               record<FakeGroupCluster>(outside, upgrade);
             }
           }},
          {"travel-1.history", record_lisbon},
          {"travel-1-waiting.history", [](Outside& outside) {
             Ledger ledger;
             wait_for_approval(outside, ledger, "porto");
           }}};
}

}  // namespace ratchet::engine::testing
