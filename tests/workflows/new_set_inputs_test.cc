// How the upgrade of a group by another StatefulSet is planned, and who of its members may be
// there.
#include "workflows/mysql/new_set_inputs.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workflows/mysql/plan.h"

namespace ratchet::mysql::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(NewSetPlan, IsPlannedWithItsPointOfNoReturnAndTheFateOfTheVolumes) {
  MakePlan in;
  in.set_new_stateful_set(true);
  in.set_target_image("image:9.7.4");
  in.mutable_sight()->set_stateful_set("my-group");
  const Plan plan = plan_of(in);
  int returns = 0;
  for (const PlannedStep& step : plan.steps()) returns += step.point_of_no_return() ? 1 : 0;
  EXPECT_EQ(returns, 1);
  EXPECT_THAT(short_text(plan), HasSubstr("Point of no return: move the primary"));
  EXPECT_THAT(plan.steps(plan.steps_size() - 3).what(),
              HasSubstr("keep the volumes of StatefulSet my-group until"));
}

TEST(NewSetPlan, SaysThatTheNextWindowMayBeAwaited) {
  MakePlan in;
  in.set_new_stateful_set(true);
  in.set_target_image("image:9.7.4");
  in.mutable_sight()->set_stateful_set("my-group");
  const int without = plan_of(in).steps_size();
  in.set_window("0 2 * * * 1h UTC");
  const Plan plan = plan_of(in);
  ASSERT_EQ(plan.steps_size(), without + 1);
  EXPECT_THAT(plan.steps(3).what(), HasSubstr("await the next window"));
  EXPECT_THAT(plan.steps(4).what(), HasSubstr("delete StatefulSet my-group"));
}

// Red if the plan of a request that goes on says that the new StatefulSet is to be deleted.
TEST(NewSetPlan, GoingOnIsPlannedAsThat) {
  MakePlan in;
  in.set_new_stateful_set(true);
  in.set_target_image("image:9.7.4");
  in.mutable_sight()->set_stateful_set("my-group-1");
  in.mutable_sight()->set_image("image:9.7.4");
  const Plan plan = plan_of(in);
  std::string steps;
  for (const PlannedStep& step : plan.steps()) steps += step.what() + "\n";
  EXPECT_THAT(steps, HasSubstr("go on with StatefulSet my-group-1"));
  EXPECT_THAT(steps, Not(HasSubstr("beside my-group-1")));
  EXPECT_THAT(steps, Not(HasSubstr("delete StatefulSet my-group-1")));
  EXPECT_THAT(steps, Not(HasSubstr("volumes of StatefulSet my-group-1")));
}

TEST(SetNumbers, FollowEachOther) {
  EXPECT_EQ(set_number("db", "db"), 0);
  EXPECT_EQ(set_number("db", "db-12"), 12);
  for (const char* other : {"db-", "db-0", "db-01", "db-x", "db-1x", "other-1", "dbs"}) {
    EXPECT_EQ(set_number("db", other), std::nullopt) << other;
  }
  Upgrade upgrade;
  upgrade.request.mutable_database()->set_name("db");
  upgrade.database.mutable_target()->set_image("new");
  GroupState before;
  before.mutable_set()->set_stateful_set("db-1");
  before.mutable_set()->set_image("old");
  EXPECT_EQ(new_set_name(upgrade, before), "db-2");
  before.mutable_set()->set_image("new");
  EXPECT_EQ(new_set_name(upgrade, before), "db-1") << "begun already";
}

void add_members(GroupState& group, const std::string& set, int count) {
  for (int i = 0; i < count; ++i) {
    group.add_members()->mutable_workload()->set_stateful_set(set);
  }
}

TEST(MembersOfTwoSets, MakeRoomForAsManyAsThereWereOfTheFormer) {
  GroupState before;
  add_members(before, "db", 6);
  EXPECT_EQ(may_stay(before, "db", 2), 2);
  EXPECT_EQ(may_stay(before, "db", 5), 3);
  add_members(before, "db", 3);
  EXPECT_EQ(may_stay(before, "db", 5), 0);
}

TEST(MembersOfTwoSets, AreTooManyFromTheTenthOn) {
  Upgrade upgrade;
  GroupState group;
  group.mutable_set()->set_stateful_set("db-1");
  group.mutable_former()->set_stateful_set("db");
  add_members(group, "db", 5);
  add_members(group, "db-1", 4);
  EXPECT_FALSE(too_many_members(upgrade, group));
  add_members(group, "db-1", 1);
  EXPECT_THAT(too_many_members(upgrade, group)->message, HasSubstr("Scale StatefulSet db-1 to 4"));
  group.mutable_members(9)->set_primary(true);
  EXPECT_THAT(too_many_members(upgrade, group)->message, HasSubstr("Scale StatefulSet db to 4"))
      << "the primary stays";
}

}  // namespace
}  // namespace ratchet::mysql::testing
