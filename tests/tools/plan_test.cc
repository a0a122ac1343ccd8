// What is proved: a recorded plan is shown from the log alone, with the hash that was approved.
#include "tools/ratchetctl/plan.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/inspect/history.h"
#include "store/memory_log.h"
#include "tests/tools/recorded_upgrade.h"
#include "workflows/mysql/plan.h"

namespace ratchet::ratchetctl {
namespace {

using ::testing::HasSubstr;

std::vector<engine::HistoryTurn> turns_of(const std::string& run) {
  const store::MemoryLog log(recorded_upgrade(), [](const auto&) {});
  return engine::read_history(log, engine::find_run(log, run)->run);
}

std::string shown(const std::string& run, Format format = Format::table) {
  return printed([&](const auto& log,
                     const auto& output) { return print_plan(log, RunName{run, false}, output); },
                 format)
      .out;
}

TEST(Plan, ShowsStepsOutageAndThePointOfNoReturn) {
  const std::string text = shown("look-approved");
  EXPECT_THAT(text,
              HasSubstr("MySQL demo/db: 10.11.6 to 11.8.6 (image:11.8.6)\noutage: about 5 s"));
  EXPECT_THAT(text, HasSubstr("approved: read it (ann)"));
  EXPECT_THAT(text,
              HasSubstr("release the volume of db-0: version 11.8.6 may open it, and after it "
                        "no older one   <- point of no return"));
  EXPECT_THAT(text, HasSubstr("no findings"));
}

TEST(Plan, ShowsTheLastOfSeveralWithItsFindings) {
  EXPECT_THAT(shown("look-drift"), HasSubstr("WARNING engines: something"));
}

TEST(Plan, HasTheHashThatTheGateShowed) {
  const auto document = nlohmann::json::parse(shown("look-approved", Format::json));
  mysql::Plan plan;
  for (const engine::HistoryTurn& turn : turns_of("look-approved")) {
    for (const engine::Event& event : turn.turn.events) {
      const auto* gate = std::get_if<engine::GateOpened>(&event);
      if (gate != nullptr) plan.ParseFromString(gate->payload);
    }
  }
  EXPECT_EQ(document["hash"], mysql::plan_hash(plan));
  EXPECT_EQ(document["plan"]["steps"].size(), 8u);
}

TEST(Plan, IsFoundByItsRequest) { EXPECT_THAT(shown("demo/upgrade"), HasSubstr("plan ")); }

TEST(Plan, ThatWasNeverMadeIsNotInvented) { EXPECT_THROW(shown("look-blocked"), NotFound); }

}  // namespace
}  // namespace ratchet::ratchetctl
