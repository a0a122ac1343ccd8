// A group that was formed without some of its members, and what becomes of them.
#include "k8s/provisioner/formed_without.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/provisioner/group_care.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/group_story.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/world.h"

namespace ratchet::k8s::provisioner {
namespace {

namespace asio = boost::asio;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

// db-0 and db-1 are a group that was formed without db-2 when it had 1-12, and has gone on to 30.
Story after(const std::string& db_2) {
  Story story = Story().executed(0, "1-30").executed(1, "1-30").executed(2, db_2).group({0, 1});
  story.now.formed_without = {{"db-2", tx("1-12")}};
  return story;
}

// With the first value that the message offers.
Story approved(Story story) {
  story.now.approved_bootstrap = offered(plan_group(story.now), approve_bootstrap_annotation).at(0);
  return story;
}

Story with_copy_approved(Story story) {
  story.now.approved_clone = offered(plan_group(story.now), approve_clone_annotation).at(0);
  return story;
}

TEST(FormedWithout, IsKeptOfWhoeverWasNotSeenFromBeforeTheGroupIsFormed) {
  const Story story = approved(Story().executed(1, "1-12").lost(2));
  EXPECT_THAT(actions(story), ElementsAre("bootstrap db-1"));
  EXPECT_THAT(plan_group(story.now).formed_without, ElementsAre(Pair("db-2", tx("1-12"))));
}

TEST(FormedWithout, IsKeptOfWhoeverHasWhatIsGivenUp) {
  const Story story = approved(Story().executed(0, "1-9:12").executed(1, "1-9:13"));
  EXPECT_THAT(actions(story), ElementsAre("bootstrap db-0"));
  EXPECT_THAT(plan_group(story.now).formed_without, ElementsAre(Pair("db-1", tx("1-9:12"))))
      << "db-2 has nothing of its own";
}

TEST(FormedWithout, IsKeptOfNobodyWhereNothingIsGivenUp) {
  const Story story = Story().executed(1, "1-12").executed(2, "1-11");
  EXPECT_THAT(actions(story), ElementsAre("bootstrap db-1"));
  EXPECT_THAT(plan_group(story.now).formed_without, IsEmpty());
}

TEST(FormedWithout, NumbersThatTheGroupHasUsedAgainAreErrant) {
  const Story story = after("1-13");
  const Plan plan = plan_group(story.now);
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_EQ(plan.reason, "ErrantTransactions");
  EXPECT_THAT(plan.message, HasSubstr(std::string("(") + ours + "13: the group was formed"));
  EXPECT_EQ(plan.formed_without, story.now.formed_without);

  Story received = after("1-12");
  received.at(2).received = tx("13");
  EXPECT_EQ(plan_group(received.now).reason, "ErrantTransactions") << "it would execute that";

  Story forgotten = story;
  forgotten.now.formed_without.clear();
  EXPECT_THAT(actions(forgotten), ElementsAre("join db-2")) << "what it would be without";
}

TEST(FormedWithout, WhoeverHasNothingOfItsOwnJoinsOnceItIsLikeAnybodyElse) {
  Story story = after("1-11");
  EXPECT_THAT(actions(story), IsEmpty()) << "what it gets would look like its own";
  story.now.formed_without = plan_group(story.now).formed_without;
  EXPECT_THAT(story.now.formed_without, IsEmpty());
  EXPECT_THAT(actions(story), ElementsAre("join db-2"));
}

TEST(FormedWithout, TheCopyThatWasApprovedIsLikeAnybodyElse) {
  Story story = with_copy_approved(after("1-13"));
  EXPECT_THAT(actions(story), ElementsAre("clone db-2 from db-1"));
  story.executed(2, "1-30").at(2).purged = tx("1-30");
  EXPECT_THAT(plan_group(story.now).formed_without, IsEmpty());
  story.at(2).purged = tx("1-29");
  EXPECT_EQ(plan_group(story.now).formed_without, story.now.formed_without) << "30 is in its logs";
}

TEST(FormedWithout, ACopyWithAsManyTransactionsIsMadeOnce) {
  Story story = with_copy_approved(after("1-30"));
  EXPECT_THAT(actions(story), ElementsAre("clone db-2 from db-1"));
  story.at(2).purged = tx("1-30");
  EXPECT_THAT(actions(story), IsEmpty());
  EXPECT_THAT(plan_group(story.now).formed_without, IsEmpty());
}

TEST(FormedWithout, WhoseBinaryLogsHaveExpiredIsNoCopy) {
  Story story = after("1-13");
  story.at(2).purged = tx("1-13");
  EXPECT_EQ(plan_group(story.now).reason, "ErrantTransactions");
  story = with_copy_approved(story);
  EXPECT_THAT(actions(story), ElementsAre("clone db-2 from db-1"));
}

TEST(FormedWithout, WhoeverIsInTheGroupIsLikeAnybodyElse) {
  Story story = after("1-30").group({0, 1, 2});
  EXPECT_THAT(plan_group(story.now).formed_without, IsEmpty());
}

TEST(FormedWithout, WhoeverFailedInTheFormerGroupLeavesItFirst) {
  Story story = after("1-13");
  story.at(2).state = MemberState::error;
  EXPECT_THAT(actions(story), ElementsAre("leave db-2"));
  story.executed(2, "1-12");
  EXPECT_THAT(actions(story), ElementsAre("leave db-2")) << "it is not forgotten yet";
}

TEST(FormedWithout, DoesNotFormTheNextOneBesideTheOthers) {
  Story story = Story().executed(0, "1-30").executed(1, "1-30").executed(2, "1-30");
  story.now.formed_without = {{"db-0", tx("1-12")}};
  EXPECT_THAT(actions(story), ElementsAre("bootstrap db-1")) << "db-0 has others of these numbers";
  story.executed(0, "1-40");
  EXPECT_THAT(actions(story), ElementsAre("bootstrap db-1"));
  EXPECT_EQ(plan_group(story.now).formed_without, story.now.formed_without);
}

TEST(FormedWithout, MayFormTheNextOneAloneAndThenTheOthersHaveWhatIsGivenUp) {
  Story story = Story().executed(2, "1-13").lost(0).lost(1);
  story.now.formed_without = {{"db-2", tx("1-12")}};
  story = approved(story);
  EXPECT_THAT(actions(story), ElementsAre("bootstrap db-2"));
  EXPECT_THAT(
      plan_group(story.now).formed_without,
      ElementsAre(Pair("db-0", tx("1-12")), Pair("db-1", tx("1-12")), Pair("db-2", tx("1-12"))));
  story.group({2});
  EXPECT_THAT(plan_group(story.now).formed_without, Not(::testing::Contains(Key("db-2"))));
}

// It was noted, and then the provisioner or the server ended.
TEST(FormedWithout, AGroupThatWasNotFormedAfterAllGivesNothingUp) {
  Story story = Story().executed(0, "1-12").executed(1, "1-12").executed(2, "1-13");
  story.now.formed_without = {{"db-2", tx("1-12")}};
  EXPECT_THAT(actions(story), ElementsAre("bootstrap db-2"));
  story.executed(0, "1-14");
  EXPECT_THAT(actions(story), ElementsAre("bootstrap db-0")) << "it was formed";
}

TEST(FormedWithout, OfTwoGroupsInTurnAPersonChooses) {
  Story story = Story().executed(0, "1-30").executed(1, "1-30").executed(2, "1-13");
  story.now.formed_without = {{"db-0", tx("1-12")}, {"db-1", tx("1-12")}, {"db-2", tx("1-12")}};
  const Plan plan = plan_group(story.now);
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_EQ(plan.reason, "DivergedMembers");
  EXPECT_THAT(plan.message, HasSubstr(std::string("without its ") + ours + "13)"));
  EXPECT_THAT(plan.message, HasSubstr(", db-2/")) << "its numbers say nothing";
}

TEST(FormedWithout, IsKeptOfWhoeverIsScaledAway) {
  Story story = Story().executed(1, "1-12").lost(2);
  story.now.scaled_away = {"db-3"};
  EXPECT_THAT(plan_group(approved(story).now).formed_without,
              ElementsAre(Pair("db-2", tx("1-12")), Pair("db-3", tx("1-12"))));
  story.now.members[2].seen = story.now.members[0].seen;
  story.at(2).server_id = 3;
  EXPECT_THAT(actions(story), ElementsAre("bootstrap db-1"));
  EXPECT_THAT(plan_group(story.now).formed_without, IsEmpty()) << "nothing is given up";
}

TEST(FormedWithout, OfTwoGroupsAtATimeNobodyKnowsWhatTheyHaveAlike) {
  Story story = Story().executed(2, "1-8").group({0, 1}, "17:5");
  story.group({2}, "18:1");
  const Plan split = plan_group(story.now);
  EXPECT_TRUE(split.split);
  EXPECT_EQ(split.formed_without, read_formed_without("none", {"db-0", "db-1", "db-2"}));
  story.now.formed_without = split.formed_without;
  story.at(2).state = MemberState::offline;
  const Plan plan = plan_group(story.now);
  EXPECT_EQ(plan.reason, "ErrantTransactions");
  EXPECT_THAT(plan.formed_without, ElementsAre(Key("db-2")));
}

// What a member in the state ERROR is told otherwise, again and again.
TEST(Rejoin, IsForWhomTheGroupCanTakeInAsItIs) {
  Story story = Story().group({0, 1});
  story.at(2).state = MemberState::error;
  EXPECT_THAT(actions(story), ElementsAre("rejoin db-2"));
  Story errant = story;
  errant.executed(2, "1-10");
  EXPECT_THAT(actions(errant), ElementsAre("leave db-2"));
  for (int i = 0; i < 2; ++i) story.executed(i, "1-30").at(i).purged = tx("1-20");
  EXPECT_THAT(actions(story), ElementsAre("leave db-2")) << "nobody has 10-20 in their logs";
}

TEST(FormedWithout, WithoutSomebodyTwiceTheFirstTimeCounts) {
  Story story = after("1-13").lost(2);
  for (int i = 0; i < 2; ++i) story.at(i).state = MemberState::offline;
  EXPECT_THAT(plan_group(approved(story).now).formed_without,
              ElementsAre(Pair("db-2", tx("1-12"))));
}

TEST(FormedWithout, IsReadAsItIsWritten) {
  const FormedWithout two = {{"db-1", tx("1-9:12")}, {"db-2", GtidSet()}};
  EXPECT_EQ(read_formed_without(text_of(two), {"db-0"}), two);
  EXPECT_EQ(text_of({}), "");
  EXPECT_THAT(read_formed_without("", {"db-0"}), IsEmpty());
}

TEST(FormedWithout, WhatSomebodyHasEditedIsNothingAlike) {
  EXPECT_THAT(read_formed_without("none", {"db-0", "db-1"}),
              ElementsAre(Pair("db-0", GtidSet()), Pair("db-1", GtidSet())));
  EXPECT_THAT(read_formed_without(R"({"db-1": 5, "db-2": "x"})", {"db-0"}),
              ElementsAre(Pair("db-1", GtidSet()), Pair("db-2", GtidSet())));
}

constexpr const char* my_group = "my-group";

// A group on the embedded API server, its servers a model.
class Notes : public ::testing::Test {
 protected:
  Notes() {
    world.context.group = servers.port();
    world.apply(testing::group);
    world.settle(my_group);
    servers.write();
  }
  std::string lacks(const char* field) {
    const Json condition = world.condition("GroupComplete", my_group);
    return condition.is_null() ? "" : condition[field].get<std::string>();
  }
  FormedWithout noted() {
    const Json metadata = world.get(kinds::mysql, my_group)["metadata"];
    return read_formed_without(
        metadata.value("annotations", Json::object()).value(formed_without_annotation, ""), {});
  }

