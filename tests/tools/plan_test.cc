// What is proved: a recorded plan is shown from the log alone, with the hash that was approved; and
// what came of a dry run is shown in the same words.
#include "tools/ratchetctl/plan.h"

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
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
  EXPECT_THAT(text, HasSubstr("MySQL demo/db: 10.11.6 to 11.8.6 (image:11.8.6)\nimage: not known\n"
                              "outage: about 5 s"));
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

// What is printed about a dry run that came as far as one of the recorded runs.
Printed rehearsed(const std::string& run, std::optional<engine::Failure> failure,
                  Format format = Format::table) {
  Rehearsal tried;
  tried.log = std::make_unique<store::MemoryLog>(recorded_upgrade(), [](const auto&) {});
  tried.run_id = run;
  tried.failure = std::move(failure);
  tried.exit = tried.failure ? Exit::refused : Exit::well;
  if (!tried.failure) tried.stopped_before = "pause_database";
  const Intent intent{.database = "demo/db", .target = "11.8.6"};
  std::ostringstream out, err;
  Streams streams{out, err, {}};
  const int code = print_rehearsal(intent, tried, {streams, format});
  return {code, out.str(), err.str()};
}

TEST(DryRun, IsShownLikeAPlanAndSaysWhereItEnded) {
  const Printed text = rehearsed("look-warning", std::nullopt);
  EXPECT_EQ(text.code, Exit::well);
  EXPECT_EQ(text.err, "");
  EXPECT_THAT(text.out, HasSubstr("MySQL demo/db: 10.11.6 to 11.8.6 (image:11.8.6)"));
  EXPECT_THAT(text.out, HasSubstr("image: known only once a node has pulled the image"));
  EXPECT_THAT(text.out, HasSubstr("findings\n  WARNING engines: something\n"));
  EXPECT_THAT(text.out,
              HasSubstr("dry run: nothing was written; it ended before pause_database\n"));
}

TEST(DryRun, ShowsWhatBlocksAlthoughThereIsNoPlan) {
  const Printed text = rehearsed("look-blocked", engine::Failure{"preflight", "not so"});
  EXPECT_EQ(text.code, Exit::refused);
  EXPECT_EQ(text.err, "ratchetctl: not so\n");
  EXPECT_EQ(text.out,
            "findings\n  BLOCKING xa-prepared: something\ndry run: nothing was written\n");
}

TEST(DryRun, IsADocumentForPrograms) {
  const auto well =
      nlohmann::json::parse(rehearsed("look-warning", std::nullopt, Format::json).out);
  EXPECT_EQ(well["dry_run"], true);
  EXPECT_EQ(well["plan"]["steps"].size(), 8u);
  EXPECT_EQ(well["hash"], nlohmann::json::parse(shown("look-warning", Format::json))["hash"]);
  EXPECT_EQ(well["findings"][0]["check"], "engines");
  EXPECT_EQ(well["image"].get<std::string>().find("known only once a node has pulled"), 0U);
  EXPECT_EQ(well["stopped_before"], "pause_database");
  EXPECT_FALSE(well.contains("failure"));
  const engine::Failure why{"preflight", "not so"};
  const auto refused = nlohmann::json::parse(rehearsed("look-blocked", why, Format::json).out);
  EXPECT_FALSE(refused.contains("plan"));
  EXPECT_EQ(refused["findings"][0]["severity"], "BLOCKING");
  EXPECT_EQ(refused["failure"]["code"], "preflight");
}

}  // namespace
}  // namespace ratchet::ratchetctl
