// What the API server does to the ops manager at each of its writes: it carries one out and nobody
// hears of it, one after another; and what it shows to a watch is long out of date. The end and the
// multiset of writes are those of a calm run. Red if a step writes again without a look, or decides
// by what a watch has shown.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "k8s/api/member_sets.h"
#include "tests/crash/share.h"
#include "tests/k8s/operator/cluster_world.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/fake_semi_sync.h"
#include "tests/k8s/provisioner/manifests.h"

namespace ratchet::k8s::testing {
namespace {

constexpr const char* request = "my-request";

void carry_out_upgrade(OpsWorld& ops, const std::string& target) {
  ops.request(request, target);
  ops.finish(request);
}

void carry_out_request(OpsWorld& ops, const std::string& type, const std::string& spec = "") {
  ops.request_of(type, request, spec);
  ops.finish(request);
}

std::string of_four(std::string manifest) {
  const std::string three = "replicas: 3";
  return manifest.replace(manifest.find(three), three.size(), "replicas: 4");
}

// Each: a database, and a request about it that ends well.
struct OneServer {
  void carry_out() { carry_out_upgrade(ops, "11.8.6"); }
  OpsWorld ops;
};

struct BiggerServer {
  void carry_out() {
    carry_out_request(ops, "VerticalScaling",
                      "  verticalScaling:\n"
                      "    mysql: {resources: {requests: {cpu: \"0.7\", memory: 2Gi}, "
                      "limits: {memory: 2Gi}}}\n");
  }
  OpsWorld ops;
};

struct OneGroup : ClusterWorld<FakeGroup> {
  explicit OneGroup(const std::string& manifest = group)
      : ClusterWorld(manifest.c_str(), "my-group") {
    servers.write();
  }
  void carry_out() { carry_out_upgrade(ops, "9.7.5"); }
};

struct RestartedGroup : OneGroup {
  void carry_out() { carry_out_request(ops, "Restart"); }
};

struct GrowingGroup : OneGroup {
  void carry_out() {
    carry_out_request(ops, "HorizontalScaling", "  horizontalScaling: {member: 4}\n");
  }
};

struct ShrinkingGroup : OneGroup {
  ShrinkingGroup() : OneGroup(of_four(group)) {}
  void carry_out() {
    carry_out_request(ops, "HorizontalScaling", "  horizontalScaling: {member: 3}\n");
  }
};

void ask_for_a_new_set(OpsWorld& ops, const char* name) {
  ops.world.patch(
      kinds::mysql, name,
      {{"metadata", {{"annotations", {{api::strategy_annotation, api::new_set_strategy}}}}}});
}

struct GroupOfANewSet : OneGroup {
  GroupOfANewSet() {
    for (int i = 0; i < 3; ++i) follow_too(pod_name("my-group-1", i));
    ask_for_a_new_set(ops, "my-group");
  }
};

struct OneSemiSync : ClusterWorld<FakeSemiSync> {
  OneSemiSync() : ClusterWorld(semi_sync, "my-semi") {}
  void carry_out() { carry_out_upgrade(ops, "9.7.5"); }
};

struct SemiSyncOfANewSet : OneSemiSync {
  SemiSyncOfANewSet() {
    for (int i = 0; i < 3; ++i) {
      servers.fill(pod_name("my-semi-1", i), pod_name(2));
      follow_too(pod_name("my-semi-1", i));
    }
    ask_for_a_new_set(ops, "my-semi");
  }
};

template <class SomeWorld>
class AtEveryWrite : public ::testing::Test {
 public:
  static void expect_as_calm(SomeWorld& world, SomeWorld& calm, const std::string& where) {
    EXPECT_EQ(world.ops.phase_of(request), "Successful")
        << where << world.ops.message_of(request, "Failed");
    EXPECT_EQ(world.ops.writes(), calm.ops.writes()) << where;
  }
};

using Worlds = ::testing::Types<OneServer, BiggerServer, OneGroup, RestartedGroup, GrowingGroup,
                                ShrinkingGroup, GroupOfANewSet, OneSemiSync, SemiSyncOfANewSet>;
TYPED_TEST_SUITE(AtEveryWrite, Worlds);

bool is_of_the_ops_manager(const embedded::Call& call) { return call.user == "ops-manager"; }

// Each commit takes a share of the writes.
TYPED_TEST(AtEveryWrite, ALostAnswerChangesNothing) {
  TypeParam calm;
  std::size_t writes = 0;
  calm.ops.world.faults.on_write = [&writes](const embedded::Call& call) {
    writes += is_of_the_ops_manager(call) ? 1U : 0U;
    return embedded::Fault::none;
  };
  calm.carry_out();
  ASSERT_GT(writes, 10U);
  ASSERT_EQ(calm.ops.phase_of(request), "Successful") << calm.ops.message_of(request, "Failed");
  for (std::size_t lost = 1; lost <= writes; ++lost) {
    if (!crash::takes(lost, 16)) continue;
    TypeParam world;
    std::size_t seen = 0;
    world.ops.world.faults.on_write = [&seen, lost](const embedded::Call& call) {
      const bool is_it = is_of_the_ops_manager(call) && ++seen == lost;
      return is_it ? embedded::Fault::lost_after : embedded::Fault::none;
    };
    world.carry_out();
    TestFixture::expect_as_calm(world, calm,
                                "the answer to write " + std::to_string(lost) + " lost: ");
  }
}

TYPED_TEST(AtEveryWrite, AWatchThatLagsChangesNothing) {
  TypeParam calm;
  calm.carry_out();
  for (const std::size_t steps : {7U, 40U}) {
    TypeParam world;
    world.ops.watch_lag = steps;
    world.carry_out();
    TestFixture::expect_as_calm(world, calm, std::to_string(steps) + " steps behind: ");
  }
}

}  // namespace
}  // namespace ratchet::k8s::testing
