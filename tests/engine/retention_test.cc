// What is proved: a live engine prunes ended runs by their outcome when their time has come, says
// so in the log, and never what another run still needs; ids, keys, families and chains stay what
// they were, on both logs.
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/codec.h"
#include "engine/inspect/rebuild.h"
#include "tests/engine/by_hand.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const By ann{"ann", "not today"};
constexpr ChildWorkflow<Text, Text> helper{"helper"};

Task<Text> errand(Workflow wf, Text what) { co_return co_await wf.step(ask, what); }

Task<Text> parent(Workflow wf, Text) {
  const Text done = co_await wf.child(helper, text("child"));
  co_await wf.receive(approval);
  co_return done;
}

// Counts down from its input, one run a number.
Task<Text> countdown(Workflow wf, Text from) {
  if (from.value() == "1") co_return text("lift off");
  co_return co_await wf.continue_as_new<Text>(text(std::to_string(std::stoi(from.value()) - 1)));
}

class RetentionTest : public HandTest {
 protected:
  std::unique_ptr<Process> keeping(const KeepFor& retention) {
    auto p = process(errand);
    p->registry.add("helper", 1, errand);
    p->registry.add("parent", 1, parent);
    p->registry.add("countdown", 1, countdown);
    EngineOptions options{"build-1", "test"};
    options.retention = retention;
    p->open(options);
    p->host.settle();
    return p;
  }
  static void start(Process& p, const std::string& run_id, const std::string& workflow = "flow",
                    const std::string& input = "") {
    p.engine->start(run_id, workflow, text(input.empty() ? run_id : input).SerializeAsString(),
                    "ann");
    p.host.settle();
  }
  static bool pruned(const Process& p, const std::string& run_id) {
    const auto run = find_run(p.log, run_id);
    EXPECT_EQ(run->pruned, read_history(p.log, run->run).empty());
    return run->pruned;
  }
  static void expect_right(Process& p) {
    expect_whole(p);
    std::map<std::string, std::string> stored;
    p.log.scan_projections("", [&](std::string_view key, std::string_view value) {
      return stored.emplace(key, value).second;
    });
    EXPECT_EQ(rebuild_projections(p.log), stored);
  }
};

TEST_P(RetentionTest, EachOutcomeHasItsTime) {
  auto p = keeping({{RunState::completed, 1h}, {RunState::cancelled, 3h}});
  for (const char* run : {"completed", "failed", "cancelled", "open"}) start(*p, run);
  hand.answer(*p, "completed");
  hand.refuse(*p, "failed");
  p->engine->cancel("cancelled", ann);
  p->host.settle();
  EXPECT_EQ(p->engine->state("cancelled"), RunState::cancelled);
  pass(*p, 59min);
  EXPECT_FALSE(pruned(*p, "completed"));
  pass(*p, 2min);
  EXPECT_TRUE(pruned(*p, "completed"));
  EXPECT_FALSE(pruned(*p, "cancelled"));
  pass(*p, 2h);
  EXPECT_TRUE(pruned(*p, "cancelled"));
  pass(*p, 1000h);
  EXPECT_FALSE(pruned(*p, "failed"));
  EXPECT_FALSE(pruned(*p, "open"));
  expect_right(*p);
}

TEST_P(RetentionTest, TheLogSaysWhoPrunedAndWhy) {
  auto p = keeping({{RunState::completed, 1h}});
  start(*p, "r");
  hand.answer(*p, "r");
  pass(*p, 2h);
  Definitions definitions;
  std::optional<Pruned> found;
  p->log.scan(0, p->log.head().size, [&](const store::Record& record) {
    const Decoded decoded = decode(record, definitions, blobs_of(p->log));
    if (const auto* one = std::get_if<Pruned>(&decoded)) found = *one;
    return true;
  });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->by.principal, "test");
  EXPECT_THAT(found->by.reason, HasSubstr("kept for 3600 s"));
  EXPECT_EQ(decode_summary(found->summary).run_id, "r");
}

TEST_P(RetentionTest, ARemarkOnAnEndedRunGoesWithItsRecords) {
  auto p = keeping({{RunState::completed, 1h}});
  start(*p, "r");
  hand.answer(*p, "r");
  pass(*p, 59min);
  EXPECT_EQ(p->engine->note("r", ann), std::nullopt);
  pass(*p, 2min);
  EXPECT_TRUE(pruned(*p, "r"));
  EXPECT_THAT(p->engine->note("r", ann).value_or(""), HasSubstr("were removed"));
  p->host.settle();
  expect_right(*p);
}

