// Who is promoted when the primary of a semi-synchronous cluster is out of reach, and who is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/api/primary_term.h"
#include "k8s/provisioner/semi_sync_plan.h"
#include "tests/k8s/provisioner/semi_sync_story.h"

namespace ratchet::k8s::provisioner {
namespace {

using ::testing::HasSubstr;

class Promotions : public ::testing::TestWithParam<SemiCase> {};

TEST_P(Promotions, AreDecided) { expect(GetParam()); }

std::string name_of(const ::testing::TestParamInfo<SemiCase>& info) { return info.param.name; }

std::vector<SemiCase> ways() {
  return {
      {"NotAtOnce", [] { return SemiStory().lost(0, false); }, {}, "PrimaryUnreachable", "Pss"},
      {"NotWhileAReplicaHearsIt",
       [] {
         SemiStory story = SemiStory().lost(0);
         story.at(2).hears = true;
         return story;
       },
       {},
       "PrimaryUnreachable",
       "Pss"},
      {"ReceiversAreStoppedFirst",
       [] { return SemiStory().lost(0); },
       {"stop db-1", "stop db-2"},
       "Promoting",
       "Pss"},
      {"AllThatAreNeeded",
       [] { return SemiStory().lost(0).stopped(1); },
       {"stop db-2"},
       "Promoting",
       "Pss"},
      {"ThenOneTakesTheTerm",
       [] { return SemiStory().lost(0).stopped(1).stopped(2); },
       {"term 5 db-1 w1 db-1 db-2"},
       "Promoting",
       "Pss"},
      {"TheOneThatHasAll",
       [] { return SemiStory().lost(0).stopped(1).stopped(2).executed(2, "1-10"); },
       {"term 5 db-2 w1 db-1 db-2"},
       "Promoting",
       "Pss"},
      {"WhatItHasReceivedCountsAndIsAppliedFirst",
       [] {
         SemiStory story = SemiStory().lost(0).stopped(1).stopped(2);
         story.at(2).received = tx("10");
         return story;
       },
       {},
       "MembersJoining",
       "Pss"},
      {"ItsApplierIsStarted",
       [] {
         SemiStory story = SemiStory().lost(0).restarted(1).restarted(2);
         story.at(2).received = tx("10");
         return story;
       },
       {"apply db-2"},
       "MembersJoining",
       "Pss"},
      {"NobodyHasAll",
       [] {
         return SemiStory().lost(0).stopped(1).stopped(2).executed(1, "1-9:11").executed(2, "1-10");
       },
       {},
       "DivergedMembers",
       "Pss"},
      {"AHolderWithoutItsDataIsReplacedAtOnce",
       [] { return SemiStory().emptied(0); },
       {"stop db-1", "stop db-2"},
       "Promoting",
       "-ss"},
  };
}

// R voters and W acknowledgements: R-W+1 must stand still.
std::vector<SemiCase> quorums() {
  return {
      {"OneOfTwoIsTooFew",
       [] { return SemiStory().lost(0).lost(2).stopped(1); },
       {},
       "WaitingForVoters",
       "Ps-"},
      {"AnEmptiedVoterIsNone",
       [] { return SemiStory().lost(0).stopped(1).emptied(2); },
       {},
       "WaitingForVoters",
       "Ps-"},
      {"AVoidVoteIsNone",
       [] {
         SemiStory story = SemiStory().lost(0).stopped(1).stopped(2);
         story.now.term.voters["db-2"] = "";
         return story;
       },
       {},
       "WaitingForVoters",
       "Pss"},
      {"WhoIsBeingCopiedToIsNone",
       [] {
         SemiStory story = SemiStory().lost(0).stopped(1).stopped(2);
         story.at(2).busy = true;
         return story;
       },
       {},
       "WaitingForVoters",
       "Pss"},
      {"TheOnlyVoterIsEnough",
       [] {
         SemiStory story = SemiStory().lost(0).lost(2).stopped(1);
         story.now.term.voters.erase("db-2");
         return story;
       },
       {"term 5 db-1 w1 db-1"},
       "Promoting",
       "Ps-"},
      {"ThreeOfFourOnTwoAcknowledgements",
       [] { return SemiStory(5, 2).lost(0).lost(4).stopped(1).stopped(2).stopped(3); },
       {"term 5 db-1 w2 db-1 db-2 db-3 db-4"},
       "Promoting",
       "Psss-"},
      {"TwoOfFourAreNot",
       [] { return SemiStory(5, 2).lost(0).lost(3).lost(4).stopped(1).stopped(2); },
       {},
       "WaitingForVoters",
       "Pss--"},
      {"TheUserWishesMoreNowAndThatChangesNothing",
       [] {
         SemiStory story = SemiStory().lost(0).lost(2).stopped(1);
         story.now.wish.acknowledgements = 2;
         return story;
       },
       {},
       "WaitingForVoters",
       "Ps-"},
      {"OneLostBeforeItWasOpenedCountsAsAVoter",
       [] { return SemiStory().lost(0).taken_by(1).lost(1).stopped(2); },
       {},
       "WaitingForVoters",
       "---"},
  };
}

INSTANTIATE_TEST_SUITE_P(Ways, Promotions, ::testing::ValuesIn(ways()), name_of);
INSTANTIATE_TEST_SUITE_P(Quorums, Promotions, ::testing::ValuesIn(quorums()), name_of);

TEST(Quorum, TheMessageSaysWhatIsMissingAndHowToGoOnWithoutIt) {
  SemiStory story = SemiStory().lost(0).lost(2).stopped(1);
  const std::string message = plan_semi_sync(story.now).message;
  EXPECT_THAT(message, HasSubstr("of 2 replicas that acknowledge, each transaction on 1, 2 must be "
                                 "read and are not. Missing: db-2 (refused)"));
  const std::string asked = std::string(approve_promotion_annotation) + "=";
  ASSERT_THAT(message, HasSubstr(asked));
  story.now.approved_promotion = message.substr(message.find(asked) + asked.size());
  EXPECT_EQ(decisions(plan_semi_sync(story.now)), std::vector<std::string>{"term 5 db-1 w1 db-1"});
  story.executed(1, "1-10");
  EXPECT_EQ(decisions(plan_semi_sync(story.now)), std::vector<std::string>{})
      << "something else than was shown";
}

TEST(Term, IsReadAsItWasWritten) {
  const PrimaryTerm term{.number = 7,
                         .holder = "db-1",
                         .server = "s1",
                         .acknowledgements = 2,
                         .opened = true,
                         .voters = {{"db-0", "s0"}, {"db-2", ""}}};
  EXPECT_EQ(parse_term(term_text(term)), term);
  EXPECT_EQ(term_text(term).find("successor"), std::string::npos);
  PrimaryTerm handing = term;
  handing.successor = "db-0";
  EXPECT_EQ(parse_term(term_text(handing)), handing);
  EXPECT_EQ(parse_term(""), PrimaryTerm{});
  EXPECT_FALSE(term.has_voter("db-2", ""));
  for (const char* bad : {"x", "{}", "3", R"({"number": 1})",
                          R"({"acknowledgements":0,"holder":"a","number":1,"opened":true,
                              "server":"b","voters":{}})"}) {
    EXPECT_EQ(parse_term(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace ratchet::k8s::provisioner
