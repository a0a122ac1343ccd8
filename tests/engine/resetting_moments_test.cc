// What is proved: a reset is refused while what it must know is not durable yet: what the run's
// children begin, and the turns that the run itself begins with.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/inspect/history.h"
#include "engine/runtime/engine.h"
#include "engine/testing/memory_anchor.h"
#include "engine/testing/one_by_one_log.h"
#include "engine/testing/simulated_host.h"
#include "store/memory_log.h"
#include "tests/engine/by_hand.h"

namespace ratchet::engine::testing {
namespace {

const By ann{"ann", "the second answer was wrong"};

constexpr Activity<Text, Text> leap =
    Activity<Text, Text>("leap", Effect::idempotent).irreversible();
constexpr ChildWorkflow<Text, Text> helper{"helper"};

Task<Text> work(Workflow wf, Text) {
  co_await wf.step(ask, text("a"));
  const Text b = co_await wf.step(ask, text("b"));
  co_return co_await wf.step(ask, text("after " + b.value()));
}

Task<Text> with_child(Workflow wf, Text) {
  co_await wf.step(ask, text("a"));
  co_return co_await wf.child(helper, text("b"));
}

Task<Text> leap_at_once(Workflow wf, Text in) { co_return co_await wf.step(leap, in); }

// One process on a log that takes a record at a time.
class ResettingOneByOne : public ::testing::Test {
 protected:
  void start() {
    anchor.serve(host);
    engine.emplace(log, host, registry, handlers, anchor, EngineOptions{"build-1", "test"});
    engine->open([this] { engine->start("r", "flow", text("in").SerializeAsString(), "ann"); });
  }
  std::string refused(const std::string& run, std::uint32_t kept) {
    return engine->reset(run, kept, ann).refused.value_or("it was not refused");
  }

  SimulatedHost host;
  store::MemoryLog durable{std::make_shared<store::MemoryDisk>(),
                           [this](std::function<void()> task) { host.post(std::move(task)); }};
  OneByOneLog log{durable, [] { return true; }};
  Registry registry;
  Handlers handlers;
  MemoryAnchor anchor;
  std::optional<Engine> engine;
};

// What begins with its first turn is found no less than what has begun.
TEST_F(ResettingOneByOne, AChildWhoseStartIsNotDurableYetIsInTheWay) {
  registry.add("flow", 1, with_child);
  registry.add("helper", 1, leap_at_once);
  const auto answer_at_once = [](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
    answer.complete(what);
  };
  handlers.handle<Text, Text>(ask, answer_at_once);
  handlers.handle<Text, Text>(leap, answer_at_once);
  start();
  bool begins = false;
  engine->observe([&begins](const Recorded& recorded) {
    begins = begins || std::holds_alternative<ChildStarted>(recorded.turn.events.back());
  });
  ASSERT_TRUE(host.run_until([&begins] { return begins; }));
  ASSERT_FALSE(find_run(durable, "r/2").has_value());
  EXPECT_NE(refused("r", 1).find("may begin at this moment"), std::string::npos) << refused("r", 1);
}

// Else two runs would go on in its place.
TEST_F(ResettingOneByOne, ARunThatHasNotGotItsCopiesYetIsNotReset) {
  registry.add("flow", 1, work);
  std::vector<Answer<Text>> unanswered;
  handlers.handle<Text, Text>(
      ask, [&unanswered](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
        if (what.value() == "a") return answer.complete(what);
        unanswered.push_back(answer);
      });
  start();
  host.settle();
  ASSERT_EQ(engine->reset("r", 2, ann).refused, std::nullopt);
  ASSERT_TRUE(host.run_until([this] { return find_run(durable, "r.reset-2").has_value(); }));
  EXPECT_EQ(refused("r.reset-2", 1), "run r.reset-2 is being written to at this moment; ask again");
  host.settle();
  EXPECT_EQ(engine->reset("r.reset-2", 1, ann).refused, std::nullopt);
}

}  // namespace
}  // namespace ratchet::engine::testing