  // All are lost, and my-group-1 does not come back; a person has it formed without that.
  void approve_without_one() {
    for (int i = 0; i < 3; ++i) servers.restart("my-group-" + std::to_string(i));
    servers.at("my-group-1").up = false;
    world.settle(my_group);
    world.approve(approve_bootstrap_annotation, my_group);
  }

  testing::World world;
  testing::FakeGroup servers;
};

TEST_F(Notes, TellOfAVolumeThatNoMemberHas) {
  Json claim = world.get(kinds::persistent_volume_claim, "data-my-group-2");
  const Json other = {{"apiVersion", "v1"},
                      {"kind", "PersistentVolumeClaim"},
                      {"metadata",
                       {{"name", "data-my-group-3"},
                        {"namespace", "demo"},
                        {"labels", claim["metadata"]["labels"]}}},
                      {"spec", claim["spec"]}};
  ASSERT_TRUE(world.run(world.client.create(kinds::persistent_volume_claim, other)).ok());
  approve_without_one();
  world.settle(my_group);
  EXPECT_THAT(noted(), ElementsAre(Key("my-group-1"), Key("my-group-3")));
}

TEST_F(Notes, OfAGroupThatNobodyFormsShutNobodyOut) {
  servers.at("my-group-1").executed = servers.at("my-group-1").executed.plus(tx("2"));
  approve_without_one();
  const auto tell = world.context.group.tell;
  world.context.group.tell = [](const ProbeTarget&, const std::vector<std::string>&,
                                Duration) -> asio::awaitable<std::optional<std::string>> {
    co_return "the server is gone";
  };
  world.check(my_group);
  EXPECT_THAT(noted(), ElementsAre(Key("my-group-1")));
  world.context.group.tell = tell;
  servers.at("my-group-1").up = true;
  world.settle(my_group);
  EXPECT_EQ(world.phase(my_group), "Ready");
  EXPECT_TRUE(servers.at("my-group-0").executed.contains(tx("2"))) << "my-group-1 formed it";
  EXPECT_THAT(noted(), IsEmpty());
}

// As if it were the primary of another one.
asio::awaitable<MemberReport> of_its_own_group(asio::awaitable<MemberReport> look,
                                               std::string pod) {
  MemberReport report = co_await std::move(look);
  report.seen->view = "18:1";
  report.seen->peers = std::vector<Peer>{Peer{pod, MemberState::online, true}};
  co_return report;
}

TEST_F(Notes, TellOfTwoGroupsAfterOneHasEnded) {
  const auto look = world.context.group.look;
  world.context.group.look = [look](const ProbeTarget& target) {
    const bool other = target.pod == "my-group-2";
    return other ? of_its_own_group(look(target), target.pod) : look(target);
  };
  world.settle(my_group);
  EXPECT_EQ(lacks("reason"), "SplitGroup");
  world.context.group.look = look;
  servers.restart("my-group-2");
  servers.told.clear();
  world.settle(my_group);
  EXPECT_EQ(lacks("reason"), "ErrantTransactions");
  EXPECT_THAT(servers.told, IsEmpty());
  EXPECT_THAT(noted(), ElementsAre(Key("my-group-2")));
}

}  // namespace
}  // namespace ratchet::k8s::provisioner