TEST_P(RetentionTest, WhatWasDueWhileNoProcessRanIsPrunedAtTheNextStart) {
  auto p = keeping({});
  for (int i = 0; i < 50; ++i) {
    start(*p, "run-" + std::to_string(i));
    hand.answer(*p, "run-" + std::to_string(i));
  }
  pass(*p, 2h);
  EXPECT_FALSE(pruned(*p, "run-0"));
  p.reset();
  p = keeping({{RunState::completed, 1h}});
  pass(*p, 1s);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(pruned(*p, "run-" + std::to_string(i))) << i;
  expect_right(*p);
}

TEST_P(RetentionTest, AnIdStaysTakenAndAKeyIsFree) {
  auto p = keeping({{RunState::completed, 1h}});
  const auto start_with_key = [&](const std::string& run_id) {
    const Started started =
        p->engine->start({run_id, "flow", text(run_id).SerializeAsString(), "ann", "the key"});
    p->host.settle();
    return started;
  };
  EXPECT_TRUE(start_with_key("first").fresh);
  EXPECT_EQ(start_with_key("second").run_id, "first");
  hand.answer(*p, "first");
  pass(*p, 2h);
  EXPECT_TRUE(pruned(*p, "first"));
  for (int starts = 0; starts < 2; ++starts) {
    EXPECT_FALSE(start_with_key("first").fresh) << "its id is taken for ever";
    EXPECT_EQ(p->engine->state("first"), RunState::completed);
    EXPECT_FALSE(p->engine->signal("first", approval.name(), {}, "ann"));
    EXPECT_THAT(p->engine->waiting_for("first"), IsEmpty());
    p.reset();
    p = keeping({{RunState::completed, 1h}});
  }
  EXPECT_TRUE(start_with_key("second").fresh);
  expect_right(*p);
}

TEST_P(RetentionTest, AChildStaysUntilItsParentHasEnded) {
  auto p = keeping({{RunState::completed, 0s}});
  start(*p, "r", "parent");
  hand.answer(*p, "child");
  EXPECT_EQ(p->engine->state("r/1"), RunState::completed);
  pass(*p, 24h);
  EXPECT_FALSE(pruned(*p, "r/1"));
  p.reset();
  p = keeping({{RunState::completed, 0s}});
  pass(*p, 24h);
  EXPECT_FALSE(pruned(*p, "r/1"));
  signal(*p, "go on");
  EXPECT_EQ(p->engine->state("r"), RunState::completed);
  pass(*p, 1h);
  EXPECT_TRUE(pruned(*p, "r"));
  EXPECT_TRUE(pruned(*p, "r/1"));
  expect_right(*p);
}

TEST_P(RetentionTest, AChainOfRunsThatContinueIsPrunedFromItsBeginning) {
  auto p = keeping({{RunState::continued, 1h}});
  start(*p, "r", "countdown", "3");
  pass(*p, 2h);
  EXPECT_TRUE(pruned(*p, "r"));
  EXPECT_TRUE(pruned(*p, "r~2"));
  EXPECT_FALSE(pruned(*p, "r~3"));
  EXPECT_EQ(p->engine->state("r~3"), RunState::completed);
  const std::uint64_t size = p->log.head().size;
  p.reset();
  p = keeping({{RunState::continued, 1h}});
  pass(*p, 2h);
  EXPECT_EQ(p->log.head().size, size + 1) << "an Opened record, and no run begun anew";
  EXPECT_EQ(find_run(p->log, "r")->successor, "r~2");
  expect_right(*p);
}

TEST_P(RetentionTest, ARunWhoseRecordsAreBeingRemovedIsNotReset) {
  auto p = keeping({{RunState::completed, 1h}});
  start(*p, "r");
  hand.answer(*p, "r");
  pass(*p, 59min);
  const std::uint64_t before = p->log.next_index();
  EXPECT_TRUE(p->host.run_until([&] { return p->log.next_index() > before; }));
  EXPECT_EQ(p->engine->reset("r", 1, ann).refused, "the records of run r were removed");
  p->host.settle();
  EXPECT_TRUE(pruned(*p, "r"));
  EXPECT_FALSE(find_run(p->log, "r.reset-2"));
  expect_right(*p);
}

TEST_P(RetentionTest, OnlyAnOutcomeHasATime) {
  EXPECT_THROW(keeping({{RunState::paused, 1h}}), std::invalid_argument);
  EXPECT_THROW(keeping({{RunState::completed, -1h}}), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(BothLogs, RetentionTest, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
