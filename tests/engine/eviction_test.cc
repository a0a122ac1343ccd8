// What is proved: a run that waits costs no coroutine. It is brought back by its record when
// something happens to it, with the same history as one that stayed, on both logs; opening replays
// nothing that only waits, but for runs that other code decided.
#include <chrono>
#include <filesystem>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "engine/core/open_run.h"
#include "engine/inspect/history.h"
#include "engine/inspect/verify.h"
#include "engine/runtime/asio_host.h"
#include "store/rocks_log.h"
#include "tests/engine/disk.h"
#include "tests/engine/process.h"
#include "tests/engine/travel.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;

int coroutines_started = 0;

// quote, a timer, an approval, two bookings: all that a run can wait for.
Task<Text> hike(Workflow wf, Text where) {
  ++coroutines_started;
  const Text price = co_await wf.step(quote, where);
  co_await wf.sleep(5ms);
  const Text by = co_await wf.receive(approval);
  co_await wf.step(book, text("hut at " + where.value()));
  co_await wf.step(book, text("guide at " + where.value()));
  co_return text(price.value() + ", approved by " + by.value());
}

// Waits for an approval with a deadline, then for another without one.
Task<Text> hike_in_time(Workflow wf, Text where) {
  ++coroutines_started;
  const auto first = co_await race(wf.receive(approval), wf.sleep(1h));
  const Text by = co_await wf.receive(approval);
  co_return text(where.value() + (first.index() == 0 ? " in time by " : " late by ") + by.value());
}

constexpr ChildWorkflow<Text, Text> guide{"guide"};
constexpr Activity<Text, Text> ask_around{"ask_around", Effect::read, Policy{}.each(1h)};

Task<Text> guided_hike(Workflow wf, Text where) { co_return co_await wf.child(guide, where); }
Task<Text> guiding(Workflow wf, Text where) { co_return co_await wf.step(ask_around, where); }

Task<Text> other_hike(Workflow wf, Text where) { return travel_otherwise(wf, std::move(where)); }

// Handlers answer at once; these do so in a task of their own, after the run could be evicted.
void answer_later(Handlers& handlers, Host& host) {
  std::vector<Handlers::Entry> entries;
  handlers.for_each([&](const Handlers::Entry& entry) { entries.push_back(entry); });
  for (Handlers::Entry& entry : entries) {
    entry.perform = [&host, perform = entry.perform](const AttemptInfo& info, const Bytes& input,
                                                     const auto& sink) {
      host.post([perform, info, input, sink] { perform(info, input, sink); });
    };
    handlers.put(std::move(entry));
  }
}

std::string without_times(const std::string& history) {
  return std::regex_replace(history, std::regex(" due [0-9]+ us"), "");
}

class Eviction : public ::testing::TestWithParam<DiskKind> {
 protected:
  std::unique_ptr<Process> process(std::size_t resident_runs,
                                   Task<Text> (*code)(Workflow, Text) = hike) {
    return process_in(outside, resident_runs, code);
  }
  std::unique_ptr<Process> process_in(Outside& where, std::size_t resident_runs,
                                      Task<Text> (*code)(Workflow, Text)) {
    auto p = std::make_unique<Process>(where);
    p->resident_runs = resident_runs;
    p->registry.add("hike", 1, code);
    ledger.serve(p->handlers, p->host);
    answer_later(p->handlers, p->host);
    coroutines_started = 0;
    return p;
  }
  static void start(Process& p) {
    p.engine->start("r", "hike", text("Rysy").SerializeAsString(), "ann");
  }
  static void approve(Engine& engine) {
    engine.signal("r", approval.name(), text("bob").SerializeAsString(), "bob");
  }
  static bool waits_for_approval(Process& p) {
    return p.host.run_until([&] { return p.history("r").find("wait 3") != std::string::npos; });
  }
  static std::string finish(Process& p) {
    EXPECT_TRUE(waits_for_approval(p));
    p.host.settle();
    approve(*p.engine);
    EXPECT_TRUE(p.host.run_until([&] { return p.engine->state("r") == RunState::completed; }));
    const VerifyReport report = verify(p.log);
    EXPECT_TRUE(report.ok()) << report.problems.front();
    return p.history("r");
  }
  // The history of a run with every turn in its own process's memory.
  std::string resident_history() {
    Outside other{GetParam().make()};
    auto p = process_in(other, 8192, hike);
    p->open();
    start(*p);
    return finish(*p);
  }

