// What is proved: a turn that ends the process is executed twice and no more; others go on; another
// build tries again. Real processes, killed while they execute the turn.
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/runtime/breadcrumb.h"
#include "store/page.h"
#include "store/rocks_log.h"
#include "tests/engine/by_hand.h"
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
