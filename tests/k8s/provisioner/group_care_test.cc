// A replication group on the embedded API server, its servers a model.
#include "k8s/provisioner/group_care.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/provisioner/objects.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/world.h"

namespace ratchet::k8s {
namespace {

using provisioner::MemberState;
using ::testing::ElementsAre;
using testing::FakeGroup;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using testing::World;

constexpr const char* db = "my-group";

class Group : public ::testing::Test {
 protected:
  Group() { world.context.group = servers.port(); }

  void bring_up() {
    world.apply(testing::group);
    world.settle(db);
  }
  std::string labels() {
    std::string told;
    for (int i = 0; i < 3; ++i) {
      const Json pod = world.get(kinds::pod, "my-group-" + std::to_string(i));
      const Json found = pod.is_null() ? Json::object() : pod["metadata"]["labels"];
      const std::string role = found.value("kubedb.com/role", "-");
      told += role.substr(0, 1);
    }
    return told;
  }
  Json annotations() {
    return world.get(kinds::mysql, db)["metadata"].value("annotations", Json::object());
  }
  // Of the condition that says what the group lacks; empty if it lacks nothing.
  std::string lacks(const char* field) {
    const Json condition = world.condition("GroupComplete", db);
    return condition.is_null() ? "" : condition[field].get<std::string>();
  }

