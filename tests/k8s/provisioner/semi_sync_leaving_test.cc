// How members that are about to go give up their votes.
#include <initializer_list>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/provisioner/semi_sync_plan.h"
#include "tests/k8s/provisioner/semi_sync_story.h"

namespace ratchet::k8s::provisioner {
namespace {

class Leavings : public ::testing::TestWithParam<SemiCase> {};

TEST_P(Leavings, AreDecided) { expect(GetParam()); }

std::string name_of(const ::testing::TestParamInfo<SemiCase>& info) { return info.param.name; }

SemiStory leaving(std::initializer_list<std::size_t> who, SemiStory story = SemiStory(5)) {
  for (const std::size_t i : who) story.now.members.at(i).leaving = true;
  return story;
}
// It was told to acknowledge nothing any more, and does not.
SemiStory silent(int i, SemiStory story) {
  story.at(i).acknowledges = story.at(i).acknowledging = false;
  return story;
}
// db-1 has no vote, and is about to go.
SemiStory without_vote(SemiStory story) {
  story = silent(1, leaving({1}, std::move(story)));
  story.now.term.voters.erase("db-1");
  return story;
}
SemiStory two_acknowledge(int members) { return SemiStory(members, 2); }

std::vector<SemiCase> going() {
  return {
      {"TheyAreToldToAcknowledgeNothing",
       [] { return leaving({1, 2}); },
       {"resume db-1", "resume db-2"},
       "MembersLeaving",
       "Pssss"},
      {"NotWhileTheOthersAreTooFewForACommit",
       [] { return leaving({1}, two_acknowledge(3)); },
       {},
       "MembersLeaving",
       "Pss"},
      {"NorWhileTheOthersOnlyTryToConnect",
       [] {
         SemiStory story = leaving({1});
         for (const int i : {2, 3, 4}) story.at(i).hears = false;
         return story;
       },
       {},
       "MembersLeaving",
       "Pssss"},
      {"NoVoteIsTakenOfOneThatStillAcknowledges",
       [] {
         SemiStory story = leaving({1});
         story.at(1).acknowledges = false;
         return story;
       },
       {"resume db-1"},
       "MembersLeaving",
       "Pssss"},
      {"NoVoteIsTakenBeforeAnotherHasAllThatItHas",
       [] { return silent(1, leaving({1}).executed(0, "1-10").received(1, "10")); },
       {},
       "MembersLeaving",
       "Pssss"},
      {"ThenItIsNoVoterAnyMore",
       [] { return silent(1, leaving({1})); },
       {"term 4 db-0 open w1 db-2 db-3 db-4"},
       "MembersLeaving",
       "Pssss"},
      {"AsManyOthersAsACommitWaitsForMustHaveIt",
       [] {
         return silent(1, leaving({1}, two_acknowledge(5))
                              .executed(0, "1-10")
                              .executed(1, "1-10")
                              .executed(2, "1-10"));
       },
       {},
       "MembersLeaving",
       "Pssss"},
      {"WhatOneThatGoesTooHasCountsForNothing",
       [] {
         return silent(1,
                       leaving({1, 2}).executed(0, "1-10").executed(1, "1-10").executed(2, "1-10"));
       },
       {"resume db-2"},
       "MembersLeaving",
       "Pssss"},
  };
}

std::vector<SemiCase> gone() {
  return {
      {"NoVoteIsTakenOfOneThatIsJustTold",
       [] {
         SemiStory story = silent(1, leaving({1}));
         story.at(1).busy = true;
         return story;
       },
       {},
       "MembersJoining",
       "Pssss"},
      {"WhoGoesBecomesNoVoterAgain", [] { return without_vote(SemiStory(5)); }, {}, "", "Pssss"},
      {"UnlessTheOthersAreOutOfReach",
       [] { return without_vote(SemiStory(3)).lost(2); },
       {"term 4 db-0 open w1 db-1 db-2"},
       "MembersMissing",
       "Ps-"},
      {"ATermBeginsWithoutThem",
       [] {
         return leaving({1, 2},
                        SemiStory(5).taken_by(3).attached(0).attached(1).attached(2).attached(4));
       },
       {"term 5 db-3 open w1 db-0 db-4"},
       "",
       "sss-s"},
  };
}

INSTANTIATE_TEST_SUITE_P(Going, Leavings, ::testing::ValuesIn(going()), name_of);
INSTANTIATE_TEST_SUITE_P(Gone, Leavings, ::testing::ValuesIn(gone()), name_of);

}  // namespace
}  // namespace ratchet::k8s::provisioner