  Outside outside{GetParam().make()};
  Ledger ledger;
};

TEST_P(Eviction, AtEveryAwaitGivesTheSameHistory) {
  const std::string resident = resident_history();
  EXPECT_EQ(coroutines_started, 1);
  auto p = process(0);
  p->open();
  start(*p);
  EXPECT_EQ(finish(*p), resident);
  EXPECT_EQ(coroutines_started, 6) << "once, and again before each of the five other turns";
}

TEST_P(Eviction, GoesByTheLeastRecentUse) {
  auto p = process(2);
  p->open();
  for (const char* id : {"a", "b", "c", "d"}) {
    p->engine->start(id, "hike", text(id).SerializeAsString(), "ann");
  }
  p->host.run_until([&] { return p->history("d").find("wait 3") != std::string::npos; });
  p->host.settle();
  coroutines_started = 0;
  for (const char* id : {"d", "c"}) EXPECT_EQ(p->engine->waiting_for(id).size(), 1U);
  EXPECT_EQ(coroutines_started, 0) << "both stayed";
  EXPECT_EQ(p->engine->waiting_for("a").front(), "wait 3 for signal approval");
  EXPECT_EQ(coroutines_started, 1) << "the oldest one had to be brought back";
}

TEST_P(Eviction, WhatWasBroughtBackToBeLookedAtGoesAgain) {
  auto p = process(0);
  p->open();
  start(*p);
  ASSERT_TRUE(waits_for_approval(*p));
  p->host.settle();
  coroutines_started = 0;
  for (int looks = 1; looks <= 3; ++looks) {
    EXPECT_EQ(p->engine->waiting_for("r").size(), 1U);
    EXPECT_EQ(coroutines_started, looks) << "it did not stay in memory since the last look";
    p->host.settle();
  }
}

TEST_P(Eviction, ATimerThatNobodyWaitsForAnyMoreBringsNoRunBack) {
  auto p = process(0, hike_in_time);
  p->open();
  start(*p);
  p->host.settle();
  approve(*p->engine);
  p->host.settle();
  ASSERT_NE(p->history("r").find("cancel 2"), std::string::npos) << p->history("r");
  coroutines_started = 0;
  bool later = false;
  p->host.wake_at(p->host.now() + 2h, [&later] { later = true; });
  EXPECT_TRUE(p->host.run_until([&later] { return later; }));
  EXPECT_EQ(coroutines_started, 0);
  approve(*p->engine);
  p->host.settle();
  EXPECT_EQ(p->engine->state("r"), RunState::completed);
}

TEST_P(Eviction, OpeningReplaysNothingThatOnlyWaits) {
  {
    auto p = process(8192);
    p->open();
    start(*p);
    ASSERT_TRUE(waits_for_approval(*p));
  }
  auto p = process(8192);
  p->open();
  p->host.settle();
  EXPECT_EQ(coroutines_started, 0);
  EXPECT_EQ(p->engine->state("r"), RunState::running);
  const std::string history = finish(*p);
  EXPECT_EQ(coroutines_started, 1);
  EXPECT_EQ(history, resident_history());
}

TEST_P(Eviction, ATimerOfARunThatWasNotReplayedFires) {
  {
    auto p = process(8192);
    p->open();
    start(*p);
    p->host.run_until([&] { return p->history("r").find("timer 2") != std::string::npos; });
  }
  auto p = process(8192);
  p->open();
  EXPECT_EQ(coroutines_started, 0);
  EXPECT_EQ(finish(*p), resident_history());
}

TEST_P(Eviction, WhatOtherCodeDecidedIsReplayedInTheBackground) {
  {
    auto p = process(8192);
    p->open("build-1");
    start(*p);
    ASSERT_TRUE(waits_for_approval(*p));
  }
  {
    auto p = process(8192, other_hike);
    p->open("build-1");  // says that it is the same code, and is believed
    p->host.settle();
    EXPECT_EQ(p->engine->state("r"), RunState::running);
  }
  {
    auto p = process(8192, other_hike);
    p->open("build-2");
    p->host.settle();
    EXPECT_EQ(p->engine->state("r"), RunState::quarantined);
    EXPECT_TRUE(verify(p->log).ok());
  }
  auto p = process(8192);
  p->open("build-3");
  EXPECT_NE(finish(*p).find("QuarantineLifted"), std::string::npos);
}

