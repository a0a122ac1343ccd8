// What is proved: a turn that ends the process is executed twice and no more; others go on; another
// build tries again. Real processes on a real log, killed while they execute the turn; the same on
// the log in memory; and wherever such a run is stopped.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/runtime/breadcrumb.h"
#include "store/page.h"
#include "store/rocks_log.h"
#include "tests/engine/by_hand.h"
#include "tests/engine/notebook.h"
#include "tests/store/log_under_test.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;

// Its second turn ends the process.
Task<Text> deadly(Workflow wf, Text in) {
  co_await wf.receive(approval);
  kill(getpid(), SIGKILL);
  co_return in;
}
Task<Text> harmless(Workflow wf, Text in) {
  co_await wf.receive(approval);
  co_return in;
}
Task<Text> deadly_at_once(Workflow, Text in) {
  kill(getpid(), SIGKILL);
  co_return in;
}

class Poison : public ::testing::Test {
 protected:
  // One process that opens the log, approves run "r", and starts run "s" of the harmless workflow.
  // Returns true if it was killed, else checks that what it found is `expected`.
  bool dies(Task<Text> (*code)(Workflow, Text), const std::string& build,
            const std::string& expected = {}) {
    const pid_t child = fork();
    if (child == 0) _exit(live(code, build) == expected ? 0 : 1);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "not " << expected;
    return WIFSIGNALED(status);
  }

  std::string live(Task<Text> (*code)(Workflow, Text), const std::string& build) {
    const std::string dir = folder.path() + "/log";
    Outside outside(rocks_disk_in(dir));
    if (std::filesystem::exists(dir)) outside.anchor.set(store::open_rocks_reader(dir)->head());
    Process p(outside);
    p.registry.add("flow", 1, code);
    p.registry.add("harmless", 1, harmless);
    store::Page page = store::Page::open_or_create(dir, p.log.head().log_id, 0);
    EngineOptions options{build, "test"};
    options.breadcrumb = page.engine_bytes();
    p.open(options);
    p.host.settle();
    p.engine->start("s", "harmless", {}, "ann");
    p.engine->start("r", "flow", {}, "ann");
    p.host.settle();
    p.engine->signal("s", approval.name(), {}, "ann");
    p.engine->signal("r", approval.name(), {}, "ann");
    p.host.settle();
    const auto run = find_run(p.log, "r");
    return std::to_string(static_cast<int>(run->state)) + " " +
           std::to_string(static_cast<int>(p.engine->state("s").value()));
  }

  store::TemporaryFolder folder;
};

TEST_F(Poison, ATurnThatEndedTwoProcessesIsNotExecutedAgain) {
  EXPECT_TRUE(dies(deadly, "build-1"));
  EXPECT_TRUE(dies(deadly, "build-1"));
  EXPECT_FALSE(dies(deadly, "build-1", "4 2")) << "quarantined; the other run completed";
  EXPECT_FALSE(dies(deadly, "build-1", "4 2")) << "and so it stays";
  EXPECT_TRUE(dies(deadly, "build-2")) << "another build tries it";
  EXPECT_FALSE(dies(harmless, "build-3", "2 2")) << "and one that is mended goes on";
}

TEST_F(Poison, AStartThatEndsProcessesIsQuarantinedToo) {
  EXPECT_TRUE(dies(deadly_at_once, "build-1"));
  EXPECT_TRUE(dies(deadly_at_once, "build-1"));
  EXPECT_FALSE(dies(deadly_at_once, "build-1", "4 2"));
  EXPECT_FALSE(dies(harmless, "build-2", "2 2"));
}

std::function<void()> die;  // of the process that executes the turn; empty: it survives

Task<Text> deadly_in_memory(Workflow wf, Text in) {
  co_await wf.receive(approval);
  if (die) die();
  co_return in;
}

// A process that is dead runs no task any more, so nothing of its turn is durable; its page stays
// as it was then.
class PoisonInMemory : public ::testing::Test {
 protected:
  // As Poison::dies; an empty answer: it died.
  std::string live(bool deadly, const std::string& build) {
    std::vector<std::byte> page = left_;
    Process p(outside_);
    p.registry.add("flow", 1, deadly_in_memory);
    p.registry.add("harmless", 1, harmless);
    if (deadly) {
      die = [&] {
        left_ = page;
        p.host.stop();
      };
    }
    EngineOptions options{build, "test"};
    options.breadcrumb = page;
    p.open(options);
    p.host.settle();
    for (const char* run : {"s", "r"}) {
      p.engine->start(run, run == std::string("s") ? "harmless" : "flow", {}, "ann");
    }
    p.host.settle();
    for (const char* run : {"s", "r"}) p.engine->signal(run, approval.name(), {}, "ann");
    p.host.settle();
    die = {};
    if (p.host.stopped()) return "";
    left_ = page;
    return std::to_string(static_cast<int>(p.engine->state("r").value())) + " " +
           std::to_string(static_cast<int>(p.engine->state("s").value()));
  }

