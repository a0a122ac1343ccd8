// What the planner decides for a semi-synchronous cluster whose primary is there.
#include "k8s/provisioner/semi_sync_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/provisioner/semi_sync_story.h"

namespace ratchet::k8s::provisioner {
namespace {

using ::testing::HasSubstr;

class SemiSituations : public ::testing::TestWithParam<SemiCase> {};

TEST_P(SemiSituations, AreDecided) { expect(GetParam()); }

std::string name_of(const ::testing::TestParamInfo<SemiCase>& info) { return info.param.name; }

std::vector<SemiCase> first_steps() {
  return {
      {"AllIsWell", [] { return SemiStory(); }, {}, "", "Pss"},
      {"FirstStart",
       [] { return SemiStory().before_all().emptied(0).emptied(1).emptied(2); },
       {"configure db-0 fresh", "configure db-1 fresh", "configure db-2 fresh"},
       "ClusterForming",
       "---"},
      {"FirstStartOfSome",
       [] { return SemiStory().before_all().emptied(0).lost(1).lost(2); },
       {"configure db-0 fresh"},
       "WaitingForMembers",
       "---"},
      {"FirstTerm",
       [] {
         SemiStory story = SemiStory().before_all();
         for (int i = 0; i < 3; ++i) story.at(i).executed = GtidSet();
         return story;
       },
       {"term 1 db-0 w1"},
       "Promoting",
       "---"},
      {"WhoKnowsMostTakesTheFirstTerm",
       [] { return SemiStory().before_all().executed(1, "1-12"); },
       {"term 1 db-1 w1"},
       "Promoting",
       "---"},
      {"NobodyKnowsAll",
       [] { return SemiStory().before_all().executed(0, "1-9:12").executed(1, "1-10"); },
       {},
       "DivergedMembers",
       "---"},
      {"WithoutATermAnOpenMemberIsClosedFirst",
       [] {
         SemiStory story = SemiStory().before_all();
         story.at(1).read_only = false;
         story.at(2).receiving = true;
         return story;
       },
       {"close db-1", "stop db-2"},
       "ClusterForming",
       "---"},
      {"OthersAreAttachedBeforeItIsOpened",
       [] {
         SemiStory story = SemiStory().before_all();
         story.now.term = {.number = 1, .holder = "db-0", .server = id_of(0), .voters = {}};
         story.now.first = story.at(0);
         return story;
       },
       {"settle db-0", "attach db-1 to db-0", "attach db-2 to db-0"},
       "WaitingForReplicas",
       "---"},
  };
}

std::vector<SemiCase> openings() {
  return {
      {"EnoughHaveAllAndItMayBeOpened",
       [] { return SemiStory().taken_by(1).attached(2).lost(0); },
       {"term 5 db-1 open w1 db-2"},
       "MembersMissing",
       "--s"},
      {"OneThatLacksSomethingIsNotEnough",
       [] { return SemiStory().executed(1, "1-10").taken_by(1).attached(2).lost(0); },
       {},
       "MembersMissing",
       "--s"},
      {"TwoAcknowledgementsNeedTwo",
       [] { return SemiStory(3, 2).taken_by(1).attached(2).lost(0); },
       {},
       "MembersMissing",
       "--s"},
      {"RecordedOpenItIsOpened",
       [] {
         SemiStory story = SemiStory().taken_by(1).attached(2).lost(0);
         story.now.term.opened = true;
         story.now.term.voters = {{"db-2", id_of(2)}};
         return story;
       },
       {"open db-1"},
       "MembersMissing",
       "-Ps"},
      {"ARestartedHolderIsOpenedAgain",
       [] { return SemiStory().restarted(0).executed(0, "1-12"); },
       {"open db-0"},
       "",
       "Pss"},
      {"NotOneThatLacksWhatItsReplicasHave",
       [] { return SemiStory().restarted(0).executed(0, "1-8"); },
       {},
       "DivergedMembers",
       "Pss"},
  };
}

std::vector<SemiCase> settings() {
  return {
      {"AnOpenHolderWithWrongSettingsIsSettled",
       [] {
         SemiStory story;
         story.at(0).after_sync = false;
         return story;
       },
       {"settle db-0"},
       "",
       "Pss"},
      {"AShortTimeOutIsSettled",
       [] {
         SemiStory story;
         story.at(0).timeout_ms = 10'000;
         return story;
       },
       {"settle db-0"},
       "",
       "Pss"},
      {"ThatItGaveUpWaitingIsSaid",
       [] {
         SemiStory story;
         story.at(0).source_on = false;
         return story;
       },
       {},
       "SemiSyncOff",
       "Pss"},
      {"ANewPasswordDoesNotCloseThePrimary",
       [] {
         SemiStory story;
         story.at(0).account = "old";
         return story;
       },
       {"configure db-0 open"},
       "",
       "Pss"},
  };
}

std::vector<SemiCase> replicas() {
  return {
      {"ARestartedReplicaIsStartedAgain",
       [] { return SemiStory().restarted(2).executed(2, "1-7"); },
       {"resume db-2 acknowledging"},
       "",
       "Pss"},
      {"APodThatCameBackWithCertificatesMakesItsChannelAnew",
       [] { return SemiStory().restarted(2).executed(2, "1-7").certified(2); },
       {"attach db-2 to db-0 acknowledging"},
       "",
       "Pss"},
      {"NotBeforeItHasAppliedWhatItHasReceived",
       [] { return SemiStory().restarted(2).executed(2, "1-7").received(2, "1-9").certified(2); },
       {"apply db-2"},
       "MembersJoining",
       "Pss"},
      {"NorWhileItReceives", [] { return SemiStory().certified(2); }, {}, "", "Pss"},
      {"AnEmptiedReplicaIsMadeReady",
       [] { return SemiStory().emptied(2); },
       {"configure db-2 fresh"},
       "",
       "Ps-"},
      {"ThenAttachedWithoutAVote",
       [] {
         SemiStory story = SemiStory().restarted(2);
         story.at(2).id = "e" + id_of(2).substr(1);
         story.at(2).executed = GtidSet();
         story.at(2).source.clear();
         return story;
       },
       {"attach db-2 to db-0"},
       "",
       "Ps-"},
      {"OrCopiedToIfTheLogsAreGone",
       [] {
         SemiStory story = SemiStory().restarted(2);
         story.at(2).id = "e" + id_of(2).substr(1);
         story.at(2).executed = GtidSet();
         story.at(2).source.clear();
         story.at(0).purged = tx("1-3");
         return story;
       },
       {"clone db-2 to db-1"},
       "MembersJoining",
       "Ps-"},
  };
}

std::vector<SemiCase> votes() {
  return {
      {"OnceItHasAllItGetsTheVote",
       [] {
         SemiStory story;
         story.at(2).id = "e" + id_of(2).substr(1);
         story.at(2).acknowledges = story.at(2).acknowledging = false;
         return story;
       },
       {"term 4 db-0 open w1 db-1 db-2"},
       "",
       "Pss"},
      {"NotBefore",
       [] {
         SemiStory story = SemiStory().executed(2, "1-8");
         story.at(2).id = "e" + id_of(2).substr(1);
         story.at(2).acknowledges = story.at(2).acknowledging = false;
         return story;
       },
       {},
       "",
       "Pss"},
      {"AVoterAcknowledges",
       [] {
         SemiStory story;
         story.at(2).acknowledges = story.at(2).acknowledging = false;
         return story;
       },
       {"resume db-2 acknowledging"},
       "",
       "Pss"},
      {"WhoHasNoVoteDoesNot",
       [] {
         SemiStory story = SemiStory().executed(2, "1-8");
         story.now.term.voters["db-2"] = "";
         return story;
       },
       {"resume db-2"},
       "",
       "Pss"},
      {"AVoterLosesItsVoteBeforeItsData",
       [] {
         SemiStory story = SemiStory().stopped(2).executed(2, "1-2");
         story.at(0).purged = tx("1-3");
         return story;
       },
       {"term 4 db-0 open w1 db-1 db-2=void"},
       "MembersJoining",
       "Pss"},
  };
}

std::vector<SemiCase> whoever_is_away() {
  return {
      {"Away", [] { return SemiStory().lost(2); }, {}, "MembersMissing", "Ps-"},
      {"Busy",
       [] {
         SemiStory story;
         story.at(2).busy = true;
         return story;
       },
       {},
       "MembersJoining",
       "Pss"},
      {"TroubleIsSaid",
       [] {
         SemiStory story = SemiStory().stopped(2);
         story.at(2).receiving = true;
         story.at(2).trouble = "no route to host";
         return story;
       },
       {},
       "ReplicationTrouble",
       "Pss"},
  };
}

// db-0 was the primary of the term before and comes back; db-1 holds the term, db-2 follows.
SemiStory returned() {
  SemiStory story = SemiStory().taken_by(1).attached(2);
  story.now.term.opened = true;
  story.now.term.voters = {{"db-2", id_of(2)}};
  story.at(1).read_only = false;
  story.now.first = story.at(1);
  story.attached(2);
  story.restarted(0);
  return story;
}

std::vector<SemiCase> returning() {
  return {
      {"WithoutErrantTransactionsItIsAttached",
       [] { return returned(); },
       {"attach db-0 to db-1"},
       "",
       "-Ps"},
      {"WithErrantOnesItStaysOut",
       [] { return returned().executed(0, "1-10"); },
       {},
       "ErrantTransactions",
       "-Ps"},
      {"ReceivedByThePrimaryIsNotErrant",
       [] { return returned().executed(0, "1-10").executed(1, "1-10"); },
       {"attach db-0 to db-1"},
       "",
       "-Ps"},
      {"OpenItIsClosed",
       [] {
         SemiStory story = returned();
         story.at(0).read_only = false;
         return story;
       },
       {"close db-0"},
       "",
       "-Ps"},
      {"OpenWithSessionsThatWaitItIsRestarted",
       [] {
         SemiStory story = returned();
         story.at(0).read_only = false;
         story.at(0).waiting = 2;
         return story;
       },
       {"restart db-0"},
       "",
       "-Ps"},
      {"TheUserMayHaveDecidedBefore",
       [] {
         SemiStory story = returned().executed(0, "1-10");
         story.now.wish.clone_errant = true;
         return story;
       },
       {"clone db-0 to db-2"},
       "MembersJoining",
       "-Ps"},
      {"WhatItHasReceivedIsAppliedFirst",
       [] {
         SemiStory story = returned().executed(0, "1-7");
         story.at(0).source = "db-2";
         story.at(0).received = tx("8-9");
         return story;
       },
       {"apply db-0"},
       "MembersJoining",
       "-Ps"},
  };
}

INSTANTIATE_TEST_SUITE_P(FirstSteps, SemiSituations, ::testing::ValuesIn(first_steps()), name_of);
INSTANTIATE_TEST_SUITE_P(Openings, SemiSituations, ::testing::ValuesIn(openings()), name_of);
INSTANTIATE_TEST_SUITE_P(Replicas, SemiSituations, ::testing::ValuesIn(replicas()), name_of);
INSTANTIATE_TEST_SUITE_P(Settings, SemiSituations, ::testing::ValuesIn(settings()), name_of);
INSTANTIATE_TEST_SUITE_P(Votes, SemiSituations, ::testing::ValuesIn(votes()), name_of);
INSTANTIATE_TEST_SUITE_P(WhoeverIsAway, SemiSituations, ::testing::ValuesIn(whoever_is_away()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Returning, SemiSituations, ::testing::ValuesIn(returning()), name_of);

TEST(Errant, TheApprovalThatWasShownReplacesTheData) {
  SemiStory story = returned().executed(0, "1-10");
  const std::string message = plan_semi_sync(story.now).message;
  ASSERT_THAT(message, HasSubstr(std::string(ours) + "10"));
  const std::string asked = std::string(approve_clone_annotation) + "=";
  story.now.approved_clone = message.substr(message.find(asked) + asked.size());
  EXPECT_EQ(decisions(plan_semi_sync(story.now)), std::vector<std::string>{"clone db-0 to db-2"});
  story.executed(0, "1-11");
  EXPECT_EQ(decisions(plan_semi_sync(story.now)), std::vector<std::string>{})
      << "something else than was shown";
}

TEST(Wish, FewerAcknowledgementsAreRecordedBeforeThePrimaryWaitsForFewer) {
  SemiStory story(4, 2);
  story.now.wish.acknowledgements = 1;
  EXPECT_EQ(decisions(plan_semi_sync(story.now)),
            std::vector<std::string>{"term 4 db-0 open w1 db-1 db-2 db-3"});
  story.now.term.acknowledgements = 1;
  EXPECT_EQ(decisions(plan_semi_sync(story.now)), std::vector<std::string>{"settle db-0"});
}

TEST(Wish, MoreAreWaitedForBeforeTheyAreCountedOn) {
  SemiStory story(4, 1);
  story.now.wish.acknowledgements = 2;
  EXPECT_EQ(decisions(plan_semi_sync(story.now)), std::vector<std::string>{"settle db-0"});
  story.at(0).wait_for = 2;
  EXPECT_EQ(decisions(plan_semi_sync(story.now)), std::vector<std::string>{})
      << "it was not so yet when the others were asked";
  story.now.first = story.at(0);
  EXPECT_EQ(decisions(plan_semi_sync(story.now)),
            std::vector<std::string>{"term 4 db-0 open w2 db-1 db-2 db-3"});
  story.executed(2, "1-8").executed(3, "1-8");
  EXPECT_EQ(decisions(plan_semi_sync(story.now)), std::vector<std::string>{})
      << "what was acknowledged once may be on db-1 only";
}

}  // namespace
}  // namespace ratchet::k8s::provisioner
