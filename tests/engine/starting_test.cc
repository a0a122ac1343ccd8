// What is proved: starting by key, the limit of open runs of a workflow and its queue, and finding
// runs again.
#include <gtest/gtest.h>

#include "tests/engine/by_hand.h"

namespace ratchet::engine::testing {
namespace {

const By ann{"ann", "a test"};

Task<Text> one_step(Workflow wf, Text in) { co_return co_await wf.step(ask, in); }

class Starting : public HandTest {
 protected:
  // At most two runs of "flow" are open at once.
  std::unique_ptr<Process> limited() {
    auto p = process(one_step);
    EngineOptions options{"build-1", "test"};
    options.limits = {{"flow", 2}};
    p->open(options);
    p->host.settle();
    return p;
  }
  static void start(Process& p, const std::string& id) {
    EXPECT_TRUE(p.engine->start(id, "flow", text(id).SerializeAsString(), "ann"));
    p.host.settle();
  }
  static std::string states(Process& p) {
    std::string all;
    for (const RunInfo& run : list_runs(p.log)) {
      all += run.run_id + std::to_string(static_cast<int>(run.state)) + " ";
    }
    return all;
  }
};

TEST_P(Starting, OneOpenRunHasAKeyAndARepeatedStartFindsIt) {
  {
    auto p = opened(one_step);
    const Started first = p->engine->start({"r", "flow", {}, "ann", "db-1"});
    EXPECT_TRUE(first.fresh);
    const Started second = p->engine->start({"s", "flow", {}, "bob", "db-1"});
    EXPECT_FALSE(second.fresh);
    EXPECT_EQ(second.run_id, "r");
    EXPECT_TRUE(p->engine->start({"t", "flow", {}, "bob", "db-2"}).fresh);
    p->host.settle();
  }
  auto p = opened(one_step);
  EXPECT_EQ(p->engine->start({"s", "flow", {}, "bob", "db-1"}).run_id, "r") << "after a restart";
  EXPECT_EQ(find_run(p->log, "r")->origin->key, "db-1");
  p->engine->terminate("r", ann);
  p->host.settle();
  EXPECT_TRUE(p->engine->start({"s", "flow", {}, "bob", "db-1"}).fresh) << "its run has ended";
  EXPECT_THROW(p->engine->start({"u", "flow", {}, "bob", std::string(300, 'k')}),
               std::invalid_argument);
  p->host.settle();
  EXPECT_TRUE(verify(p->log).ok());
}

TEST_P(Starting, RunsBeyondTheLimitWaitAndBeginInOrder) {
  auto p = limited();
  for (const char* id : {"a", "b", "c", "d"}) start(*p, id);
  EXPECT_EQ(states(*p), "a1 b1 c8 d8 ");
  EXPECT_EQ(p->history("c"), "0 Held RunStarted\n");
  EXPECT_EQ(p->engine->waiting_for("c"),
            std::vector<std::string>{"a place among the runs of workflow flow"});
  hand.answer(*p, "b");
  EXPECT_EQ(states(*p), "a1 b2 c1 d8 ");
  EXPECT_EQ(p->history("c"), "0 Held RunStarted\n1 RunStarted\n1 step 1 ask\n");
  hand.answer(*p, "c");
  hand.answer(*p, "d");
  EXPECT_EQ(states(*p), "a1 b2 c2 d2 ");
  expect_whole(*p);
}

Task<Text> asks_then_listens(Workflow wf, Text in) {
  if (in.value() == "next") co_return co_await wf.receive(approval);
  co_await wf.step(ask, in);
  co_return co_await wf.continue_as_new<Text>(text("next"));
}

// In the time that the next process needs to find the run that continues.
TEST_P(Starting, ASignalReachesARunThatWasToContinueWhenTheProcessDied) {
  {
    auto p = opened(asks_then_listens);
    for (int other = 0; other < 40; ++other) {
      const std::string id = "other-" + std::to_string(other);
      p->engine->start(id, "flow", text(id).SerializeAsString(), "ann");
    }
    p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
    p->host.settle();
    hand.send(*p, "in");
    p->host.run_until([&] { return find_run(p->log, "r")->state == RunState::continued; });
    p->host.stop();
    ASSERT_FALSE(find_run(p->log, "r~2"));
  }
  auto p = process(asks_then_listens);
  p->open();
  EXPECT_TRUE(p->engine->signal("r", approval.name(), text("yes").SerializeAsString(), "bob"));
  p->host.settle();
  EXPECT_EQ(result(*p, "r~2"), "yes");
  expect_whole(*p);
}

TEST_P(Starting, ALimitLetsOneRunBeOpenAtLeast) {
  auto p = process(one_step);
  EngineOptions options{"build-1", "test"};
  options.limits = {{"flow", 0}};
  EXPECT_THROW(p->open(options), std::invalid_argument);
}

TEST_P(Starting, TheQueueSurvivesTheProcessAndALiftedLimit) {
  {
    auto p = limited();
    for (const char* id : {"a", "b", "c", "d"}) start(*p, id);
  }
  {
    auto p = limited();
    EXPECT_EQ(states(*p), "a1 b1 c8 d8 ");
    hand.answer(*p, "a");
    EXPECT_EQ(states(*p), "a2 b1 c1 d8 ");
  }
  auto p = opened(one_step);
  EXPECT_EQ(states(*p), "a2 b1 c1 d1 ") << "without a limit nobody waits";
  expect_whole(*p);
}

TEST_P(Starting, AQueuedRunCanBePausedSignalledAndTerminated) {
  auto p = limited();
  for (const char* id : {"a", "b", "c", "d", "e"}) start(*p, id);
  EXPECT_EQ(p->engine->pause("c", ann), std::nullopt);
  EXPECT_EQ(p->engine->terminate("d", ann), std::nullopt);
  EXPECT_TRUE(p->engine->signal("e", approval.name(), {}, "bob"));
  p->host.settle();
  hand.answer(*p, "a");
  EXPECT_EQ(states(*p), "a2 b1 c8 d6 e1 ") << "a paused run lets others pass";
  EXPECT_EQ(p->engine->resume("c", ann), std::nullopt);
  hand.answer(*p, "b");
  EXPECT_EQ(states(*p), "a2 b2 c1 d6 e1 ");
  expect_whole(*p);
}

TEST_P(Starting, RunsAreFoundByTypeStateKeyAndTime) {
  auto p = opened(one_step);
  p->registry.add("other", 1, one_step);
  p->engine->start({"a", "flow", text("a").SerializeAsString(), "ann", "key-a"});
  p->host.settle();
  pass(*p, std::chrono::seconds(60));
  const Time later = p->host.now();
  p->engine->start({"b", "flow", text("b").SerializeAsString(), "ann", {}});
  p->engine->start({"c", "other", text("c").SerializeAsString(), "ann", {}});
  p->host.settle();
  hand.answer(*p, "b");
  const auto ids = [&](const RunFilter& filter) {
    std::string all;
    for (const RunInfo& run : list_runs(p->log, filter)) all += run.run_id;
    return all;
  };
  EXPECT_EQ(ids({}), "abc");
  EXPECT_EQ(ids({.workflow = "flow"}), "ab");
  EXPECT_EQ(ids({.states = {RunState::completed, RunState::failed}}), "b");
  EXPECT_EQ(ids({.key = "key-a"}), "a");
  EXPECT_EQ(ids({.started_from = later}), "bc");
  EXPECT_EQ(ids({.workflow = "flow", .started_before = later}), "a");
  EXPECT_EQ(ids({.parent = "nobody"}), "");
}

INSTANTIATE_TEST_SUITE_P(On, Starting, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