 private:
  Outside outside_;
  std::vector<std::byte> left_ = std::vector<std::byte>(4096);
};

TEST_F(PoisonInMemory, ATurnThatEndedTwoProcessesIsNotExecutedAgain) {
  EXPECT_EQ(live(true, "build-1"), "");
  EXPECT_EQ(live(true, "build-1"), "");
  EXPECT_EQ(live(true, "build-1"), "4 2") << "quarantined; the other run completed";
  EXPECT_EQ(live(true, "build-1"), "4 2") << "and so it stays";
  EXPECT_EQ(live(true, "build-2"), "") << "another build tries it";
  EXPECT_EQ(live(false, "build-3"), "2 2") << "and one that is mended goes on";
}

// The page of a log in which two processes of the crash matrix's build have ended in this turn.
std::vector<std::byte> page_after_two_ends(const std::string& run_id, std::uint32_t fact) {
  std::vector<std::byte> page(4096);
  std::vector<std::byte> left;
  for (int ends = 0; ends < 2; ++ends) {
    {
      Breadcrumb crumb(page, "test");
      const Breadcrumb::Mark mark(crumb, run_id, fact);
      left = page;
    }
    page = left;
  }
  return page;
}

Task<Text> looks_then_notes(Workflow wf, Text in) {
  co_await wf.step(look, in);
  co_return co_await wf.step(note, text("executed"));
}

TEST(PoisonAnywhere, IsNotExecutedWhereverItsRunIsStopped) {
  CrashCase poisoned{
      .registry = [](Registry& registry) { registry.add("flow", 1, looks_then_notes); },
      .world = [] { return std::make_unique<Notebook>(); },
      .workflow = "flow",
      .input = text("in").SerializeAsString(),
      .pairs = true,
      .page = page_after_two_ends("crash-matrix", 1)};
  for (const std::size_t resident : {EngineOptions{}.resident_runs, std::size_t{0}}) {
    poisoned.resident_runs = resident;
    const CrashReport report = run_crash_matrix(poisoned);
    EXPECT_EQ(report.failures, std::vector<std::string>{});
    EXPECT_EQ(report.end,
              "\nstate 4 divergence: executing this turn has ended the process twice; it is not "
              "executed again by this build");
  }
  poisoned.page = page_after_two_ends("another run", 1);
  EXPECT_TRUE(run_crash_matrix(poisoned).end.starts_with("executed \nstate 2"));
}

TEST(TurnWatch, IsKeptOverEveryTurnOfAnEngineThatReports) {
  std::atomic<int> reports = 0;
  Outside outside;
  Process p(outside);
  p.registry.add<Text, Text>(
      "flow", 1, +[](Workflow wf, Text in) -> Task<Text> {
        co_await wf.receive(approval);
        std::this_thread::sleep_for(2800ms);
        co_return in;
      });
  EngineOptions options{"build-1", "test"};
  options.report_slow_turn = [&reports](const std::string& what) {
    EXPECT_NE(what.find("a turn of run r takes 2"), std::string::npos) << what;
    ++reports;
  };
  p.open(options);
  p.engine->start("r", "flow", {}, "ann");
  p.host.settle();
  p.engine->signal("r", approval.name(), {}, "ann");
  p.host.settle();
  EXPECT_EQ(p.engine->state("r"), RunState::completed);
  EXPECT_EQ(reports, 1);
}

TEST(TurnWatch, ReportsASlowTurnOnce) {
  std::atomic<int> reports = 0;
  {
    TurnWatch watch(20ms, 10s, [&](const std::string& what) {
      EXPECT_NE(what.find("run r takes"), std::string::npos) << what;
      ++reports;
    });
    watch.begin("r");
    for (int i = 0; i < 500 && reports == 0; ++i) std::this_thread::sleep_for(10ms);
    std::this_thread::sleep_for(100ms);
    watch.end();
  }
  EXPECT_EQ(reports, 1);
}

TEST(TurnWatchDeathTest, EndsTheProcessAtATurnThatDoesNotEnd) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        TurnWatch watch(5ms, 20ms, [](const std::string&) {});
        watch.begin("r");
        std::this_thread::sleep_for(10s);
      },
      "run r takes .* it does not end");
}

}  // namespace
}  // namespace ratchet::engine::testing
