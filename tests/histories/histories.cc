#include "tests/histories/histories.h"

#include <memory>
#include <string>
#include <utility>

#include "engine/core/run.h"
#include "tests/engine/recording.h"
#include "tests/engine/travel.h"
#include "tests/histories/backups.h"
#include "tests/histories/new_sets.h"
#include "tests/histories/record_run.h"
#include "tests/histories/scalings.h"
#include "tests/workflows/fake_cluster.h"
#include "tests/workflows/fake_group_cluster.h"
#include "workflows/mysql/restart.h"
#include "workflows/mysql/update_version.h"
#include "workflows/mysql/version_rules.h"

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

struct SemiSyncCluster : FakeGroupCluster {
  SemiSyncCluster(std::string from, std::string to)
      : FakeGroupCluster(std::move(from), std::move(to)) {
    topology = mysql::semi_sync;
  }
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

// As in tests/workflows/semi_sync_update_test.cc.
constexpr GroupUpgrade semi_sync_upgrades[] = {
    {"semi-sync", "9.7.3", "9.7.4", [](FakeGroupCluster&) {}},
    {"semi-sync-by-another-primary", "9.7.3", "9.7.4", [](FakeGroupCluster& c) { c.primary = 1; }},
    {"semi-sync-other-series", "8.4.8", "9.7.4", [](FakeGroupCluster&) {}},
    {"semi-sync-too-few", "9.7.3", "9.7.4", [](FakeGroupCluster& c) { c.acknowledgements = 2; }},
    {"semi-sync-first-unclean", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) { c.members[1].exit_code = 137; }},
    {"semi-sync-second-unclean", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) { c.members[2].exit_code = 137; }},
    {"semi-sync-given-up-once", "9.7.3", "9.7.4", [](FakeGroupCluster& c) { c.given_up = 1; }},
    {"semi-sync-always-given-up", "9.7.3", "9.7.4", [](FakeGroupCluster& c) { c.given_up = 100; }},
    {"semi-sync-not-moved", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) { c.provisioner_is_silent = true; }},
    {"semi-sync-successor-lost", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) { c.evict_at["hand_over_primary"] = 1; }},
};

// With the look before the leap: runs that passed the marker look-before.
mysql::Finding found(mysql::Severity severity, const char* check) {
  mysql::Finding finding;
  finding.set_severity(severity);
  finding.set_check(check);
  finding.set_what("something");
  return finding;
}

constexpr Upgrade looks[] = {
    {"look-minor", "11.8.6", "11.8.9", no_fault},
    {"look-warning", "10.11.6", "11.8.6",
     [](FakeCluster& c) { c.findings = {found(mysql::WARNING, "engines")}; }},
    {"look-blocked", "10.11.6", "11.8.6",
     [](FakeCluster& c) { c.findings = {found(mysql::BLOCKING, "xa-prepared")}; }},
    {"look-approved", "10.11.6", "11.8.6", [](FakeCluster& c) { c.needs_approval = true; }},
    {"look-drift", "11.8.6", "11.8.9",
     [](FakeCluster& c) {
       c.needs_approval = true;
       c.at_look = [](FakeCluster& now, int look) {
         if (look == 2) now.findings = {found(mysql::WARNING, "engines")};
       };
     }},
    {"look-window", "11.8.6", "11.8.9",
     [](FakeCluster& c) {
       c.window = "0 2 * * * 1h UTC";
       c.window_begins = Outside().now + std::chrono::hours{5};
     }},
    {"look-nobody-decides", "11.8.6", "11.8.9", [](FakeCluster& c) { c.needs_approval = true; }},
};

// With the proof that the nodes can pull the image: runs that passed the marker image-check.
constexpr Upgrade image_checks[] = {
    {"image-minor", "11.8.6", "11.8.9", no_fault},
    {"image-missing", "10.11.6", "11.8.6",
     [](FakeCluster& c) { c.image_trouble = "ErrImagePull: not found"; }},
    {"image-approved", "10.11.6", "11.8.6", [](FakeCluster& c) { c.needs_approval = true; }},
};

