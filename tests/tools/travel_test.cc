// What is proved: an upgrade that was recorded can be looked at as it was after any of its turns,
// to the letter, and what its code decides otherwise stands beside the record.
#include "engine/inspect/travel.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/recorded_upgrade.h"
#include "tools/ratchetctl/documents.h"
#include "workflows/mysql/ports.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::ratchetctl {
namespace {

using ::testing::HasSubstr;

engine::Registry todays_workflows() {
  engine::Registry registry;
  mysql::add_workflows(registry);
  return registry;
}

Printed travelled(const TravelOptions& options, Format format = Format::table,
                  const engine::Registry& workflows = todays_workflows()) {
  return printed([&](const auto& log,
                     const auto& output) { return print_travel(log, workflows, options, output); },
                 format);
}

TEST(TimeTravel, ShowsAnUpgradeAsItWasAfterATurn) {
  const Printed then = travelled({.run = {"look-approved", false}, .until = 6});
  EXPECT_EQ(then.code, Exit::well);
  EXPECT_EQ(then.out, golden("replay_until.txt"));
}

TEST(TimeTravel, ShowsEveryTurnOfAnUpgradeOnTheWay) {
  const Printed way = travelled({.run = {"look-approved", false}, .step = true});
  EXPECT_EQ(way.code, Exit::well);
  EXPECT_EQ(way.out, golden("replay_step.txt"));
}

TEST(TimeTravel, IsADocumentForPrograms) {
  const Document all = Document::parse(
      travelled({.run = {"look-approved", false}, .until = 6, .step = true}, Format::json).out);
  EXPECT_EQ(all["same"], true);
  ASSERT_EQ(all["moments"].size(), 7U);
  for (std::size_t turn = 0; turn < 7; ++turn) EXPECT_EQ(all["moments"][turn]["turn"], turn);
  EXPECT_EQ(all["moments"][0]["events"][0]["event"], "RunStarted");
  EXPECT_EQ(all["moments"][0]["exposed"], Document::object());
  const Document one =
      Document::parse(travelled({.run = {"look-approved", false}, .until = 6}, Format::json).out);
  ASSERT_EQ(one["moments"].size(), 1U);
  EXPECT_EQ(one["moments"][0], all["moments"][6]);
}

TEST(TimeTravel, SaysWhichTurnsThereAre) {
  try {
    travelled({.run = {"look-approved", false}, .until = 1000});
    FAIL() << "there is no such turn";
  } catch (const WrongInput& error) {
    EXPECT_THAT(error.what(), HasSubstr("run look-approved has turns 0 to "));
    EXPECT_THAT(error.what(), HasSubstr("there is no turn 1000"));
  }
  EXPECT_THROW(travelled({.run = {"no-such", false}, .until = 0}), NotFound);
}

engine::Task<mysql::UpdateResult> hasty(engine::Workflow wf, mysql::UpdateRequest request) {
  mysql::InspectDatabase in;
  *in.mutable_database() = request.database();
  in.set_target_version("99.9");
  co_await wf.step(mysql::inspect_database, in);
  co_return mysql::UpdateResult();
}

TEST(TimeTravel, ShowsRecordAndCodeInTwoColumnsWhereTheyPart) {
  engine::Registry other;
  other.add<mysql::UpdateRequest, mysql::UpdateResult>(mysql::update_version_name,
                                                       mysql::update_version_version, hasty);
  const Printed then =
      travelled({.run = {"look-approved", false}, .until = 6}, Format::table, other);
  EXPECT_EQ(then.code, Exit::diverged);
  EXPECT_THAT(then.out, HasSubstr("only the build that decided knows"));
  EXPECT_THAT(then.out, HasSubstr("RECORDED"));
  EXPECT_THAT(then.out, HasSubstr("THIS BUILD"));
  EXPECT_THAT(then.out, HasSubstr("target_version: \"11.8.6\""));
  EXPECT_THAT(then.out, HasSubstr("target_version: \"99.9\""));
  EXPECT_THAT(then.out, HasSubstr("travel_test.cc:"));
}

}  // namespace
}  // namespace ratchet::ratchetctl
