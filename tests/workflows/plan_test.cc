// The plan that is made of what was seen: the same bytes of the same sight, and what it says.
#include "workflows/mysql/plan.h"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace ratchet::mysql::testing {
namespace {

Finding found_by(Severity severity, const std::string& check, bool passing = false) {
  Finding one;
  one.set_severity(severity);
  one.set_check(check);
  one.set_what("found by " + check);
  one.set_fix("FIX " + check);
  one.set_passing(passing);
  return one;
}

MakePlan something() {
  MakePlan in;
  in.set_database("demo/db");
  in.set_from("8.0.36");
  in.set_to("8.4.8");
  in.set_target_image("mysql:8.4.8@sha256:00ff");
  in.set_standalone(true);
  in.set_slow_shutdown(true);
  MemberSight& member = *in.mutable_sight()->add_members();
  member.set_pod("db-0");
  member.set_server_version("8.0.36");
  *in.mutable_sight()->add_findings() = found_by(INFO, "b");
  *in.mutable_sight()->add_findings() = found_by(WARNING, "a");
  return in;
}

TEST(Plan, OfTheSameSightIsTheSameToTheByte) {
  const Plan plan = plan_of(something());
  // Pinned: a hash that somebody approved must name the same plan for ever.
  EXPECT_EQ(plan_hash(plan), plan_hash(plan_of(something())));
  EXPECT_EQ(plan.target_digest(), "sha256:00ff");
  MakePlan turned = something();
  turned.mutable_sight()->mutable_findings()->SwapElements(0, 1);
  *turned.mutable_sight()->add_findings() = found_by(WARNING, "long-transaction", true);
  turned.mutable_sight()->mutable_members(0)->set_dirty_bytes(1 << 20);
  EXPECT_EQ(plan_hash(plan_of(turned)), plan_hash(plan));
  MakePlan other = something();
  other.mutable_sight()->mutable_members(0)->set_server_version("8.0.37");
  EXPECT_NE(plan_hash(plan_of(other)), plan_hash(plan));
}

TEST(Plan, NamesOutageAndThePointOfNoReturn) {
  MakePlan in = something();
  EXPECT_EQ(plan_of(in).outage_seconds(), 5);
  in.mutable_sight()->mutable_members(0)->set_history(3'000'000);
  EXPECT_EQ(plan_of(in).outage_seconds(), 120) << "64 s, rounded up";
  const Plan plan = plan_of(in);
  int returns = 0;
  for (const PlannedStep& step : plan.steps()) returns += step.point_of_no_return() ? 1 : 0;
  EXPECT_EQ(returns, 1);
  EXPECT_NE(short_text(plan).find("Point of no return: release the volume of db-0"),
            std::string::npos)
      << short_text(plan);
}

TEST(Plan, EstimatesWhatTheTargetGoesThroughBeforeItAnswers) {
  MakePlan in = something();
  in.set_slow_shutdown(false);
  in.set_target_version("8.0.37");
  in.mutable_sight()->mutable_members(0)->set_tables(20'000);
  in.mutable_sight()->mutable_members(0)->set_routines(20'000);
  EXPECT_EQ(plan_of(in).outage_seconds(), 30) << "24 s, rounded up";
  in.set_target_version("8.0.36");
  EXPECT_EQ(plan_of(in).outage_seconds(), 5) << "the release that is there goes through nothing";
}

// Red if `kubectl describe` tells how many steps there are, and not which.
TEST(Plan, IsWholeInItsCondition) {
  const Plan plan = plan_of(something());
  const std::string text = shown_text(plan);
  EXPECT_TRUE(text.starts_with(short_text(plan))) << text;
  for (int i = 0; i < plan.steps_size(); ++i) {
    const std::string step = std::to_string(i + 1) + ". " + plan.steps(i).what();
    EXPECT_NE(text.find(step), std::string::npos) << step << " in\n" << text;
  }
  EXPECT_GE(plan.steps_size(), 5);
}

MakePlan of_a_group(const std::string& first, const std::string& other) {
  MakePlan in = something();
  in.set_standalone(false);
  for (const char* pod : {"db-1", "db-2"}) in.mutable_sight()->add_members()->set_pod(pod);
  for (MemberSight& member : *in.mutable_sight()->mutable_members()) {
    member.set_server_version(member.pod() == "db-0" ? first : other);
  }
  in.set_target_version("8.4.8");
  return in;
}

std::string steps_of(const Plan& plan) {
  std::string text;
  for (const PlannedStep& step : plan.steps()) {
    text += (step.point_of_no_return() ? "! " : "") + step.what() + "\n";
  }
  return text;
}

TEST(Plan, OfAGroupGoesMemberByMember) {
  const Plan plan = plan_of(of_a_group("8.4.7", "8.4.7"));
  const std::string steps = steps_of(plan);
  for (const char* part :
       {"\n! release the volume of db-0: ", "\nrelease the volume of db-1: ",
        "\nrelease the volume of db-2: ", "move the primary", "change the image of StatefulSet"}) {
    EXPECT_NE(steps.find(part), std::string::npos) << part << " in\n" << steps;
  }
  EXPECT_EQ(steps.find("delete StatefulSet"), std::string::npos) << steps;
  EXPECT_EQ(plan.outage_seconds(), 5) << "for as long as the primary moves";
}

TEST(Plan, OfAGroupThatWasLeftHalfMadeGoesOnlyForward) {
  const std::string steps = steps_of(plan_of(of_a_group("8.4.8", "8.4.7")));
  EXPECT_EQ(steps.find("release the volume of db-0"), std::string::npos) << steps;
  EXPECT_NE(steps.find("\nrelease the volume of db-1: "), std::string::npos) << steps;
  EXPECT_EQ(steps.find("! "), std::string::npos) << "its point of no return is past\n" << steps;
}

// Red if what is copied before an approval is asked for is not told, or if a few rows more would
// need another approval.
TEST(Plan, ByAnotherStatefulSetSaysHowMuchIsCopied) {
  MakePlan in = of_a_group("8.0.36", "8.0.36");
  in.set_new_stateful_set(true);
  const auto says = [&](const std::string& text) {
    return steps_of(plan_of(in)).find("fill its volume" + text + " by CLONE") != std::string::npos;
  };
  EXPECT_TRUE(says("")) << "nobody knows how much";
  in.mutable_sight()->mutable_members(1)->set_data_bytes(std::int64_t{5} << 30);
  EXPECT_TRUE(says(" (up to 8 GiB)"));
  in.mutable_sight()->mutable_members(1)->set_data_bytes((std::int64_t{5} << 30) + 4096);
  EXPECT_TRUE(says(" (up to 8 GiB)"));
}

}  // namespace
}  // namespace ratchet::mysql::testing
