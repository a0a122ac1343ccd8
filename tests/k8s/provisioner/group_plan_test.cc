// What the planner decides in which situation.
#include "k8s/provisioner/group_plan.h"

#include <functional>

#include <gtest/gtest.h>

#include "tests/k8s/provisioner/group_story.h"

namespace ratchet::k8s::provisioner {
namespace {

struct Case {
  const char* name;
  std::function<Story()> story;
  std::vector<std::string> actions;
  const char* reason;
  const char* roles;
};

class Situations : public ::testing::TestWithParam<Case> {};

TEST_P(Situations, AreDecided) {
  const Story story = GetParam().story();
  const Plan plan = plan_group(story.now);
  EXPECT_EQ(actions(story), GetParam().actions);
  EXPECT_EQ(plan.reason, GetParam().reason) << plan.message;
  EXPECT_EQ(roles(plan), GetParam().roles);
  EXPECT_EQ(plan.reason.empty(), plan.message.empty());
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }

std::vector<Case> first_steps() {
  return {
      {"AllIsWell", [] { return Story().group({1, 0, 2}); }, {}, "", "sPs"},
      {"FirstStart",
       [] { return Story().fresh(0).fresh(1).fresh(2); },
       {"configure db-0 fresh", "configure db-1 fresh", "configure db-2 fresh"},
       "",
       "---"},
      {"FirstStartOfSome",
       [] { return Story().fresh(0).lost(1).lost(2); },
       {"configure db-0 fresh"},
       "",
       "---"},
      {"FirstFormation",
       [] {
         Story story;
         for (int i = 0; i < 3; ++i) story.at(i).executed = GtidSet();
         return story;
       },
       {"bootstrap db-0"},
       "",
       "---"},
      {"NewMembersJoin",
       [] {
         Story story = Story().group({0});
         story.at(1).executed = story.at(2).executed = GtidSet();
         return story;
       },
       {"join db-1", "join db-2"},
       "",
       "P--"},
      {"AFreshMemberIsMadeReadyFirst",
       [] { return Story().group({0, 1}).fresh(2); },
       {"configure db-2 fresh"},
       "",
       "Ps-"},
      {"ADatabaseWithTablesIsNeverFresh",
       [] {
         Story story = Story().group({0, 1}).fresh(2);
         story.at(2).has_tables = true;
         return story;
       },
       {"configure db-2"},
       "",
       "Ps-"},
      {"ForeignTransactionsAreNeverFresh",
       [] {
         Story story = Story().group({0, 1}).fresh(2);
         story.at(2).executed = story.at(2).executed.plus(tx("1"));
         return story;
       },
       {"configure db-2"},
       "",
       "Ps-"},
      {"ANewPasswordReachesAMemberThatIsOut",
       [] {
         Story story = Story().group({0, 1});
         story.at(2).account = "old";
         return story;
       },
       {"configure db-2"},
       "",
       "Ps-"},
  };
}

std::vector<Case> whoever_lacks_something() {
  return {
      {"BehindButInTheLogs",
       [] { return Story().group({0, 1}).executed(2, "1-3"); },
       {"join db-2"},
       "",
       "Ps-"},
      {"BehindBeyondTheLogs",
       [] {
         Story story = Story().group({0, 1}).executed(2, "1-3");
         story.at(0).purged = story.at(1).purged = tx("1-5");
         return story;
       },
       {"clone db-2 from db-1"},
       "",
       "Ps-"},
      {"OneDonorHasTheLogs",
       [] {
         Story story = Story().group({0, 1}).executed(2, "1-3");
         story.at(1).purged = tx("1-5");
         return story;
       },
       {"join db-2"},
       "",
       "Ps-"},
      {"Busy",
       [] {
         Story story = Story().group({0, 1});
         story.at(2).busy = true;
         return story;
       },
       {},
       "MembersJoining",
       "Ps-"},
      {"CatchingUp",
       [] {
         Story story = Story().group({0, 1, 2});
         for (int i = 0; i < 3; ++i) story.at(i).peers[2].state = MemberState::recovering;
         story.at(2).state = MemberState::recovering;
         return story;
       },
       {},
       "MembersJoining",
       "Ps-"},
      {"RestartedBeforeTheGroupNoticed",
       [] {
         Story story = Story().group({0, 1, 2});
         story.at(2).state = MemberState::offline;
         story.at(2).peers.clear();
         return story;
       },
       {},
       "MembersJoining",
       "Pss"},
  };
}

std::vector<Case> whoever_is_away() {
  return {
      {"Expelled",
       [] {
         Story story = Story().group({0, 1});
         story.at(2).state = MemberState::error;
         return story;
       },
       {"rejoin db-2"},
       "",
       "Ps-"},
      {"CutOffAndGivenUp",
       [] {
         Story story = Story().group({0, 1}, "17:4");
         story.group({2}, "17:3", {0, 1});
         return story;
       },
       {},
       "MembersJoining",
       "Ps-"},
      {"LeftBehindByAGroupThatWasFormedAnew",
       [] {
         Story story = Story().group({0, 1}, "18:2");
         story.group({2}, "17:3", {0, 1});
         return story;
       },
       {"leave db-2"},
       "",
       "Ps-"},
      {"APodIsGone", [] { return Story().group({0, 1}).lost(2); }, {}, "MembersMissing", "Ps-"},
      {"ThePrimaryIsOutOfSight",
       [] { return Story().lost(0).group({0, 1, 2}); },
       {},
       "MembersMissing",
       "Pss"},
      {"AfterTheElection",
       [] { return Story().lost(0).group({1, 2}, "17:4"); },
       {},
       "MembersMissing",
       "-Ps"},
      {"TheNewestViewCounts",
       [] {
         Story story = Story().group({0, 1, 2}, "17:3");
         story.group({1, 2}, "17:4");
         return story;
       },
       {},
       "MembersJoining",
       "-Ps"},
      {"ErrantTransactions",
       [] { return Story().group({0, 1}).executed(2, "1-10"); },
       {},
       "ErrantTransactions",
       "Ps-"},
      {"ReceivedButNotExecutedIsNotErrant",
       [] {
         Story story = Story().group({0, 1}).executed(2, "1-10");
         story.at(1).received = tx("5-10");
         return story;
       },
       {"join db-2"},
       "",
       "Ps-"},
  };
}

std::vector<Case> no_group() {
  return {
      {"FullOutage",
       [] { return Story().executed(1, "1-12").executed(2, "1-11"); },
       {"bootstrap db-1"},
       "",
       "---"},
      {"FullOutageWithReceived",
       [] {
         Story story = Story().executed(1, "1-12");
         story.at(2).received = tx("5-13");
         story.at(2).executed = tx("1-12");
         return story;
       },
       {"bootstrap db-2"},
       "",
       "---"},
      {"FullOutageAndOneIsMissing",
       [] { return Story().executed(1, "1-12").lost(2); },
       {},
       "WaitingForMembers",
       "---"},
      {"FullOutageAndAllAreMissing",
       [] { return Story().lost(0).lost(1).lost(2); },
       {},
       "WaitingForMembers",
       "---"},
  };
}

std::vector<Case> no_group_and_more_to_it() {
  return {
      {"DivergedMembers",
       [] { return Story().executed(0, "1-9:12").executed(1, "1-9:13"); },
       {},
       "DivergedMembers",
       "---"},
      {"TheMajorityDied",
       [] { return Story().group({0}, "17:3", {1, 2}); },
       {"leave db-0"},
       "",
       "---"},
      {"TheMajorityIsOutOfSight",
       [] { return Story().lost(1).lost(2).group({0}, "17:3", {1, 2}); },
       {},
       "WaitingForMembers",
       "---"},
      {"AllWereExpelled",
       [] {
         Story story;
         for (int i = 0; i < 3; ++i) story.at(i).state = MemberState::error;
         return story;
       },
       {"leave db-0", "leave db-1", "leave db-2"},
       "",
       "---"},
      {"SomebodyIsAtIt",
       [] {
         Story story;
         story.at(1).busy = true;
         return story;
       },
       {},
       "GroupForming",
       "---"},
      {"AloneAndOnItsWay",
       [] {
         Story story = Story().group({0}, "17:1");
         story.at(0).state = story.at(0).peers[0].state = MemberState::recovering;
         return story;
       },
       {},
       "GroupForming",
       "---"},
      {"TwoGroups",
       [] {
         Story story = Story().group({0, 1}, "17:5");
         story.group({2}, "18:1");
         return story;
       },
       {},
       "SplitGroup",
       "---"},
  };
}

INSTANTIATE_TEST_SUITE_P(FirstSteps, Situations, ::testing::ValuesIn(first_steps()), name_of);
INSTANTIATE_TEST_SUITE_P(WhoeverLacksSomething, Situations,
                         ::testing::ValuesIn(whoever_lacks_something()), name_of);
INSTANTIATE_TEST_SUITE_P(WhoeverIsAway, Situations, ::testing::ValuesIn(whoever_is_away()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(NoGroup, Situations, ::testing::ValuesIn(no_group()), name_of);
INSTANTIATE_TEST_SUITE_P(NoGroupAndMoreToIt, Situations,
                         ::testing::ValuesIn(no_group_and_more_to_it()), name_of);

}  // namespace
}  // namespace ratchet::k8s::provisioner
