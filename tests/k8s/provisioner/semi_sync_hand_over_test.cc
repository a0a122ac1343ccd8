// How the primary of a semi-synchronous cluster is moved to a replica that was named for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/provisioner/semi_sync_plan.h"
#include "tests/k8s/provisioner/semi_sync_story.h"

namespace ratchet::k8s::provisioner {
namespace {

class HandOvers : public ::testing::TestWithParam<SemiCase> {};

TEST_P(HandOvers, AreDecided) { expect(GetParam()); }

std::string name_of(const ::testing::TestParamInfo<SemiCase>& info) { return info.param.name; }

// db-0 is to hand over to db-1.
SemiStory handing(SemiStory story = SemiStory()) {
  story.now.term.successor = "db-1";
  return story;
}
SemiStory closed(SemiStory story = SemiStory()) {
  story.at(0).read_only = true;
  story.now.first = story.at(0);
  return handing(std::move(story));
}
SemiStory wide(int members, unsigned acknowledgements) {
  return SemiStory(members, acknowledgements);
}

std::vector<SemiCase> closing() {
  return {
      {"TheHolderIsClosedForAReplicaThatHasAll",
       [] { return handing(); },
       {"close db-0"},
       "HandingOver",
       "Pss"},
      {"NotBeforeItHasExecutedAll",
       [] {
         SemiStory story = handing(SemiStory().executed(1, "1-8"));
         story.at(1).received = tx("9");
         return story;
       },
       {},
       "HandingOver",
       "Pss"},
      {"NotWhileItWaitsForNobody",
       [] {
         SemiStory story = handing();
         story.at(0).source_on = false;
         return story;
       },
       {},
       "HandingOver",
       "Pss"},
      {"ASettingComesFirst",
       [] {
         SemiStory story = handing();
         story.at(0).timeout_ms = 10'000;
         return story;
       },
       {"settle db-0"},
       "HandingOver",
       "Pss"},
  };
}

std::vector<SemiCase> moving() {
  return {
      {"ReceiversAreStopped",
       [] { return closed(); },
       {"stop db-1", "stop db-2"},
       "HandingOver",
       "Pss"},
      {"NotBeforeTheHolderWasSeenClosedTwice",
       [] {
         SemiStory story = closed();
         story.now.first->read_only = false;
         return story;
       },
       {},
       "HandingOver",
       "Pss"},
      {"NotBeforeAllIsExecuted",
       [] {
         SemiStory story = closed(SemiStory().executed(1, "1-8"));
         story.at(1).received = tx("9");
         return story;
       },
       {},
       "HandingOver",
       "Pss"},
      {"AllThatAreNeeded",
       [] { return closed(SemiStory().stopped(1)); },
       {"stop db-2"},
       "HandingOver",
       "Pss"},
      {"ThenItTakesTheTerm",
       [] { return closed(SemiStory().stopped(1).stopped(2)); },
       {"term 5 db-1 w1 db-1 db-2"},
       "HandingOver",
       "Pss"},
      {"OneThatIsNotNeededMayBeAway",
       [] { return closed(wide(5, 2).stopped(1).stopped(2).stopped(3).lost(4)); },
       {"term 5 db-1 w2 db-1 db-2 db-3 db-4"},
       "HandingOver",
       "Psss-"},
      {"ARestartedHolderIsNotOpenedMeanwhile",
       [] { return handing(SemiStory().restarted(0)); },
       {"stop db-1", "stop db-2"},
       "HandingOver",
       "Pss"},
      {"NotOpenedWhileOneAcknowledgesWithoutAVote",
       [] {
         SemiStory story = SemiStory().taken_by(1).attached(0).attached(2);
         story.now.term.opened = true;
         story.now.term.voters = {{"db-0", id_of(0)}};
         return story;
       },
       {"resume db-0 acknowledging", "resume db-2", "term 5 db-1 open w1 db-0 db-2"},
       "WaitingForReplicas",
       "sPs"},
      {"ALostHolderIsReplacedLikeAnyOther",
       [] { return handing(SemiStory().lost(0).stopped(1).stopped(2).executed(2, "1-10")); },
       {"term 5 db-2 w1 db-1 db-2"},
       "Promoting",
       "Pss"},
  };
}

// The holder stays; what was begun is undone by what a holder without a successor gets.
std::vector<SemiCase> ending() {
  const std::vector<std::string> same = {"term 4 db-0 open w1 db-1 db-2"};
  return {
      {"TheSuccessorIsAway", [] { return closed().lost(1); }, same, "HandOverEnded", "P-s"},
      {"TheSuccessorIsBusy",
       [] {
         SemiStory story = handing();
         story.at(1).busy = true;
         return story;
       },
       same, "HandOverEnded", "Pss"},
      {"TheSuccessorHasOtherData", [] { return handing(SemiStory().emptied(1)); }, same,
       "HandOverEnded", "P-s"},
      {"TheSuccessorHasCeasedToReceive",
       [] { return closed(SemiStory().executed(1, "1-8").stopped(1)); }, same, "HandOverEnded",
       "Pss"},
      {"TheSuccessorDoesNotApply",
       [] {
         SemiStory story = closed();
         story.at(1).applying = false;
         return story;
       },
       same, "HandOverEnded", "Pss"},
      {"NobodyHasThatName",
       [] {
         SemiStory story = handing();
         story.now.term.successor = "db-7";
         return story;
       },
       same, "HandOverEnded", "Pss"},
      {"TheHolderItself",
       [] {
         SemiStory story = handing();
         story.now.term.successor = "db-0";
         return story;
       },
       same, "HandOverEnded", "Pss"},
      {"TooFewCouldStandStill", [] { return handing(SemiStory().lost(2)); }, same, "HandOverEnded",
       "Ps-"},
      {"AnotherHasMore",
       [] { return closed(SemiStory().stopped(1).stopped(2).executed(2, "1-10")); }, same,
       "HandOverEnded", "Pss"},
      {"ThenItIsOpenedAgainAndTheyReceiveAgain",
       [] {
         SemiStory story = closed(SemiStory().stopped(1).stopped(2));
         story.now.term.successor.clear();
         return story;
       },
       {"open db-0", "resume db-1 acknowledging", "resume db-2 acknowledging"},
       "",
       "Pss"},
  };
}

INSTANTIATE_TEST_SUITE_P(Closing, HandOvers, ::testing::ValuesIn(closing()), name_of);
INSTANTIATE_TEST_SUITE_P(Moving, HandOvers, ::testing::ValuesIn(moving()), name_of);
INSTANTIATE_TEST_SUITE_P(Ending, HandOvers, ::testing::ValuesIn(ending()), name_of);

// What the words above do not show.
TEST(HandOver, EndsInTheTermItself) {
  SemiStory story = handing();
  ASSERT_FALSE(plan_semi_sync(story.now).term);
  story.lost(1);
  ASSERT_TRUE(plan_semi_sync(story.now).term);
  EXPECT_EQ(plan_semi_sync(story.now).term->successor, "");
  EXPECT_EQ(plan_semi_sync(closed(SemiStory().stopped(1).stopped(2)).now).term->successor, "");
}

}  // namespace
}  // namespace ratchet::k8s::provisioner
