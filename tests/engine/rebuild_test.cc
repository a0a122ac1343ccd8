// What is proved: rebuild(log) == stored. Whatever has happened to runs, the projections of a log
// are those that its records give, after every process and every act of a person, on both logs.
#include "engine/inspect/rebuild.h"

#include <cstddef>
#include <iostream>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/runtime/care.h"
#include "tests/engine/by_hand.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

const By ann{"ann", "not today"};
constexpr ChildWorkflow<Text, Text> helper{"helper"};
constexpr Gate<Text> go{"go"};

Task<Text> errand(Workflow wf, Text what) {
  const Text done = co_await wf.step(ask, what);
  co_await wf.sleep(60s);
  co_await wf.receive(approval);
  co_return done;
}
Task<Text> hurried(Workflow wf, Text what) {
  co_await wf.sleep(1s);
  co_return co_await wf.step(ask, what);
}
Task<Text> parent(Workflow wf, Text what) { co_return co_await wf.child(helper, what); }
Task<Text> gated(Workflow wf, Text what) {
  co_await wf.gate(go, what);
  co_return what;
}
Task<Text> twice(Workflow wf, Text what) {
  if (what.value() == "anew") co_return co_await wf.step(ask, what);
  co_return co_await wf.continue_as_new<Text>(text("anew"));
}

class RebuildTest : public HandTest {
 protected:
  std::unique_ptr<Process> at_work(Code code = errand, const std::string& build = "build-1") {
    auto p = process(code);
    p->registry.add("helper", 1, errand);
    p->registry.add("parent", 1, parent);
    p->registry.add("gated", 1, gated);
    p->registry.add("twice", 1, twice);
    EngineOptions options{build, "test"};
    options.limits = {{"gated", 1}};
    options.resident_runs = 2;
    p->open(options);
    p->host.settle();
    return p;
  }
  static void start(Process& p, const std::string& run_id, const std::string& workflow = "flow",
                    const std::string& input = "") {
    const std::string what = text(input.empty() ? run_id : input).SerializeAsString();
    p.engine->start({run_id, workflow, what, "ann", "key of " + run_id});
    p.host.settle();
  }
  void expect_rebuilt(const store::LogReader& log) {
    std::map<std::string, std::string> stored;
    log.scan_projections("", [&](std::string_view key, std::string_view value) {
      return stored.emplace(key, value).second;
    });
    EXPECT_EQ(rebuild_projections(log), stored);
    EXPECT_THAT(verify(log).problems, IsEmpty());
    ++comparisons_;
    projections_ += stored.size();
  }
  void TearDown() override {
    std::cout << "rebuild: " << projections_ << " projections as they are stored, in "
              << comparisons_ << " comparisons\n";
  }
  template <class Act>
  void by_hand(const Act& act) {
    Process p(outside);
    p.log.listen({[](std::uint64_t) {}, [](const std::string&) {}});
    act(p.log);
    p.host.settle();
    outside.anchor.set(p.log.head());
    expect_rebuilt(p.log);
  }

 private:
  std::size_t comparisons_ = 0;
  std::size_t projections_ = 0;
};

TEST_P(RebuildTest, GivesTheStoredProjectionsAfterVariedHistories) {
  const std::string large(100'000, 'x');
  auto p = at_work();
  expect_rebuilt(p->log);
  for (const char* run : {"done", "asks", "sleeps", "waits", "cancelled", "ended", "paused"}) {
    start(*p, run);
  }
  start(*p, "large", "flow", large);
  start(*p, "family", "parent", "child");
  start(*p, "gate", "gated");
  start(*p, "queued", "gated");
  start(*p, "chain", "twice");
  expect_rebuilt(p->log);
  for (const char* run : {"done", "waits", "paused"}) hand.answer(*p, run);
  hand.answer(*p, large);
  pass(*p, 61s);
  hand.answer(*p, "sleeps");
  const auto approve = [&](const char* run) {
    p->engine->signal(run, approval.name(), text("me").SerializeAsString(), "boss");
    p->host.settle();
  };
  approve("done");
  p->engine->cancel("cancelled", ann);
  p->engine->terminate("ended", ann);
  p->engine->pause("paused", ann);
  approve("paused");
  p->host.settle();
  expect_rebuilt(p->log);
  p.reset();
  p = at_work(hurried, "build-2");  // quarantines what "flow" has open
  approve("waits");
  EXPECT_EQ(p->engine->state("waits"), RunState::quarantined);
  expect_rebuilt(p->log);
  p.reset();
  by_hand([&](store::Log& log) { accept_log(log, std::nullopt, ann, Time{}); });
  by_hand([&](store::Log& log) { release_run(log, "waits", ann, Time{}); });
  p = at_work(errand, "build-3");
  approve("sleeps");
  p->engine->release("family", ann);
  p->engine->terminate("large", ann);
  pass(*p, 61s);
  EXPECT_EQ(p->engine->state("waits"), RunState::completed);
  expect_rebuilt(p->log);
  p.reset();
  by_hand([&](store::Log& log) {
    const auto runs = prunable(log, {Time::max(), std::nullopt});
    EXPECT_EQ(runs.size(), 6U) << "done, cancelled, ended, large, chain, waits";
    for (const RunSummary& run : runs) log.submit(pruning_of(log, run, ann, Time{}));
  });
  p = at_work();
  pass(*p, 1h);
  expect_rebuilt(p->log);
}

INSTANTIATE_TEST_SUITE_P(BothLogs, RebuildTest, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
