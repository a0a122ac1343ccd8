#include "tests/histories/scalings.h"

#include "tests/histories/record_run.h"
#include "tests/workflows/fake_cluster.h"
#include "tests/workflows/fake_group_cluster.h"
#include "workflows/mysql/horizontal_scaling.h"
#include "workflows/mysql/version_rules.h"
#include "workflows/mysql/vertical_scaling.h"

namespace ratchet::engine::testing {

namespace {

using mysql::testing::FakeCluster;
using mysql::testing::FakeGroupCluster;

struct Scaling {
  const char* run_id;
  int to;
  void (*fault)(FakeGroupCluster& cluster);
};

void of_five(FakeGroupCluster& cluster) {
  cluster.scale_to(5);
  cluster.spec_replicas = 5;
}

// As in tests/workflows/horizontal_scaling_test.cc.
constexpr Scaling scalings[] = {
    {"scale-up", 5, [](FakeGroupCluster&) {}},
    {"scale-down", 3, of_five},
    {"scale-to-the-same", 3, [](FakeGroupCluster&) {}},
    {"scale-down-by-the-primary", 4,
     [](FakeGroupCluster& c) {
       of_five(c);
       c.primary = 4;
     }},
    {"scale-up-not-in", 5, [](FakeGroupCluster& c) { c.target_crashes_on = 4; }},
    {"scale-up-not-settled", 4,
     [](FakeGroupCluster& c) {
       c.target_crashes_on = 3;
       c.refuse["restore_replicas"] = {"gone", "the StatefulSet is gone"};
     }},
    {"scale-down-unclean", 4,
     [](FakeGroupCluster& c) {
       of_five(c);
       c.members[4].exit_code = 137;
     }},
    {"scale-down-not-prepared", 4,
     [](FakeGroupCluster& c) {
       of_five(c);
       c.refuse["prepare_shutdown"] = {"unavailable", "no answer"};
     }},
    {"scale-down-replaced", 4,
     [](FakeGroupCluster& c) {
       of_five(c);
       c.evict_at["await_group"] = 4;
     }},
    {"scale-not-whole", 4,
     [](FakeGroupCluster& c) { c.lacks = {"member my-group-2 is RECOVERING"}; }},
    {"scale-semi-sync", 4, [](FakeGroupCluster& c) { c.topology = mysql::semi_sync; }},
};

struct Resizing {
  const char* run_id;
  void (*fault)(FakeCluster& cluster);
};

struct ClusterResizing {
  const char* run_id;
  void (*fault)(FakeGroupCluster& cluster);
};

// As in tests/workflows/vertical_scaling_test.cc.
constexpr Resizing resizings[] = {
    {"resize", [](FakeCluster&) {}},
    {"resize-no-room", [](FakeCluster& c) { c.unschedulable = "bigger"; }},
    {"resize-not-back",
     [](FakeCluster& c) {
       c.refuse["await_pod_ready"] = {"timeout", "pod demo/db-0 did not become ready"};
     }},
    {"resize-not-taken-back",
     [](FakeCluster& c) {
       c.unschedulable = "bigger";
       c.refuse["restore_resources"] = {"gone", "the StatefulSet is gone"};
     }},
};
constexpr ClusterResizing cluster_resizings[] = {
    {"resize-group", [](FakeGroupCluster&) {}},
    {"resize-group-no-room", [](FakeGroupCluster& c) { c.unschedulable = "bigger"; }},
    {"resize-group-unclean", [](FakeGroupCluster& c) { c.members[2].exit_code = 137; }},
    {"resize-semi-sync", [](FakeGroupCluster& c) { c.topology = mysql::semi_sync; }},
};

template <class Cluster, class Kind>
void record_resizing(Outside& outside, const Kind& resizing, const char* version) {
  Cluster cluster(version, version);
  resizing.fault(cluster);
  record_run(outside, cluster, resizing.run_id, mysql::vertical_scaling_name,
             cluster.vertical_request());
}

}  // namespace

void record_horizontal_scalings(Outside& outside) {
  for (const Scaling& scaling : scalings) {
    FakeGroupCluster cluster("9.7.4", "9.7.4");
    scaling.fault(cluster);
    record_run(outside, cluster, scaling.run_id, mysql::horizontal_scaling_name,
               cluster.horizontal_request(scaling.to));
  }
}

void record_vertical_scalings(Outside& outside) {
  for (const Resizing& resizing : resizings) {
    record_resizing<FakeCluster>(outside, resizing, "11.8.6");
  }
  for (const ClusterResizing& resizing : cluster_resizings) {
    record_resizing<FakeGroupCluster>(outside, resizing, "9.7.4");
  }
}

}  // namespace ratchet::engine::testing
