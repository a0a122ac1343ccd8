// What is proved: a run waits for its maintenance window, over the death of its process and on the
// nights when clocks are set, on both logs, and wherever it is stopped.
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "engine/windows/window.h"
#include "tests/engine/every_way.h"
#include "tests/engine/process.h"
#include "tests/engine/travel.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;

// When the window opens that is open at, or comes after, this time: both in microseconds.
constexpr Activity<Text, Text> next_opening{"next_opening", Effect::read};
constexpr Activity<Text, Text> tidy{"tidy", Effect::idempotent};

std::string count_of(Time time) { return std::to_string(time.time_since_epoch().count()); }
Time time_of(const Text& count) { return Time{Duration{std::stoll(count.value())}}; }

Task<Text> tidy_at_night(Workflow wf, Text) {
  while (true) {
    const Time opens = time_of(co_await wf.step(next_opening, text(count_of(wf.now()))));
    if (opens <= wf.now()) break;
    co_await wf.sleep(opens - wf.now());
  }
  co_return co_await wf.step(tidy, text("tidy"));
}

class Room final : public World {
 public:
  explicit Room(WindowRule night) : night_(std::move(night)) {}

  void serve(Handlers& handlers, Host& host) override {
    handlers.handle<Text, Text>(
        next_opening, [this](const AttemptInfo&, const Text& after, const Answer<Text>& answer) {
          answer.complete(text(count_of(next_window(night_, time_of(after)).begin)));
        });
    handlers.handle<Text, Text>(
        tidy, [this, &host](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
          tidied = host.now();
          answer.complete(what);
        });
  }
  std::string state() const override {
    const Window night = next_window(night_, tidied);
    return tidied < night.begin ? "by day" : "in the night of " + count_of(night.begin);
  }

  Time tidied{};

 private:
  WindowRule night_;
};

const WindowRule half_past_two{"30 2 * * *", 30min, "Europe/Berlin"};

class Nights : public ::testing::TestWithParam<DiskKind> {
 protected:
  std::unique_ptr<Process> opened() {
    auto p = std::make_unique<Process>(outside);
    p->registry.add("night", 1, tidy_at_night);
    room.serve(p->handlers, p->host);
    p->open();
    p->host.settle();
    return p;
  }
  // When the run tidies up that is started then; its process dies while it sleeps.
  Time tidied_after(Time start, const std::string& run_id) {
    outside.now = start;
    {
      auto p = opened();
      p->engine->start(run_id, "night", {}, "test");
      p->host.settle();
      EXPECT_NE(p->history(run_id).find("timer 2 due"), std::string::npos) << p->history(run_id);
    }
    outside.now += 1h;
    auto p = opened();
    EXPECT_TRUE(p->host.run_until([&] { return p->engine->state(run_id) == RunState::completed; }));
    return room.tidied;
  }

  Outside outside{GetParam().make()};
  Room room{half_past_two};
};

TEST_P(Nights, BeginWhenTheClockOnTheWallSaysSo) {
  using std::chrono::sys_days;
  // In spring 02:30 is skipped: the window opens at 03:00 there.
  EXPECT_EQ(tidied_after(sys_days{2026y / 3 / 28} + 12h, "spring"),
            Time{sys_days{2026y / 3 / 29} + 1h});
  // In autumn 02:30 comes twice: the first one counts, and at the second it is over.
  EXPECT_EQ(tidied_after(sys_days{2026y / 10 / 24} + 12h, "autumn"),
            Time{sys_days{2026y / 10 / 25} + 30min});
  EXPECT_EQ(tidied_after(sys_days{2026y / 10 / 25} + 1h + 15min, "the night after"),
            Time{sys_days{2026y / 10 / 26} + 1h + 30min});
}

INSTANTIATE_TEST_SUITE_P(On, Nights, all_disks(), name_of_disk);

// The matrix begins on 2001-09-09; this is the next night when clocks are set back.
TEST(CrashNights, WorkIsDoneInItsWindowWhereverItsRunIsStopped) {
  const CrashReport report = in_every_way(
      {.registry = [](Registry& registry) { registry.add("night", 1, tidy_at_night); },
       .world =
           [] {
             return std::make_unique<Room>(WindowRule{"30 2 28 10 *", 30min, "Europe/Berlin"});
           },
       .workflow = "night",
       .input = {}});
  const Time first{std::chrono::sys_days{2001y / 10 / 28} + 30min};
  EXPECT_TRUE(report.end.starts_with("in the night of " + count_of(first) + "\nstate 2"))
      << report.end;
}

}  // namespace
}  // namespace ratchet::engine::testing
