#include "store/memory_log.h"

#include <deque>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/store/log_under_test.h"

namespace ratchet::store {
namespace {

using testing::ElementsAre;

struct Loop {
  std::deque<std::function<void()>> tasks;

  MemoryLog::Post post() {
    return [this](std::function<void()> task) { tasks.push_back(std::move(task)); };
  }
  void run() {
    for (; !tasks.empty(); tasks.pop_front()) tasks.front()();
  }
};

TEST(MemoryLog, ShowsNothingBeforeItIsDurable) {
  Loop loop;
  MemoryLog log(std::make_shared<MemoryDisk>(), loop.post());
  log.submit(plain_entry("x"));
  EXPECT_EQ(log.head().size, 0U);
  EXPECT_EQ(log.read(0), std::nullopt);
  EXPECT_EQ(log.next_index(), 1U);
  loop.run();
  EXPECT_EQ(log.read(0), "x");
}

TEST(MemoryLog, WritesEverythingThatIsReadyAsOneGroup) {
  Loop loop;
  Told told;
  MemoryLog log(std::make_shared<MemoryDisk>(), loop.post());
  log.listen(told.listener());
  for (int i = 0; i < 3; ++i) log.submit(plain_entry("x"));
  EXPECT_EQ(loop.tasks.size(), 1U);
  loop.run();
  log.submit(plain_entry("x"));
  loop.run();
  EXPECT_THAT(told.durable_sizes(), ElementsAre(3, 4));
}

TEST(MemoryLog, LosesWithItsDestructionWhatWasNotDurable) {
  Loop loop;
  Told told;
  const auto disk = std::make_shared<MemoryDisk>();
  {
    MemoryLog log(disk, loop.post());
    log.listen(told.listener());
    log.submit(plain_entry("kept"));
    loop.run();
    log.submit(plain_entry("lost"));
  }
  loop.run();  // a task that outlives its log does nothing
  EXPECT_THAT(told.durable_sizes(), ElementsAre(1));
  MemoryLog log(disk, loop.post());
  EXPECT_EQ(log.next_index(), 1U);
  EXPECT_EQ(log.read(0), "kept");
}

TEST(MemoryLog, MayBeDestroyedByItsListener) {
  Loop loop;
  const auto disk = std::make_shared<MemoryDisk>();
  auto log = std::make_unique<MemoryLog>(disk, loop.post());
  log->listen({.durable = [&](std::uint64_t) { log.reset(); }, .halted = {}});
  log->submit(plain_entry("x"));
  loop.run();
  EXPECT_EQ(MemoryLog(disk, loop.post()).head().size, 1U);
}

TEST(MemoryLog, HaltsAtAFailedAppendWhetherOrNotItLanded) {
  for (const bool lands : {false, true}) {
    Loop loop;
    Told told;
    const auto disk = std::make_shared<MemoryDisk>();
    {
      MemoryLog log(disk, loop.post());
      log.listen(told.listener());
      disk->fail_next_append(lands);
      log.submit(plain_entry("x"));
      loop.run();
      EXPECT_NE(told.wait_for_halt(), "");
      EXPECT_TRUE(told.durable_sizes().empty());
      EXPECT_EQ(fault_of([&] { log.submit(plain_entry("y")); }), Fault::halted);
    }
    EXPECT_EQ(MemoryLog(disk, loop.post()).head().size, lands ? 1U : 0U);
  }
}

TEST(MemoryLog, ACopiedDiskGoesItsOwnWay) {
  Loop loop;
  const auto disk = std::make_shared<MemoryDisk>();
  MemoryLog log(disk, loop.post());
  log.submit(plain_entry("x"));
  loop.run();
  MemoryLog restored(disk->copy(), loop.post());
  log.submit(plain_entry("y"));
  loop.run();
  EXPECT_EQ(restored.head().log_id, log.head().log_id);
  EXPECT_EQ(restored.head().size, 1U);
}

TEST(MemoryLog, RefusesMoreThanItsQueueHolds) {
  Loop loop;
  MemoryLog log(std::make_shared<MemoryDisk>(), loop.post());
  EXPECT_EQ(fault_of([&] {
              for (int i = 0; i < 100'000; ++i) log.submit(plain_entry(""));
            }),
            Fault::io);
}

}  // namespace
}  // namespace ratchet::store