// The nodes tell what they have as the target's image: two plans, and a digest that servers must
// have. As in tests/workflows/image_id_test.cc.
constexpr const char* pinned_id = "mysql@sha256:aa";
constexpr Upgrade pinned_upgrades[] = {
    {"pinned", "11.8.6", "11.8.9", [](FakeCluster& c) { c.image_ids[""] = pinned_id; }},
    {"pinned-approved", "10.11.6", "11.8.6",
     [](FakeCluster& c) {
       c.image_ids[""] = pinned_id;
       c.needs_approval = true;
     }},
    {"pinned-other-image", "11.8.6", "11.8.9",
     [](FakeCluster& c) {
       c.image_ids[""] = pinned_id;
       c.started_id = "mysql@sha256:bb";
     }},
};
constexpr GroupUpgrade pinned_groups[] = {
    {"pinned-group", "9.7.3", "9.7.4", [](FakeGroupCluster& c) { c.image_ids[""] = pinned_id; }},
    {"pinned-group-differs", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) {
       c.image_ids = {{"", pinned_id}, {"my-group-1", "mysql@sha256:bb"}};
     }},
    {"pinned-group-warned", "9.7.3", "9.7.4",
     [](FakeGroupCluster& c) { c.image_ids = {{"", pinned_id}, {"my-group-1", "sha256:cc"}}; }},
};

struct Restart {
  const char* run_id;
  void (*fault)(FakeCluster& cluster);
};

// As in tests/workflows/restart_test.cc.
constexpr Restart restarts[] = {
    {"restart", no_fault},
    {"restart-of-nothing", [](FakeCluster& c) { c.database_exists = false; }},
    {"restart-provisioner-is-silent",
     [](FakeCluster& c) { c.refuse["await_drained"] = {"timeout", "the provisioner is silent"}; }},
    {"restart-other-image", [](FakeCluster& c) { c.set->image = "image:11.8.9"; }},
    {"restart-unclean-shutdown", [](FakeCluster& c) { c.exit_code = 137; }},
    {"restart-not-prepared",
     [](FakeCluster& c) { c.refuse["delete_pod"] = {"forbidden", "not allowed"}; }},
    {"restart-not-back",
     [](FakeCluster& c) {
       c.refuse["await_pod_ready"] = {"timeout", "pod demo/db-0 did not become ready"};
     }},
    {"restart-replaced-before", [](FakeCluster& c) { c.evict_at = "inspect_server"; }},
    {"restart-replaced-meanwhile", [](FakeCluster& c) { c.evict_at = "protect_pod"; }},
};

struct ClusterRestart {
  const char* run_id;
  void (*fault)(FakeGroupCluster& cluster);
};

// As in tests/workflows/restart_cluster_test.cc.
constexpr ClusterRestart cluster_restarts[] = {
    {"restart-group", [](FakeGroupCluster&) {}},
    {"restart-group-by-another-primary", [](FakeGroupCluster& c) { c.primary = 1; }},
    {"restart-group-not-whole",
     [](FakeGroupCluster& c) { c.lacks = {"member my-group-2 is RECOVERING"}; }},
    {"restart-group-too-small", [](FakeGroupCluster& c) { c.replicas = 2; }},
    {"restart-group-other-image", [](FakeGroupCluster& c) { c.members[1].image = "image:9.7.3"; }},
    {"restart-other-topology", [](FakeGroupCluster& c) { c.topology = "InnoDBCluster"; }},
    {"restart-group-unclean", [](FakeGroupCluster& c) { c.members[2].exit_code = 137; }},
    {"restart-group-not-back",
     [](FakeGroupCluster& c) {
       c.refuse["await_pod_ready"] = {"timeout", "pod demo/my-group-1 did not become ready"};
     }},
    {"restart-group-replaced-before", [](FakeGroupCluster& c) { c.evict_at["inspect_group"] = 1; }},
    {"restart-group-primary-replaced", [](FakeGroupCluster& c) { c.evict_at["protect_pod"] = 0; }},
    {"restart-group-switch-not-proven",
     [](FakeGroupCluster& c) {
       c.refuse["prove_switch"] = {"timeout", "pod my-group-0 still takes writes"};
     }},
    {"restart-semi-sync", [](FakeGroupCluster& c) { c.topology = mysql::semi_sync; }},
    {"restart-semi-sync-given-up-once",
     [](FakeGroupCluster& c) {
       c.topology = mysql::semi_sync;
       c.given_up = 1;
     }},
    {"restart-semi-sync-always-given-up",
     [](FakeGroupCluster& c) {
       c.topology = mysql::semi_sync;
       c.given_up = 100;
     }},
    {"restart-semi-sync-not-moved",
     [](FakeGroupCluster& c) {
       c.topology = mysql::semi_sync;
       c.provisioner_is_silent = true;
     }},
};

