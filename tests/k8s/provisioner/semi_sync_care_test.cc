// A semi-synchronous cluster's objects, votes, and what becomes of its members.
#include "k8s/provisioner/semi_sync_care.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/api/member_sets.h"
#include "k8s/provisioner/objects.h"
#include "tests/k8s/provisioner/semi_sync_world.h"

namespace ratchet::k8s {
namespace {

using provisioner::parse_term;
using provisioner::PrimaryTerm;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::SemiSync;

TEST_F(SemiSync, BecomesReadyWithItsObjectsLabelsAndTerm) {
  bring_up();
  EXPECT_EQ(world.phase(db), "Ready") << lacks("message");
  EXPECT_EQ(labels(), "pss");
  EXPECT_EQ(servers.open_pods(), "my-semi-0");
  EXPECT_THAT(world.names(kinds::service),
              ElementsAre("my-semi", "my-semi-pods", "my-semi-standby"));
  EXPECT_THAT(world.names(kinds::secret), ElementsAre("my-semi-auth", "my-semi-replication"));
  EXPECT_EQ(term().number, 1u);
  EXPECT_EQ(term().voters.size(), 2u);
  EXPECT_TRUE(servers.at("my-semi-0").after_sync);
  EXPECT_EQ(servers.at("my-semi-0").timeout_ms, 86'400'000u);
  EXPECT_EQ(servers.at("my-semi-2").server_id, 13u);
  EXPECT_TRUE(servers.write("my-semi-0"));
}

TEST_F(SemiSync, ForgetsWhoLeavesOnceThatSetIsGoneAndTakesNoVoteThatIsNeeded) {
  bring_up();
  const auto say = [this](const char* set) {
    world.patch(kinds::mysql, db,
                {{"metadata", {{"annotations", {{api::leaving_annotation, set}}}}}});
    world.settle(db);
  };
  say("my-semi-7");
  EXPECT_FALSE(annotations().contains(api::leaving_annotation));
  say(db);
  EXPECT_TRUE(annotations().contains(api::leaving_annotation)) << "its pods are there";
  EXPECT_EQ(term().voters.size(), 2u) << "nobody else could acknowledge";
  EXPECT_TRUE(servers.write("my-semi-0"));
  EXPECT_EQ(lacks("reason"), "MembersLeaving");
}

TEST_F(SemiSync, WithCertificatesReplicasDemandTheSourcesOwn) {
  for (const char* name : {"my-semi-server-cert", "my-semi-client-cert"}) {
    const Json secret = {{"apiVersion", "v1"},
                         {"kind", "Secret"},
                         {"metadata", {{"name", name}, {"namespace", "demo"}}},
                         {"data", {{"ca.crt", "Y2E="}, {"tls.crt", "YQ=="}, {"tls.key", "YQ=="}}}};
    ASSERT_TRUE(world.run(world.client.create(kinds::secret, secret)).ok());
  }
  world.apply(testing::semi_sync);
  world.patch(kinds::mysql, db, {{"spec", {{"tls", Json::object()}}}});
  world.settle(db);
  EXPECT_EQ(world.phase(db), "Ready") << lacks("message");
  EXPECT_THAT(servers.told, Contains(HasSubstr("SOURCE_SSL = 1, SOURCE_SSL_CA = "
                                               "'/etc/mysql/certs/ca.crt', SOURCE_SSL_CERT = "
                                               "'/etc/mysql/certs/server.crt'")));
  EXPECT_TRUE(servers.at("my-semi-1").verifies);
  EXPECT_TRUE(servers.write("my-semi-0"));

  // Without them from the next start on.
  world.patch(kinds::mysql, db, {{"spec", {{"tls", nullptr}}}});
  world.settle(db);
  EXPECT_TRUE(servers.at("my-semi-1").verifies);
  world.remove(kinds::pod, "my-semi-1");
  world.run_cluster();
  servers.restart("my-semi-1");
  world.settle(db);
  EXPECT_FALSE(servers.at("my-semi-1").verifies);
  EXPECT_EQ(world.phase(db), "Ready") << lacks("message");
}

TEST_F(SemiSync, OnceWellIsLookedAtWithoutAWrite) {
  bring_up();
  std::vector<std::string> writes;
  world.faults.on_write = [&](const embedded::Call& call) {
    writes.push_back(std::string(embedded::verb_name(call.verb)) + " " + call.plural);
    return embedded::Fault::none;
  };
  servers.told.clear();
  EXPECT_EQ(world.pass(db), std::nullopt);
  world.check(db);
  EXPECT_THAT(writes, IsEmpty());
  EXPECT_THAT(servers.told, IsEmpty());
}

// At the moment in which the server begins to take writes the term says so, and two replicas wait.
TEST_F(SemiSync, RecordsTheVoteOfWhoAnEditAddsAndTakesItBeforeOneGoes) {
  bring_up();
  world.patch(kinds::mysql, db, {{"spec", {{"replicas", 4}}}});
  world.settle(db);
  EXPECT_EQ(term().number, 1u);
  EXPECT_EQ(term().voters.size(), 3u);
  EXPECT_EQ(servers.at("my-semi-3").source, "my-semi-0");
  EXPECT_TRUE(servers.at("my-semi-3").acknowledges);
  EXPECT_EQ(world.phase(db), "Ready") << lacks("message");

  world.patch(kinds::mysql, db, {{"spec", {{"replicas", 3}}}});
  world.settle(db);
  EXPECT_EQ(term().voters.size(), 2u) << "a vote that went along would be missed at a failover";
  EXPECT_FALSE(servers.at("my-semi-3").acknowledges);
  EXPECT_EQ(world.get(kinds::stateful_set, db)["spec"]["replicas"], 3);
  EXPECT_EQ(world.phase(db), "Ready") << lacks("message");
  EXPECT_TRUE(servers.write("my-semi-0"));
}

TEST_F(SemiSync, KeepsThePrimaryThatAnEditOfItsReplicasWouldTakeAway) {
  bring_up();
  world.patch(kinds::mysql, db, {{"spec", {{"replicas", 4}}}});
  world.settle(db);
  name_successor("my-semi-3");
  world.settle(db);
  ASSERT_EQ(term().holder, "my-semi-3");
  world.patch(kinds::mysql, db, {{"spec", {{"replicas", 3}}}});
  world.settle(db);
  EXPECT_EQ(world.get(kinds::stateful_set, db)["spec"]["replicas"], 4);
  EXPECT_EQ(servers.open_pods(), "my-semi-3");
  const Json held = world.condition("SpecAccepted", db);
  EXPECT_EQ(held["reason"], "MembersLeaving");
  EXPECT_THAT(held["message"].get<std::string>(), HasSubstr("would take away my-semi-3"));
}

TEST_F(SemiSync, NobodyIsOpenedBeforeTheTermSaysSo) {
  world.apply(testing::semi_sync);
  for (int round = 0; round < 40; ++round) {
    world.pass(db);
    world.run_cluster();
    world.check(db);
    for (int i = 0; i < 3; ++i) {
      const auto& server = servers.at("my-semi-" + std::to_string(i));
      if (server.read_only || server.account.empty()) continue;
      EXPECT_TRUE(term().opened);
      EXPECT_GE(term().voters.size(), 1u);
      EXPECT_EQ(term().holder, "my-semi-" + std::to_string(i));
    }
  }
  EXPECT_EQ(servers.open_pods(), "my-semi-0");
}

TEST_F(SemiSync, NobodyAcknowledgesBeforeItIsRecorded) {
  world.apply(testing::semi_sync);
  for (int round = 0; round < 40; ++round) {
    world.pass(db);
    world.run_cluster();
    const auto before = annotations().value(provisioner::primary_term_annotation, "");
    world.check(db);
    const PrimaryTerm recorded = parse_term(before).value();
    for (int i = 0; i < 3; ++i) {
      const std::string pod = "my-semi-" + std::to_string(i);
      if (servers.at(pod).acknowledges) EXPECT_TRUE(recorded.voters.contains(pod)) << pod;
    }
  }
  EXPECT_TRUE(servers.at("my-semi-1").acknowledges);
}

TEST_F(SemiSync, ARestartedPrimaryIsOpenedAgainAndARestartedReplicaFollowsAgain) {
  bring_up();
  servers.restart("my-semi-0");
  servers.restart("my-semi-2");
  world.settle(db);
  EXPECT_EQ(term().number, 1u);
  EXPECT_EQ(labels(), "pss");
  EXPECT_EQ(world.phase(db), "Ready");
  EXPECT_TRUE(servers.write("my-semi-0"));
}

TEST_F(SemiSync, AfterTheLossOfThePrimaryAnotherTakesTheTermWithEverythingAcknowledged) {
  bring_up();
  ASSERT_TRUE(servers.write("my-semi-0"));
  const auto acknowledged = servers.at("my-semi-0").executed;
  servers.at("my-semi-0").up = false;
  world.settle(db);
  EXPECT_EQ(term().number, 1u) << "it may be back soon";
  EXPECT_EQ(lacks("reason"), "PrimaryUnreachable");
  EXPECT_EQ(world.phase(db), "NotReady");
  wait();
  EXPECT_EQ(term().number, 2u);
  EXPECT_EQ(term().holder, "my-semi-1");
  EXPECT_EQ(servers.open_pods(), "my-semi-1");
  EXPECT_EQ(labels(), "-ps");
  EXPECT_TRUE(servers.at("my-semi-1").executed.contains(acknowledged));
  EXPECT_TRUE(servers.write("my-semi-1"));
  EXPECT_THAT(world.event_texts(), Contains(HasSubstr("my-semi-1 took the primary term 2")));
  EXPECT_TRUE(world.condition("PrimaryReached", db).is_null());
}

TEST_F(SemiSync, AReturningPrimaryIsAttachedOrStaysOutUntilAPersonHasLooked) {
  bring_up();
  servers.at("my-semi-0").up = false;
  wait();
  servers.at("my-semi-0").up = true;
  EXPECT_FALSE(servers.write("my-semi-0")) << "cut off from its replicas it acknowledges nothing";
  world.settle(db);
  EXPECT_EQ(servers.open_pods(), "my-semi-1");
  EXPECT_EQ(lacks("reason"), "ErrantTransactions");
  EXPECT_EQ(labels(), "-ps");
  world.approve("ratchet.dev/approve-clone", db);
  world.settle(db);
  EXPECT_EQ(labels(), "sps");
  EXPECT_EQ(world.phase(db), "Ready") << lacks("message");
  EXPECT_FALSE(annotations().contains("ratchet.dev/approve-clone")) << "an approval counts once";
  EXPECT_EQ(term().voters.size(), 2u);
}

// A fourth member, which the others' binary logs do not suffice for.
class SemiSyncCopies : public SemiSync {
 protected:
  void add_member(const std::optional<std::vector<std::string>>& uncopied) {
    bring_up();
    ASSERT_TRUE(servers.write("my-semi-0"));
    servers.at("my-semi-0").purged = servers.at("my-semi-0").executed;
    leave_out(uncopied);
    servers.told.clear();
    world.patch(kinds::mysql, db, {{"spec", {{"replicas", 4}}}});
    world.settle(db);
  }
  void leave_out(const std::optional<std::vector<std::string>>& tables) {
    for (int i = 0; i < 3; ++i) servers.at("my-semi-" + std::to_string(i)).uncopied = tables;
  }
  void expect_copied() {
    world.settle(db);
    EXPECT_THAT(servers.told, Contains(HasSubstr("my-semi-3: CLONE INSTANCE")));
    EXPECT_EQ(servers.at("my-semi-3").source, "my-semi-0");
    EXPECT_EQ(world.phase(db), "Ready") << lacks("message");
  }
};

// Red if a new member has a table without its rows, and nobody was asked.
TEST_F(SemiSyncCopies, AreNotMadeWhereRowsWouldBeLostBeforeAPersonHasDecided) {
  add_member(std::vector<std::string>{"shop.old", "shop.older"});
  EXPECT_THAT(servers.told, Not(Contains(HasSubstr("CLONE INSTANCE"))));
  EXPECT_EQ(lacks("reason"), "RowsNotCopied");
  const std::string message = lacks("message");
  EXPECT_THAT(message, HasSubstr("tables outside of InnoDB (shop.old, shop.older)"));
  EXPECT_TRUE(servers.write("my-semi-0"));
  world.approve("ratchet.dev/approve-clone", db);
  expect_copied();
  EXPECT_THAT(world.event_texts(), Contains(HasSubstr("without the rows of shop.old, shop.older")));
  EXPECT_FALSE(annotations().contains("ratchet.dev/approve-clone")) << "an approval counts once";
}

TEST_F(SemiSyncCopies, AreMadeOnceTheTablesAreOfInnoDb) {
  add_member(std::vector<std::string>{"shop.old"});
  EXPECT_EQ(lacks("reason"), "RowsNotCopied");
  leave_out(std::vector<std::string>{});
  expect_copied();
  EXPECT_THAT(world.event_texts(), Not(Contains(HasSubstr("without the rows"))));
}

TEST_F(SemiSyncCopies, AreMadeOnlyOfWhoSaysWhetherAllIsCopied) {
  add_member(std::nullopt);
  EXPECT_THAT(servers.told, Not(Contains(HasSubstr("CLONE INSTANCE"))));
  EXPECT_EQ(lacks("reason"), "MembersJoining");
  leave_out(std::vector<std::string>{});
  expect_copied();
}

TEST_F(SemiSync, WithTooFewReplicasNobodyIsPromoted) {
  bring_up();
  servers.at("my-semi-0").up = false;
  servers.at("my-semi-2").up = false;
  servers.told.clear();
  wait();
  EXPECT_EQ(term().number, 1u);
  EXPECT_EQ(servers.open_pods(), "");
  EXPECT_EQ(lacks("reason"), "WaitingForVoters");
  EXPECT_THAT(lacks("message"), HasSubstr("Missing: my-semi-2"));
  EXPECT_THAT(servers.told, IsEmpty());
  servers.at("my-semi-2").up = true;
  world.settle(db);
  EXPECT_EQ(term().holder, "my-semi-1");
}

TEST_F(SemiSync, ATermThatMetAnotherWriteIsNotTaken) {
  bring_up();
  servers.at("my-semi-0").up = false;
  world.settle(db);
  now = "2026-11-23T10:01:00Z";
  world.faults.on_write = [&](const embedded::Call& call) {
    const bool taking =
        call.plural == "mysqls" && call.body.dump().find("\\\"number\\\":2") != std::string::npos;
    return taking ? embedded::Fault::conflict : embedded::Fault::none;
  };
  for (int round = 0; round < 10; ++round) world.check(db);
  EXPECT_EQ(term().number, 1u);
  EXPECT_EQ(servers.open_pods(), "");
  world.faults.on_write = nullptr;
  world.settle(db);
  EXPECT_EQ(servers.open_pods(), "my-semi-1");
}

TEST_F(SemiSync, ATermThatCannotBeReadStopsEverything) {
  bring_up();
  world.patch(
      kinds::mysql, db,
      {{"metadata", {{"annotations", {{provisioner::primary_term_annotation, "nonsense"}}}}}});
  servers.told.clear();
  servers.at("my-semi-0").up = false;
  wait();
  EXPECT_EQ(lacks("reason"), "TermUnreadable");
  EXPECT_THAT(servers.told, IsEmpty());
}

}  // namespace
}  // namespace ratchet::k8s
