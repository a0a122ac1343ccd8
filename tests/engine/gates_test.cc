// What is proved: a decision at a gate counts only for the payload that was shown, and is recorded
// with who and why.
#include <gtest/gtest.h>

#include "tests/engine/by_hand.h"

namespace ratchet::engine::testing {
namespace {

const By ann{"ann", "looks right"};

constexpr Gate<Text> deploy{"deploy"};

Task<Text> gated_by(Workflow wf, Text plan) {
  const GateAnswer answer = co_await wf.gate(deploy, plan);
  co_return text((answer.approved ? "approved by " : "denied by ") + answer.by.principal + ": " +
                 answer.by.reason);
}

Task<Text> gated(Workflow wf, Text) { co_return co_await gated_by(wf, text("plan 7")); }
Task<Text> gated_by_more(Workflow wf, Text) {
  co_return co_await gated_by(wf, text_and_more("plan 7"));
}

Task<Text> gated_twice(Workflow wf, Text) {
  const auto [east, west] =
      co_await all(wf.gate(deploy, text("east")), wf.gate(deploy, text("west")));
  co_return text(std::string(east.approved ? "east " : "") + (west.approved ? "west" : ""));
}

Task<Text> gated_otherwise(Workflow wf, Text) {
  co_await wf.gate(deploy, text("plan 8"));
  co_return text("");
}

class Gates : public HandTest {
 protected:
  // The hash of what an open run asks, as a tool would take it from the log.
  static std::string asked(Process& p) {
    for (const auto& record : read_history(p.log, find_run(p.log, "r")->run)) {
      for (const Event& event : record.turn.events) {
        if (const auto* gate = std::get_if<GateOpened>(&event)) return hash_of(*gate);
      }
    }
    return {};
  }
};

TEST_P(Gates, AnApprovalOfWhatWasShownOpensTheGate) {
  auto p = started(gated);
  EXPECT_EQ(p->engine->decide("r", "deploy", true, asked(*p), ann), std::nullopt);
  p->host.settle();
  EXPECT_EQ(result(*p), "approved by ann: looks right");
  EXPECT_EQ(p->history("r"),
            "0 RunStarted\n0 gate 1 deploy\n1 GateDecided 1 by ann\n1 run completed\n");
  EXPECT_NE(p->engine->decide("r", "deploy", true, asked(*p), ann), std::nullopt);
  expect_whole(*p);
}

TEST_P(Gates, ADenialIsAnAnswerToo) {
  auto p = started(gated);
  EXPECT_EQ(p->engine->decide("r", "deploy", false, asked(*p), ann), std::nullopt);
  p->host.settle();
  EXPECT_EQ(result(*p), "denied by ann: looks right");
}

TEST_P(Gates, ADecisionAboutAnotherPayloadDoesNotCountAndIsRecorded) {
  auto p = started(gated);
  const std::string other = hash_of(GateOpened{1, "deploy", text("plan 6").SerializeAsString(), 0});
  EXPECT_NE(p->engine->decide("r", "deploy", true, other, ann), std::nullopt);
  EXPECT_NE(p->engine->decide("r", "deploy", true, "short", ann), std::nullopt);
  EXPECT_NE(p->engine->decide("r", "elsewhere", true, asked(*p), ann), std::nullopt);
  p->host.settle();
  EXPECT_EQ(p->engine->state("r"), RunState::running);
  EXPECT_EQ(p->history("r"), "0 RunStarted\n0 gate 1 deploy\n1 GateRejected 1 by ann\n");
  expect_whole(*p);
}

TEST_P(Gates, OfOneNameAreToldApartByWhatTheyShow) {
  auto p = started(gated_twice);
  const std::string west = hash_of(GateOpened{2, "deploy", text("west").SerializeAsString(), 0});
  EXPECT_EQ(p->engine->decide("r", "deploy", true, west, ann), std::nullopt);
  p->host.settle();
  EXPECT_NE(p->engine->decide("r", "deploy", true, west, ann), std::nullopt) << "it is decided";
  EXPECT_EQ(p->engine->decide("r", "deploy", false, asked(*p), ann), std::nullopt);
  p->host.settle();
  EXPECT_EQ(result(*p), "west");
  expect_whole(*p);
}

TEST_P(Gates, AGateWaitsAcrossProcessesAndItsDecisionIsHeldWhilePaused) {
  started(gated);
  {
    auto p = opened(gated);
    p->engine->pause("r", ann);
    EXPECT_EQ(p->engine->decide("r", "deploy", true, asked(*p), ann), std::nullopt);
    EXPECT_NE(p->engine->decide("r", "deploy", false, asked(*p), ann), std::nullopt)
        << "it has been decided";
    p->host.settle();
  }
  auto p = opened(gated);
  p->engine->resume("r", ann);
  p->host.settle();
  EXPECT_EQ(result(*p), "approved by ann: looks right");
  expect_whole(*p);
}

// Else nobody could ever approve: what is shown is what is recorded.
TEST_P(Gates, AskAboutWhatWasRecordedAlsoIfTheCodeSaysMoreByNow) {
  started(gated);
  auto p = opened(gated_by_more);
  EXPECT_EQ(p->engine->decide("r", "deploy", true, asked(*p), ann), std::nullopt);
  p->host.settle();
  EXPECT_EQ(result(*p), "approved by ann: looks right");
  expect_whole(*p);
}

TEST_P(Gates, CodeThatAsksAboutSomethingElseIsADivergence) {
  started(gated);
  auto p = process(gated_otherwise);
  p->open(
      "build-2");  // code of another build is checked at once, of the same one when it is needed
  p->host.settle();
  EXPECT_EQ(p->engine->state("r"), RunState::quarantined);
  EXPECT_NE(find_run(p->log, "r")->failure->message.find("plan 8"), std::string::npos)
      << find_run(p->log, "r")->failure->message;
  EXPECT_NE(p->engine->decide("r", "deploy", true, asked(*p), ann), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(On, Gates, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