template <class Cluster, class Kind>
void record_restart(Outside& outside, const Kind& restart, const char* version) {
  Cluster cluster(version, version);
  restart.fault(cluster);
  record_run(outside, cluster, restart.run_id, mysql::restart_name, cluster.restart_request());
}

}  // namespace

Registry all_workflows() {
  Registry registry;
  mysql::add_workflows(registry);
  registry.add("travel", 1, travel);
  return registry;
}

std::vector<Recording> recordings() {
  return {{"update_version-1.history", each_on<FakeCluster>(upgrades)},
          {"update_version-1-group.history", each_on<FakeGroupCluster>(group_upgrades)},
          {"update_version-1-group-look.history", each_on<FakeGroupCluster>(group_upgrades)},
          {"update_version-1-semi-sync.history", each_on<SemiSyncCluster>(semi_sync_upgrades)},
          {"update_version-1-look.history", each_on<FakeCluster>(looks)},
          {"update_version-1-image.history",
           [](Outside& outside) {
             each_on<FakeCluster>(image_checks)(outside);
             each_on<FakeGroupCluster>(group_upgrades)(outside);
             each_on<SemiSyncCluster>(semi_sync_upgrades)(outside);
           }},
          {"update_version-1-pinned.history",
           [](Outside& outside) {
             each_on<FakeCluster>(pinned_upgrades)(outside);
             each_on<FakeGroupCluster>(pinned_groups)(outside);
           }},
          // Those whose servers have the time of a step to end passed the marker time-to-end.
          {"update_version-1-time.history",
           [](Outside& outside) {
             each_on<FakeCluster>(upgrades)(outside);
             each_on<FakeGroupCluster>(group_upgrades)(outside);
             record_new_sets(outside);
           }},
          {"update_version-1-backup.history", record_upgrades_with_backups},
          {"update_version-1-new-set.history", record_new_sets},
          {"update_version-1-new-set-large.history", record_large_new_sets},
          {"update_version-1-new-set-window.history", record_windowed_new_sets},
          {"update_version-1-new-set-settings.history", record_kept_new_sets},
          {"update_version-1-semi-sync-new-set.history", record_semi_sync_new_sets},
          {"restart-1.history",
           [](Outside& outside) {
             for (const Restart& restart : restarts) {
               record_restart<FakeCluster>(outside, restart, "11.8.6");
             }
           }},
          {"restart-1-cluster.history",
           [](Outside& outside) {
             for (const ClusterRestart& restart : cluster_restarts) {
               record_restart<FakeGroupCluster>(outside, restart, "9.7.4");
             }
           }},
          {"restart-1-time.history",
           [](Outside& outside) {
             for (const Restart& restart : restarts) {
               record_restart<FakeCluster>(outside, restart, "11.8.6");
             }
           }},
          {"horizontal_scaling-1.history", record_horizontal_scalings},
          // Those that have a member stay passed the marker spec-before-member.
          {"horizontal_scaling-1-spec.history", record_horizontal_scalings},
          {"vertical_scaling-1.history", record_vertical_scalings},
          {"travel-1.history", record_lisbon},
          {"travel-1-waiting.history", [](Outside& outside) {
             Ledger ledger;
             wait_for_approval(outside, ledger, "porto");
           }}};
}

}  // namespace ratchet::engine::testing
