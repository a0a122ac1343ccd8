// What the API server does to the ops manager at each of its writes: it carries one out and nobody
// hears of it, one after another; and what it shows to a watch is long out of date. The end and the
// multiset of writes are those of a calm run. Red if a step writes again without a look, or decides
// by what a watch has shown.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/crash/share.h"
#include "tests/k8s/operator/cluster_world.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/fake_semi_sync.h"
#include "tests/k8s/provisioner/manifests.h"

namespace ratchet::k8s::testing {
namespace {

struct OneServer {
  static constexpr const char* target = "11.8.6";
  OpsWorld ops;
};

struct OneGroup : ClusterWorld<FakeGroup> {
  static constexpr const char* target = "9.7.5";
  OneGroup() : ClusterWorld(group, "my-group") { servers.write(); }
};

struct OneSemiSync : ClusterWorld<FakeSemiSync> {
  static constexpr const char* target = "9.7.5";
  OneSemiSync() : ClusterWorld(semi_sync, "my-semi") {}
};

template <class SomeWorld>
class AtEveryWrite : public ::testing::Test {
 public:
  static void upgrade(SomeWorld& world) {
    world.ops.request("my-upgrade", SomeWorld::target);
    world.ops.finish("my-upgrade");
  }
  static void expect_as_calm(SomeWorld& world, SomeWorld& calm, const std::string& where) {
    EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful")
        << where << world.ops.message_of("my-upgrade", "Failed");
    EXPECT_EQ(world.ops.writes(), calm.ops.writes()) << where;
  }
};

using Worlds = ::testing::Types<OneServer, OneGroup, OneSemiSync>;
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
  TestFixture::upgrade(calm);
  ASSERT_GT(writes, 20U);
  for (std::size_t lost = 1; lost <= writes; ++lost) {
    if (!crash::takes(lost, 16)) continue;
    TypeParam world;
    std::size_t seen = 0;
    world.ops.world.faults.on_write = [&seen, lost](const embedded::Call& call) {
      const bool is_it = is_of_the_ops_manager(call) && ++seen == lost;
      return is_it ? embedded::Fault::lost_after : embedded::Fault::none;
    };
    TestFixture::upgrade(world);
    TestFixture::expect_as_calm(world, calm,
                                "the answer to write " + std::to_string(lost) + " lost: ");
  }
}

TYPED_TEST(AtEveryWrite, AWatchThatLagsChangesNothing) {
  TypeParam calm;
  TestFixture::upgrade(calm);
  for (const std::size_t steps : {7U, 40U}) {
    TypeParam world;
    world.ops.watch_lag = steps;
    TestFixture::upgrade(world);
    TestFixture::expect_as_calm(world, calm, std::to_string(steps) + " steps behind: ");
  }
}

}  // namespace
}  // namespace ratchet::k8s::testing