// Those that are in memory no more when all that was interrupted has been taken up, too.
TEST_P(Eviction, OrphansAreCancelledHoweverManyRunsWereInterrupted) {
  constexpr int families = 20;
  const auto parent = [](int i) { return "r" + std::to_string(i); };
  std::vector<Answer<Text>> unanswered;
  const auto opened = [&] {
    auto p = process(0, guided_hike);
    p->registry.add("guide", 1, guiding);
    p->handlers.handle<Text, Text>(
        ask_around, [&unanswered](const AttemptInfo&, const Text&, const Answer<Text>& answer) {
          unanswered.push_back(answer);
        });
    p->open();
    p->host.settle();
    return p;
  };
  {
    auto p = opened();
    for (int i = 0; i < families; ++i) {
      p->engine->start(parent(i), "hike", text("Rysy").SerializeAsString(), "ann");
    }
    p->host.settle();
    for (int i = 0; i < families; ++i) {
      EXPECT_EQ(p->engine->terminate(parent(i), {"ann", "it rains"}), std::nullopt);
    }
    p->host.run_until(
        [&] { return find_run(p->log, parent(families - 1))->state == RunState::terminated; });
    p->host.stop();
  }
  auto p = opened();
  for (int i = 0; i < families; ++i) {
    EXPECT_TRUE(find_run(p->log, parent(i) + "/1")->cancel_requested) << parent(i);
  }
}

TEST_P(Eviction, VerifyNoticesAnEntryThatTheRecordsDoNotGive) {
  {
    auto p = process(8192);
    p->open();
    start(*p);
    ASSERT_TRUE(waits_for_approval(*p));
  }
  SimulatedHost host;
  const std::unique_ptr<store::Log> opened = outside.disk->open(host);
  store::Log& log = *opened;
  log.listen({.durable = [](std::uint64_t) {}, .halted = [](const std::string&) {}});
  const std::uint64_t run = find_run(log, "r")->run;
  ASSERT_TRUE(verify(log).ok());
  const auto write = [&](std::optional<std::string> value) {
    log.submit({.record = *log.read(1),
                .turn = {},
                .blobs = {},
                .projections = {{open_run_key(run), std::move(value)}},
                .prunes = {}});
    host.settle();
    std::string found;
    for (const std::string& problem : verify(log).problems) found += problem + "\n";
    return found;
  };
  const std::string name = "projection open/" + std::to_string(run);
  EXPECT_NE(write("\x10\x01").find(name + " is not what the records say"), std::string::npos);
  EXPECT_NE(write(std::nullopt).find(name + " is missing"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Disks, Eviction, all_disks(), name_of_disk);

// The same with RocksDB's threads and in real time.
class EvictionInRealTime : public Eviction {};
TEST_P(EvictionInRealTime, AtEveryAwaitGivesTheSameHistory) {
  const std::string dir = ::testing::TempDir() + "eviction_test_log";
  std::filesystem::remove_all(dir);
  boost::asio::io_context io{1};
  AsioHost host(io);
  const auto log = store::open_rocks_log(dir);
  Registry registry;
  registry.add("hike", 1, hike);
  Handlers handlers;
  ledger.serve(handlers, host);
  answer_later(handlers, host);
  outside.anchor.serve(host);
  Engine engine(*log, host, registry, handlers, outside.anchor, {"build-1", "test", 0});
  engine.observe([&](const Recorded& recorded) {
    if (std::holds_alternative<SignalAwaited>(recorded.turn.events.back())) {
      host.post([&] { approve(engine); });
    }
    if (recorded.state == RunState::completed) io.stop();
  });
  coroutines_started = 0;
  engine.open([&] { engine.start("r", "hike", text("Rysy").SerializeAsString(), "ann"); });
  const auto guard = boost::asio::make_work_guard(io);
  io.run_for(30s);
  EXPECT_EQ(coroutines_started, 6);
  EXPECT_EQ(without_times(history_of(*log, "r")), without_times(resident_history()));
  EXPECT_TRUE(verify(*log).ok());
}
INSTANTIATE_TEST_SUITE_P(Rocks, EvictionInRealTime,
                         ::testing::Values(DiskKind{"RocksLog", rocks_disk}), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
