// What is proved: a step that cannot be undone begins when the anchor outside the log covers its
// intent, and not before; and what becomes of it where the anchor cannot be written. What is to be
// anchored is, also if it comes while an older head is being written.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/runtime/anchoring.h"
#include "tests/engine/process.h"
#include "tests/engine/travel.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;

constexpr Activity<Text, Text> final_one =
    Activity<Text, Text>("final_one", Effect::manual).irreversible();
constexpr auto final_act =
    Activity<Text, Text>{"final_act", Effect::idempotent, Policy{}.start_within(5s)}.irreversible();
constexpr auto final_soon =
    Activity<Text, Text>{"final_soon", Effect::idempotent, Policy{}.overall(30s)}.irreversible();

template <const Activity<Text, Text>& activity>
Task<Text> final_step(Workflow wf, Text in) {
  const auto done = co_await attempt(wf.step(activity, in));
  co_return text(done.ok() ? "done" : done.failed->code);
}

class IrreversibleSteps : public ::testing::TestWithParam<DiskKind> {
 protected:
  // A process whose runs take one step, and count how often it begins.
  template <const Activity<Text, Text>& activity>
  std::unique_ptr<Process> opened() {
    auto p = std::make_unique<Process>(outside);
    p->registry.add("final", 1, final_step<activity>);
    p->handlers.handle<Text, Text>(
        activity,
        [this, &host = p->host](const AttemptInfo&, const Text& what, const auto& answer) {
          if (++performed == 1 && dies) return host.stop();
          answer.complete(what);
        });
    p->open();
    p->host.settle();
    return p;
  }
  static void start(Process& p) {
    p.engine->start("r", "final", text("in").SerializeAsString(), "test");
  }
  static bool ends(Process& p) {
    return p.host.run_until([&] { return p.engine->state("r") == RunState::completed; });
  }

  Outside outside{GetParam().make()};
  int performed = 0;
  bool dies = false;  // the process, as soon as the step has begun
};

TEST_P(IrreversibleSteps, BeginWhenTheAnchorCoversTheirIntent) {
  auto p = opened<final_one>();
  outside.anchor.refuse("the anchor's place is away");
  start(*p);
  p->host.run_until([&] { return performed > 0; }, 200);
  EXPECT_EQ(performed, 0);
  outside.anchor.refuse("");
  EXPECT_TRUE(p->host.run_until([&] { return performed > 0; }, 200));
}

TEST_P(IrreversibleSteps, ThatCannotStartInTimeFail) {
  auto p = opened<final_act>();
  outside.anchor.refuse("no anchor today");
  start(*p);
  EXPECT_TRUE(ends(*p));
  EXPECT_EQ(performed, 0);
  EXPECT_NE(p->history("r").find("StepFailed 1 after 0: start_timeout"), std::string::npos)
      << p->history("r");
}

TEST_P(IrreversibleSteps, ThatCannotStartFailWhenTheirWholeTimeIsOver) {
  auto p = opened<final_soon>();
  outside.anchor.refuse("no anchor today");
  const Time begun = p->host.now();
  start(*p);
  EXPECT_TRUE(ends(*p));
  EXPECT_EQ(performed, 0);
  EXPECT_NE(p->history("r").find("StepFailed 1 after 0: timeout"), std::string::npos)
      << p->history("r");
  EXPECT_LE(p->host.now() - begun, 31s);
}

// It may have had its effect: that it was not started would be a lie, and the workflow acts on it.
TEST_P(IrreversibleSteps, ThatWereInterruptedAreNotCalledUnstarted) {
  dies = true;
  {
    auto p = opened<final_act>();
    start(*p);
    EXPECT_FALSE(ends(*p));
  }
  ASSERT_EQ(performed, 1);
  outside.now += 1h;
  outside.anchor.refuse("away for a moment");
  auto p = opened<final_act>();
  p->host.wake_at(p->host.now() + 2s, [this] { outside.anchor.refuse(""); });
  EXPECT_TRUE(ends(*p));
  EXPECT_EQ(performed, 2);
  EXPECT_NE(p->history("r").find("StepCompleted 1 after 1"), std::string::npos) << p->history("r");
}

// The anchor tells: what it does not cover has not begun.
TEST_P(IrreversibleSteps, ThatHadNotBegunAreStillInTimeOrNot) {
  {
    auto p = opened<final_act>();
    outside.anchor.refuse("no anchor today");
    start(*p);
    p->host.settle();
  }
  outside.now += 1h;
  auto p = opened<final_act>();
  EXPECT_TRUE(ends(*p));
  EXPECT_EQ(performed, 0);
  EXPECT_NE(p->history("r").find("StepFailed 1 after 0: start_timeout"), std::string::npos)
      << p->history("r");
}

// An anchor behind a network: a write takes its time.
class DistantAnchor final : public Anchor {
 public:
  explicit DistantAnchor(Host& host) : host_(host) {}
  std::optional<store::Head> read() override { return std::nullopt; }
  void write(const store::Head& head, std::function<void(const std::string&)> done) override {
    host_.wake_at(host_.now() + 300ms, [this, size = head.size, done = std::move(done)] {
      written = size;
      done("");
    });
  }
  std::uint64_t written = 0;

 private:
  Host& host_;
};

TEST(Anchoring, CoversWhatCameWhileAnOlderHeadWasBeingWritten) {
  SimulatedHost host;
  DistantAnchor anchor(host);
  store::Head head;
  head.size = 5;
  Anchoring anchoring(anchor, host, [&head] { return head; });
  const Time begun = host.now();
  anchoring.refresh();
  host.wake_at(begun + 100ms, [&] {
    head.size = 7;
    anchoring.refresh();
  });
  EXPECT_TRUE(host.run_until([&anchor] { return anchor.written == 7; }));
  EXPECT_LE(host.now() - begun, 2s);
}

INSTANTIATE_TEST_SUITE_P(On, IrreversibleSteps, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
