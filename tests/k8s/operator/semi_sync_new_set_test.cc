// The upgrade of a semi-synchronous cluster by another StatefulSet, by the real handlers, on the
// embedded API server with the provisioner at work, its servers a model. What fills the volumes is
// tested by tests/k8s/adapters/seed_script_test.py.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/api/member_sets.h"
#include "k8s/api/primary_term.h"
#include "tests/crash/share.h"
#include "tests/k8s/operator/cluster_world.h"
#include "tests/k8s/provisioner/fake_semi_sync.h"
#include "tests/k8s/provisioner/manifests.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* db = "my-semi";
constexpr const char* new_set = "my-semi-1";

// An application writes to whoever takes writes.
struct SemiNewSetWorld : ClusterWorld<FakeSemiSync> {
  SemiNewSetWorld() : ClusterWorld(semi_sync, db) {
    for (int i = 0; i < 3; ++i) seed(pod_name(new_set, i));
    ops.world.patch(
        kinds::mysql, db,
        {{"metadata", {{"annotations", {{api::strategy_annotation, api::new_set_strategy}}}}}});
    at_each_round = [this] { write(); };
  }

  void seed(const std::string& pod) {
    servers.fill(pod, pod_name(2));
    follow_too(pod);
  }
  void write() {
    const std::string open = servers.open_pods();
    if (open.find(' ') != std::string::npos) twice_open.push_back(open);
    if (open.empty() || ++rounds_ % 10 != 0) return;
    if (servers.write(open)) acknowledged = acknowledged.plus(servers.at(open).executed);
  }
  std::string note(const char* name) {
    const Json mysql = ops.world.get(kinds::mysql, db);
    return mysql.at("metadata").value("annotations", Json::object()).value(name, "");
  }
  api::PrimaryTerm term() { return api::parse_term(note(api::primary_term_annotation)).value(); }
  std::string failure() { return ops.message_of("my-upgrade", "Failed"); }
  void upgrade(std::optional<std::size_t> kill_after = std::nullopt) {
    ops.request("my-upgrade", "9.7.5");
    ops.finish("my-upgrade", kill_after);
  }

  provisioner::GtidSet acknowledged;
  std::vector<std::string> twice_open;

 private:
  int rounds_ = 0;
};

// Red if a former replica goes while it has a vote: the primary cannot be moved then.
TEST(SemiSyncNewSetUpgrade, LeavesTheNewSetAndNoVoteOfTheFormerOne) {
  SemiNewSetWorld world;
  world.upgrade();
  ASSERT_EQ(world.ops.phase_of("my-upgrade"), "Successful") << world.failure();
  World& cluster = world.ops.world;
  world.ops.run_until(
      [&] { return cluster.phase(db) == "Ready" && world.note(api::leaving_annotation).empty(); });
  EXPECT_THAT(cluster.names(kinds::stateful_set), ElementsAre(new_set));
  EXPECT_THAT(cluster.names(kinds::pod), ElementsAre("my-semi-1-0", "my-semi-1-1", "my-semi-1-2"));
  EXPECT_EQ(cluster.get(kinds::mysql, db)["spec"]["version"], "9.7.5");
  EXPECT_EQ(world.note(api::set_annotation), new_set);
  const api::PrimaryTerm term = world.term();
  EXPECT_EQ(term.number, 2U) << "moved once";
  EXPECT_EQ(term.holder, "my-semi-1-0");
  EXPECT_TRUE(term.opened);
  ASSERT_EQ(term.voters.size(), 2U);
  EXPECT_TRUE(term.voters.contains("my-semi-1-1"));
  EXPECT_TRUE(term.voters.contains("my-semi-1-2"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(world.servers.at(world.pod_name(new_set, i)).server_id,
              static_cast<unsigned>(111 + i))
        << "no other member ever had it";
  }
  EXPECT_EQ(world.fewest(), 3) << "there was less than a whole cluster";
}

TEST(SemiSyncNewSetUpgrade, LosesNoAcknowledgedTransactionAndOpensNoTwo) {
  SemiNewSetWorld world;
  world.upgrade();
  ASSERT_EQ(world.ops.phase_of("my-upgrade"), "Successful") << world.failure();
  world.ops.run_until([&] { return world.ops.world.phase(db) == "Ready"; });
  EXPECT_THAT(world.twice_open, IsEmpty());
  EXPECT_FALSE(world.acknowledged.empty()) << "nobody wrote anything";
  for (int i = 0; i < 3; ++i) {
    const std::string pod = world.pod_name(new_set, i);
    EXPECT_TRUE(world.servers.at(pod).executed.contains(world.acknowledged)) << pod;
  }
}

// Red if new members are removed with their votes, or the former ones do not get theirs back.
TEST(SemiSyncNewSetUpgrade, UndoneGivesTheFormerReplicasTheirVotesBack) {
  SemiNewSetWorld world;
  World& cluster = world.ops.world;
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.run_until([&] { return !world.term().voters.contains("my-semi-1"); });
  EXPECT_EQ(world.note(api::leaving_annotation), db);
  cluster.remove(kinds::mysql_ops_request, "my-upgrade");
  world.ops.run_until([&] {
    return cluster.condition("Paused", db).is_null() && cluster.phase(db) == "Ready" &&
           world.note(api::leaving_annotation).empty();
  });
  EXPECT_THAT(cluster.names(kinds::stateful_set), ElementsAre(db));
  EXPECT_THAT(cluster.names(kinds::pod), ElementsAre("my-semi-0", "my-semi-1", "my-semi-2"));
  const api::PrimaryTerm term = world.term();
  EXPECT_EQ(term.number, 1U);
  ASSERT_EQ(term.voters.size(), 2U);
  EXPECT_TRUE(term.voters.contains("my-semi-1"));
  EXPECT_TRUE(term.voters.contains("my-semi-2"));
  EXPECT_THAT(world.twice_open, IsEmpty());
}

// Killed after each record of the log; each commit takes a share of them.
TEST(SemiSyncNewSetUpgrade, MakesTheSameWritesWhereverItIsKilled) {
  SemiNewSetWorld calm;
  calm.upgrade();
  const std::vector<std::string> expected = calm.ops.writes();
  ASSERT_GT(calm.ops.records(), 50U);
  for (std::size_t kill_after = 1; kill_after <= calm.ops.records(); ++kill_after) {
    if (!crash::takes(kill_after, 12)) continue;
    SemiNewSetWorld world;
    world.upgrade(kill_after);
    EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful") << "killed after " << kill_after;
    EXPECT_EQ(world.ops.writes(), expected) << "killed after " << kill_after;
    EXPECT_EQ(world.term().number, 2U) << "killed after " << kill_after;
    EXPECT_THAT(world.twice_open, IsEmpty()) << "killed after " << kill_after;
  }
}

}  // namespace
}  // namespace ratchet::k8s::testing
