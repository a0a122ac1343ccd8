// How the primary of a semi-synchronous cluster is moved: looks, terms, labels and what servers are
// told.
#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/provisioner/semi_sync_world.h"

namespace ratchet::k8s {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::SemiSync;

TEST_F(SemiSync, HandsOverToTheReplicaThatTheTermNames) {
  bring_up();
  ASSERT_TRUE(servers.write("my-semi-0"));
  const auto acknowledged = servers.at("my-semi-0").executed;
  name_successor("my-semi-2");
  int open_together = 0;
  for (int round = 0; round < 20; ++round) {
    world.check(db);
    const bool old_opened = !servers.at("my-semi-0").read_only;
    const bool new_opened = !servers.at("my-semi-2").read_only;
    if (new_opened) EXPECT_EQ(term().holder, "my-semi-2");
    if (new_opened) EXPECT_TRUE(term().opened);
    open_together += old_opened && new_opened ? 1 : 0;
  }
  EXPECT_EQ(open_together, 0);
  EXPECT_EQ(term().number, 2u);
  EXPECT_EQ(term().successor, "");
  EXPECT_EQ(term().voters.size(), 2u);
  EXPECT_EQ(servers.open_pods(), "my-semi-2");
  EXPECT_TRUE(servers.at("my-semi-2").executed.contains(acknowledged));
  EXPECT_TRUE(servers.write("my-semi-2"));
  world.settle(db);
  EXPECT_EQ(labels(), "ssp");
  EXPECT_EQ(world.phase(db), "Ready") << lacks("message");
}

// Each look costs clients time: closed, receivers stopped, the term taken and the others attached,
// opened.
TEST_F(SemiSync, NobodyTakesWritesForThreeLooksOfAMove) {
  bring_up();
  name_successor("my-semi-2");
  std::vector<std::string> gates;
  world.faults.on_write = [&](const embedded::Call& call) {
    const bool gate = call.user == "provisioner" && call.plural == "pods" &&
                      call.subresource == "status" && call.name == "my-semi-2";
    if (gate) gates.push_back(call.body.dump());
    return embedded::Fault::none;
  };
  int closed = 0;
  for (int round = 0; round < 20 && servers.open_pods() != "my-semi-2"; ++round) {
    world.check(db);
    closed += servers.open_pods().empty() ? 1 : 0;
  }
  EXPECT_EQ(closed, 3);
  EXPECT_EQ(labels(), "ssp") << "clients are led there by the look that opens it";
  EXPECT_THAT(gates, IsEmpty()) << "its readiness is let be: giving it back takes a kubelet long";
}

// Somebody else's write comes before each look's: nothing is done that only the new term allows.
TEST_F(SemiSync, NothingFollowsFromATermThatWasNotRecorded) {
  bring_up();
  name_successor("my-semi-2");
  world.faults.on_write = [&](const embedded::Call& call) {
    const bool taking =
        call.plural == "mysqls" && call.body.dump().find("\\\"number\\\":2") != std::string::npos;
    return taking ? embedded::Fault::conflict : embedded::Fault::none;
  };
  for (int round = 0; round < 10; ++round) world.check(db);
  EXPECT_EQ(term().number, 1u);
  EXPECT_EQ(labels(), "pss");
  EXPECT_EQ(servers.at("my-semi-1").source, "my-semi-0");
  EXPECT_TRUE(servers.at("my-semi-0").source_enabled)
      << "who opens it finds that nobody acknowledges";
  EXPECT_EQ(servers.open_pods(), "");
}

TEST_F(SemiSync, WhoIsAttachedTakesNoWritesBeforeItCeasesToWaitForAcknowledgements) {
  bring_up();
  servers.told.clear();
  name_successor("my-semi-1");
  world.settle(db);
  const auto said = [this](const std::string& what) {
    return std::ranges::find(servers.told, "my-semi-0: " + what);
  };
  const auto ceased = said("SET GLOBAL rpl_semi_sync_source_enabled = OFF");
  ASSERT_TRUE(ceased != servers.told.end() && ceased != servers.told.begin());
  EXPECT_EQ(*std::prev(ceased), "my-semi-0: SET GLOBAL super_read_only = ON");
}

TEST_F(SemiSync, HandsOverWhileItsMySqlIsPaused) {
  bring_up();
  world.pause(db, "2026-11-23T09:00:00Z");
  name_successor("my-semi-1");
  world.settle(db);
  EXPECT_EQ(labels(), "sps");
  EXPECT_EQ(servers.open_pods(), "my-semi-1");
}

TEST_F(SemiSync, OpensThePrimaryAgainWhenItsSuccessorIsLost) {
  bring_up();
  name_successor("my-semi-2");
  world.check(db);
  ASSERT_TRUE(servers.at("my-semi-0").read_only) << "closed for its successor";
  servers.at("my-semi-2").up = false;
  for (int round = 0; round < 3; ++round) world.check(db);
  EXPECT_EQ(term().successor, "");
  EXPECT_EQ(term().number, 1u);
  EXPECT_EQ(servers.open_pods(), "my-semi-0");
  EXPECT_TRUE(servers.write("my-semi-0")) << "my-semi-1 acknowledges";
  EXPECT_THAT(world.event_texts(), Contains(HasSubstr("HandOverEnded: my-semi-0 stays")));
}

// A provisioner that was held up sends what it decided before the move: nothing is acknowledged.
TEST_F(SemiSync, AfterAMoveTheFormerPrimaryAcknowledgesNothingWhoeverOpensIt) {
  bring_up();
  name_successor("my-semi-1");
  for (int round = 0; round < 20 && term().number < 2; ++round) {
    world.check(db);
  }
  ASSERT_EQ(term().number, 2u);
  servers.at("my-semi-0").source_enabled = true;  // which comes first where a server is opened
  servers.at("my-semi-0").read_only = false;
  EXPECT_FALSE(servers.write("my-semi-0"));
}

}  // namespace
}  // namespace ratchet::k8s
