// What a person is asked and may decide about a replication group; and what its members are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/provisioner/group_statements.h"
#include "tests/k8s/provisioner/group_story.h"

namespace ratchet::k8s::provisioner {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Approval, FormsAGroupWithoutAMissingMemberOnlyWhileWhatWasShownIsSo) {
  Story story = Story().executed(1, "1-12").lost(2);
  const Plan plan = plan_group(story.now);
  EXPECT_THAT(plan.message, HasSubstr("the transactions of db-2 (refused) cannot be read"));
  EXPECT_THAT(plan.message, HasSubstr(std::string("db-1 has ") + ours + "1-12"));
  const auto values = offered(plan, approve_bootstrap_annotation);
  ASSERT_EQ(values.size(), 1u);
  EXPECT_TRUE(values[0].starts_with("db-1/"));
  story.now.approved_bootstrap = values[0];
  EXPECT_THAT(actions(story), ElementsAre("bootstrap db-1"));
  Story newer = story;
  newer.executed(0, "1-10");
  EXPECT_THAT(actions(newer), IsEmpty()) << "db-0 knows more than was shown";
  Story claimed = story;
  claimed.now.claimed_by = "db-2";
  EXPECT_THAT(actions(claimed), IsEmpty()) << "db-2 may have been told to form it meanwhile";
  story.now.approved_bootstrap = "db-0" + values[0].substr(4);
  EXPECT_THAT(actions(story), IsEmpty()) << "db-0 was not offered: it lacks what db-1 has";
}

TEST(Approval, ChoosesBetweenDivergedMembers) {
  Story story = Story().executed(0, "1-9:12").executed(1, "1-9:13");
  const auto values = offered(plan_group(story.now), approve_bootstrap_annotation);
  ASSERT_EQ(values.size(), 2u) << "db-2 has nothing of its own";
  story.now.approved_bootstrap = values[1];
  EXPECT_THAT(actions(story), ElementsAre("bootstrap db-1"));
}

TEST(Approval, OfALeftOverMinorityEndsItFirst) {
  Story story = Story().lost(1).lost(2).group({0}, "17:3", {1, 2});
  story.now.approved_bootstrap = offered(plan_group(story.now), approve_bootstrap_annotation).at(0);
  EXPECT_THAT(actions(story), ElementsAre("leave db-0"));
  story.at(0).state = MemberState::offline;
  EXPECT_THAT(actions(story), ElementsAre("bootstrap db-0"));
}

TEST(Approval, ReplacesAnErrantMembersDataByACopy) {
  Story story = Story().group({0, 1}).executed(2, "1-10");
  const Plan plan = plan_group(story.now);
  EXPECT_THAT(plan.message, HasSubstr(std::string(ours) + "10"));
  story.now.approved_clone = offered(plan, approve_clone_annotation).at(0);
  EXPECT_THAT(actions(story), ElementsAre("clone db-2 from db-1"));
  story.executed(2, "1-11");
  EXPECT_THAT(actions(story), IsEmpty()) << "more is lost than was shown";
}

TEST(Serving, IsOnlyWhoIsOnlineInTheGroupAndSaysSo) {
  const Story story = Story().lost(0).group({0, 1, 2});
  EXPECT_THAT(plan_group(story.now).serving, ElementsAre(false, true, true));
}

TEST(Statements, ResetOnlyAFreshMemberAndBootstrapOnlyTheChosen) {
  const Member member = Story().now.members[2];
  const Credentials credentials{"repl", R"(a'b\c)"};
  const auto all = [&](const Action& action) {
    std::string text;
    for (const auto& one : statements(action, member, credentials, "db-1.x")) text += one + "; ";
    return text;
  };
  Action action{Action::Kind::configure, "db-2"};
  EXPECT_THAT(all(action), ::testing::Not(HasSubstr("RESET")));
  EXPECT_THAT(all(action), HasSubstr("SET PERSIST server_id = 3; "));
  EXPECT_THAT(all(action), HasSubstr(R"(IDENTIFIED BY 'a\'b\\c' REQUIRE SSL)"));
  action.fresh = true;
  EXPECT_THAT(all(action), HasSubstr("RESET BINARY LOGS AND GTIDS"));
  for (const auto kind : {Action::Kind::configure, Action::Kind::join, Action::Kind::rejoin,
                          Action::Kind::leave, Action::Kind::clone}) {
    EXPECT_THAT(all({kind, "db-2"}), ::testing::Not(HasSubstr("bootstrap_group = ON")));
  }
  for (const auto kind : {Action::Kind::join, Action::Kind::rejoin}) {
    const std::string text = all({kind, "db-2"});
    EXPECT_LT(text.find("bootstrap_group = OFF"), text.find("START GROUP_REPLICATION"));
  }
  EXPECT_THAT(all({Action::Kind::bootstrap, "db-2"}),
              HasSubstr("bootstrap_group = ON; START GROUP_REPLICATION"));
}

}  // namespace
}  // namespace ratchet::k8s::provisioner