  World world;
  FakeGroup servers;
};

TEST_F(Group, BecomesReadyWithItsObjectsAndLabels) {
  bring_up();
  EXPECT_EQ(world.phase(db), "Ready");
  EXPECT_EQ(servers.groups_formed, 1);
  EXPECT_EQ(labels(), "pss");
  EXPECT_THAT(world.names(kinds::service),
              ElementsAre("my-group", "my-group-pods", "my-group-standby"));
  EXPECT_THAT(world.names(kinds::pod_disruption_budget), ElementsAre("my-group"));
  EXPECT_THAT(world.names(kinds::secret), ElementsAre("my-group-auth", "my-group-replication"));
  EXPECT_EQ(lacks("reason"), "");
  const Json set = world.get(kinds::stateful_set, db);
  EXPECT_TRUE(set.contains("/spec/template/spec/affinity/podAntiAffinity"_json_pointer));
  EXPECT_FALSE(annotations().contains("ratchet.dev/bootstrap")) << "the claim is over";
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(servers.at("my-group-" + std::to_string(i)).server_id, i + 1);
  }
  const Json claim = world.get(kinds::persistent_volume_claim, "data-my-group-2");
  EXPECT_EQ(claim["metadata"]["annotations"][provisioner::server_certificate_annotation], "c0ffee");
}

TEST_F(Group, WithCertificatesIsLookedAtByTheirAuthorityAndWithoutThemNotAtAll) {
  for (const char* name : {"my-group-server-cert", "my-group-client-cert"}) {
    const Json secret = {{"apiVersion", "v1"},
                         {"kind", "Secret"},
                         {"metadata", {{"name", name}, {"namespace", "demo"}}},
                         {"data", {{"ca.crt", "Y2E="}, {"tls.crt", "YQ=="}, {"tls.key", "YQ=="}}}};
    ASSERT_TRUE(world.run(world.client.create(kinds::secret, secret)).ok());
  }
  std::vector<std::string> authorities;
  const auto look = world.context.group.look;
  world.context.group.look = [&](const provisioner::ProbeTarget& target) {
    authorities.push_back(target.authority.value_or("none"));
    return look(target);
  };
  world.apply(testing::group);
  world.patch(kinds::mysql, db, {{"spec", {{"tls", Json::object()}}}});
  world.settle(db);
  EXPECT_EQ(world.phase(db), "Ready");
  EXPECT_THAT(authorities, ::testing::AllOf(::testing::Not(IsEmpty()), ::testing::Each("ca")));

  authorities.clear();
  world.remove(kinds::secret, "my-group-server-cert");
  world.settle(db);
  EXPECT_THAT(authorities, IsEmpty());
  EXPECT_EQ(labels(), "pss") << "as they were";
  EXPECT_EQ(world.condition("SpecAccepted", db)["reason"], "SecretMissing");
}

TEST_F(Group, OnceWellIsLookedAtWithoutAWrite) {
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

TEST_F(Group, GetsANameOnceWhereNoneIsGiven) {
  world.apply(testing::group);
  world.patch(kinds::mysql, db, {{"spec", {{"topology", {{"group", nullptr}}}}}});
  world.settle(db);
  const Json mysql = world.get(kinds::mysql, db);
  EXPECT_EQ(mysql["spec"]["topology"]["group"]["name"], mysql["metadata"]["uid"]);
  EXPECT_EQ(world.phase(db), "Ready");
}

TEST_F(Group, RunsItsInitScriptInTheFirstMemberAndOnlyUntilItIsProvisioned) {
  world.apply(testing::group);
  world.patch(kinds::mysql, db,
              {{"spec", {{"init", {{"script", {{"configMap", {{"name", "scripts"}}}}}}}}}});
  world.settle(db);
  EXPECT_EQ(world.condition("SpecAccepted", db)["reason"], "InitScriptMissing");
  EXPECT_THAT(world.condition("SpecAccepted", db)["message"].get<std::string>(),
              HasSubstr("configmap demo/scripts of spec.init.script not found; create it"));
  EXPECT_THAT(world.names(kinds::stateful_set), IsEmpty());

  const Json scripts = {{"apiVersion", "v1"},
                        {"kind", "ConfigMap"},
                        {"metadata", {{"name", "scripts"}, {"namespace", "demo"}}},
                        {"data", {{"a.sql", "SELECT 1"}, {"b.sh", "true"}}}};
  ASSERT_TRUE(world.run(world.client.create(kinds::config_map, scripts)).ok());
  for (int i = 0; i < 20 && world.names(kinds::stateful_set).empty(); ++i) world.pass(db);
  const auto pod = [this] {
    return world.get(kinds::stateful_set, db).at("spec").at("template").at("spec").dump();
  };
  EXPECT_THAT(pod(), HasSubstr(R"({"key":"a.sql","path":"my-group-0/a.sql"})"));
  EXPECT_THAT(pod(), HasSubstr(R"({"key":"b.sh","path":"my-group-0/b.sh"})"));
  EXPECT_THAT(pod(), HasSubstr("\"subPathExpr\":\"$(POD_NAME)\""));

  world.settle(db);
  EXPECT_EQ(world.phase(db), "Ready");
  EXPECT_EQ(world.get(kinds::mysql, db)["spec"]["init"]["initialized"], true);
  EXPECT_THAT(pod(), Not(HasSubstr("initial-script"))) << "a member that is lost joins empty";
}

TEST_F(Group, LabelsFollowTheElectionAndTheOldPrimaryComesBackAsStandby) {
  bring_up();
  servers.at("my-group-0").up = false;
  servers.restart("my-group-0");
  ASSERT_EQ(servers.primary(), "my-group-2");
  world.check(db);
  EXPECT_EQ(labels(), "-sp");
  world.settle(db);
  EXPECT_EQ(world.phase(db), "Critical") << "serves, but not with all";
  EXPECT_EQ(lacks("reason"), "MembersMissing");
  EXPECT_EQ(world.condition("AcceptingConnection", db)["status"], "True");
  servers.at("my-group-0").up = true;
  world.settle(db);
  EXPECT_EQ(world.phase(db), "Ready");
  EXPECT_EQ(labels(), "ssp");
  EXPECT_EQ(servers.groups_formed, 1);
}

TEST_F(Group, OpensThePrimaryWhoseFenceHasExpired) {
  bring_up();
  const std::string primary = servers.primary();
  servers.at(primary).fenced = true;
  servers.told.clear();
  const auto fence = [&](const std::string& value) {
    world.patch(kinds::mysql, db,
                {{"metadata", {{"annotations", {{provisioner::fence_annotation, value}}}}}});
    world.check(db);
  };

  fence(primary + "/2999-01-01T00:00:00Z");
  EXPECT_THAT(servers.told, IsEmpty()) << "whoever set it is at work";
  EXPECT_TRUE(annotations().contains(provisioner::fence_annotation));

  fence(primary + "/2026-01-01T00:00:00Z");
  EXPECT_THAT(servers.told, ElementsAre(primary + ": open"));
  EXPECT_FALSE(servers.at(primary).fenced);
  EXPECT_FALSE(annotations().contains(provisioner::fence_annotation));
  EXPECT_THAT(world.event_texts().back(), HasSubstr(primary + " takes writes again"));

  servers.told.clear();
  fence(primary + "/tomorrow");
  EXPECT_THAT(servers.told, ElementsAre(primary + ": open")) << "a time that is none is over";
}

TEST_F(Group, OpensNobodyElseThanThePrimary) {
  bring_up();
  const std::string former = servers.primary();
  world.patch(
      kinds::mysql, db,
      {{"metadata",
        {{"annotations", {{provisioner::fence_annotation, former + "/2026-01-01T00:00:00Z"}}}}}});
  servers.at(former).fenced = true;
  servers.restart(former);
  servers.told.clear();
  world.check(db);
  EXPECT_THAT(servers.told, ::testing::Not(::testing::Contains(former + ": open")));
  EXPECT_TRUE(servers.at(former).fenced);
  EXPECT_FALSE(annotations().contains(provisioner::fence_annotation)) << "another was promoted";
}

TEST_F(Group, AtNoMomentTwoPodsAreThePrimary) {
  bring_up();
  std::vector<std::string> seen;
  servers.restart("my-group-0");
  // One write at a time: every state that another could see.
  for (int i = 0; i < 3; ++i) {
    int left = 1;
    world.faults.on_write = [&](const embedded::Call& call) {
      if (call.plural != "pods") return embedded::Fault::none;
      return left-- > 0 ? embedded::Fault::none : embedded::Fault::conflict;
    };
    world.check(db);
    seen.push_back(labels());
  }
  for (const std::string& labels : seen) {
    EXPECT_LE(std::count(labels.begin(), labels.end(), 'p'), 1) << labels;
  }
  EXPECT_EQ(seen.back().substr(2), "p");
}

TEST_F(Group, AfterAFullOutageTheOneThatKnowsMostFormsIt) {
  bring_up();
  servers.write();
  servers.restart("my-group-0");
  servers.write();
  for (int i = 1; i < 3; ++i) servers.restart("my-group-" + std::to_string(i));
  servers.told.clear();
  world.check(db);
  ASSERT_THAT(servers.told, SizeIs(1));
  EXPECT_EQ(servers.told[0], "my-group-1: bootstrap") << "my-group-0 lacks the last transaction";
  world.settle(db);
  EXPECT_EQ(world.phase(db), "Ready");
}

TEST_F(Group, WithoutEverybodysTransactionsItWaitsForAPerson) {
  bring_up();
  servers.write();
  for (int i = 0; i < 3; ++i) servers.restart("my-group-" + std::to_string(i));
  servers.at("my-group-1").up = false;
  servers.told.clear();
  world.settle(db);
  EXPECT_THAT(servers.told, IsEmpty());
  EXPECT_EQ(world.phase(db), "NotReady");
  EXPECT_EQ(lacks("reason"), "WaitingForMembers");
  world.approve("ratchet.dev/approve-bootstrap", db);
  world.settle(db);
  EXPECT_EQ(servers.groups_formed, 2);
  EXPECT_EQ(world.phase(db), "Critical");
  EXPECT_THAT(annotations(), SizeIs(1)) << "an approval counts once";
  servers.at("my-group-1").up = true;
  for (int i = 0; i < 2; ++i) world.settle(db);  // what a member was told shows in the next look
  EXPECT_EQ(world.phase(db), "Ready");
  EXPECT_THAT(annotations(), IsEmpty());
}

// It has a transaction that nobody else has seen, whose number another one bears by then.
TEST_F(Group, AMemberWithoutWhomItWasFormedIsNotTakenInByTheNumbersOfItsTransactions) {
  bring_up();
  servers.write();
  for (int i = 0; i < 3; ++i) servers.restart("my-group-" + std::to_string(i));
  servers.at("my-group-1").up = false;
  const auto only_there =
      provisioner::GtidSet::parse("dc002fc3-c412-4d18-b1d4-66c1fbfbbc9b:2").value();
  servers.at("my-group-1").executed = servers.at("my-group-1").executed.plus(only_there);
  world.settle(db);
  const auto approve = [this](const std::string& name) {
    world.approve(name, db);
    for (int i = 0; i < 2; ++i) world.settle(db);  // what a member was told shows in the next look
  };
  approve("ratchet.dev/approve-bootstrap");
  for (int i = 0; i < 3; ++i) servers.write();
  servers.told.clear();
  servers.at("my-group-1").up = true;
  world.settle(db);
  EXPECT_EQ(lacks("reason"), "ErrantTransactions");
  EXPECT_THAT(lacks("message"), HasSubstr("c9b:2: the group was formed without it"));
  EXPECT_THAT(servers.told, IsEmpty());
  approve("ratchet.dev/approve-clone");
  EXPECT_THAT(servers.told, ElementsAre("my-group-1: clone", "my-group-1: join"));
  EXPECT_EQ(world.phase(db), "Ready");
  EXPECT_THAT(annotations(), IsEmpty());
}

TEST_F(Group, NobodyFormsItWhoseClaimMetAnotherWrite) {
  world.apply(testing::group);
  bool claimed = false;
  world.faults.on_write = [&](const embedded::Call& call) {
    if (call.plural != "mysqls" || claimed) return embedded::Fault::none;
    const auto text = call.body.dump();
    if (text.find(provisioner::bootstrap_annotation) == std::string::npos) {
      return embedded::Fault::none;
    }
    claimed = true;
    return embedded::Fault::conflict;
  };
  for (int round = 0; round < 20 && !claimed; ++round) {
    world.pass(db);
    world.run_cluster();
    world.check(db);
  }
  EXPECT_TRUE(claimed);
  EXPECT_EQ(servers.groups_formed, 0);
  world.settle(db);
  EXPECT_EQ(servers.groups_formed, 1);
  EXPECT_EQ(world.phase(db), "Ready");
}

TEST_F(Group, GoesOnBeingCaredForWhilePaused) {
  bring_up();
  world.pause(db, "2026-11-23T10:00:01Z");
  servers.restart("my-group-0");
  world.settle(db);
  EXPECT_EQ(labels(), "ssp");
  EXPECT_EQ(world.phase(db), "Ready");
}

// Whoever has it paused scales the set first, and the spec follows.
TEST_F(Group, WhilePausedHasAsManyMembersAsItsStatefulSet) {
  bring_up();
  world.pause(db, "2026-11-23T10:00:01Z");
  world.patch(kinds::stateful_set, db, {{"spec", {{"replicas", 4}}}});
  world.settle(db);
  EXPECT_TRUE(servers.serves("my-group-3"));
  EXPECT_EQ(world.phase(db), "Ready");
  EXPECT_EQ(world.get(kinds::mysql, db)["spec"]["replicas"], 3);
}

TEST_F(Group, TakesInWhoAnEditOfItsReplicasAdds) {
  bring_up();
  world.patch(kinds::mysql, db, {{"spec", {{"replicas", 5}}}});
  world.settle(db);
  EXPECT_EQ(world.get(kinds::stateful_set, db)["spec"]["replicas"], 5);
  EXPECT_TRUE(servers.serves("my-group-3"));
  EXPECT_TRUE(servers.serves("my-group-4"));
  EXPECT_EQ(servers.groups_formed, 1);
  EXPECT_EQ(world.get(kinds::pod_disruption_budget, db)["spec"]["maxUnavailable"], 2);
  EXPECT_EQ(world.phase(db), "Ready");
}

TEST_F(Group, HaltingTakesItsServicesAlong) {
  bring_up();
  world.patch(kinds::mysql, db, {{"spec", {{"halted", true}, {"deletionPolicy", "Halt"}}}});
  world.settle(db);
  EXPECT_EQ(world.phase(db), "Halted");
  EXPECT_THAT(world.names(kinds::service), IsEmpty());
  EXPECT_THAT(world.names(kinds::config_map), IsEmpty());
  EXPECT_THAT(world.names(kinds::persistent_volume_claim), SizeIs(3));
}

}  // namespace
}  // namespace ratchet::k8s
