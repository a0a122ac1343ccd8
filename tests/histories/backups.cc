#include "tests/histories/backups.h"

#include <string>

#include "tests/histories/record_run.h"
#include "tests/workflows/fake_cluster.h"
#include "tests/workflows/fake_group_cluster.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::engine::testing {

namespace {

using mysql::testing::FakeCluster;
using mysql::testing::FakeDatabase;
using mysql::testing::FakeGroupCluster;

struct Backed {
  const char* run_id;
  void (*fault)(FakeDatabase& cluster);
};

// As in tests/workflows/backups_test.cc.
constexpr Backed upgrades_backed[] = {
    {"backup", [](FakeDatabase&) {}},
    {"backup-does-not-end",
     [](FakeDatabase& c) { c.refuse["await_backups_ended"] = {"timeout", "a session runs"}; }},
    {"backup-no-snapshot",
     [](FakeDatabase& c) { c.refuse["await_snapshot"] = {"snapshot_failed", "no room"}; }},
    {"backup-not-resumed",
     [](FakeDatabase& c) { c.refuse["resume_backup"] = {"forbidden", "not allowed"}; }},
};

mysql::Backups one_of_each() {
  mysql::Backups backups;
  backups.set_snapshot_class("csi");
  backups.set_server_version("10.11.6-MariaDB");
  for (const char* group : {"stash.appscode.com", "core.kubestash.com"}) {
    mysql::BackupConfiguration& one = *backups.add_configurations();
    one.set_group(group);
    one.set_space("demo");
    one.set_name("nightly");
  }
  return backups;
}

template <class Cluster>
void record_backed(Outside& outside, const std::string& name, const Backed& upgrade,
                   const char* from, const char* to) {
  Cluster cluster(from, to);
  cluster.backups = one_of_each();
  upgrade.fault(cluster);
  record_run(outside, cluster, name.c_str(), mysql::update_version_name, cluster.request());
}

}  // namespace

void record_upgrades_with_backups(Outside& outside) {
  for (const Backed& upgrade : upgrades_backed) {
    const std::string name = upgrade.run_id;
    record_backed<FakeCluster>(outside, name, upgrade, "10.11.6", "11.8.6");
    record_backed<FakeGroupCluster>(outside, name + "-group", upgrade, "9.7.3", "9.7.4");
  }
}

}  // namespace ratchet::engine::testing
