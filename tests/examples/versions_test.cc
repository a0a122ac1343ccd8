// What is proved: runs keep the version they were started with; a changed workflow without a new
// version is noticed, in a test and by the engine; LocalEngine over real folders.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/inspect/history.h"
#include "engine/inspect/replay.h"
#include "engine/inspect/verify.h"
#include "engine/runtime/local_engine.h"
#include "store/rocks_log.h"
#include "tests/examples/refund.h"

namespace examples {
namespace {

using namespace ratchet;
using namespace ratchet::engine;

class Versions : public ::testing::Test {
 protected:
  Versions() {
    std::string name = (std::filesystem::temp_directory_path() / "ratchet-versions-XXXXXX");
    folder_ = mkdtemp(name.data());
  }
  ~Versions() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<LocalEngine> open(const std::function<void(Registry&)>& add_workflows,
                                    EngineOptions more = {}) {
    auto local = std::make_unique<LocalEngine>(LocalOptions{
        .log = folder_ / "log", .anchor = folder_ / "anchor", .engine = std::move(more)});
    add_workflows(local->registry());
    local->perform(ask_clerk, [this](const AttemptInfo&, const Refund&) {
      ++asked_;
      return Done{};
    });
    local->perform(pay_back, [this](const AttemptInfo&, const Refund& refund) {
      if (refund.order() == "robbed") throw StepFailure({"empty", "the till is empty"});
      paid_ += refund.cents();
      return Done{};
    });
    local->probe(pay_back, [this](const AttemptInfo&, const Refund&) {
      return paid_ > 0 ? std::optional<Done>(Done{}) : std::nullopt;
    });
    local->open();
    return local;
  }

  static void start(LocalEngine& local, const std::string& order) {
    Refund request;
    request.set_order(order);
    request.set_cents(2000);
    local.engine().start("refund-" + order, "refund", request.SerializeAsString(), "me");
  }
  static void grant(LocalEngine& local, const std::string& order) {
    Decision said;
    said.set_granted(true);
    local.engine().signal("refund-" + order, decision.name(), said.SerializeAsString(), "clerk");
  }
  // Until the run waits for its decision.
  static bool waits(LocalEngine& local, const std::string& order) {
    for (int i = 0; i < 1000; ++i) {
      local.finish<Done>("refund-" + order, 20ms);
      for (const std::string& phrase : local.engine().waiting_for("refund-" + order)) {
        if (phrase.find("decision") != std::string::npos) return true;
      }
    }
    return false;
  }
  std::unique_ptr<store::LogReader> log() const {
    return store::open_rocks_reader((folder_ / "log").string());
  }

  std::filesystem::path folder_;
  std::atomic<std::int64_t> paid_ = 0;
  std::atomic<int> asked_ = 0;
};

void first_release(Registry& registry) { registry.add("refund", 1, refund); }

// doc: versions
void second_release(Registry& registry) {
  registry.add("refund", 1, refund);           // until its last run has ended
  registry.add("refund", 2, refund_in_peace);  // new runs take the newest
}
// doc end

void careless_release(Registry& registry) { registry.add("refund", 1, refund_in_peace); }

TEST_F(Versions, ARunKeepsTheVersionThatItWasStartedWith) {
  {
    const auto first = open(first_release);
    start(*first, "a");
    EXPECT_EQ(first->finish<Done>("refund-a", 50ms).failed->code, "not_ended");
  }
  const auto second = open(second_release);
  start(*second, "b");
  grant(*second, "a");
  EXPECT_TRUE(second->finish<Done>("refund-a", 20s).ok());
  EXPECT_EQ(second->finish<Done>("refund-b", 50ms).failed->code, "not_ended");
  EXPECT_EQ(find_run(second->log(), "refund-a")->version, 1U);
  EXPECT_EQ(find_run(second->log(), "refund-b")->version, 2U);
  EXPECT_EQ(paid_, 2000);
}

TEST_F(Versions, AChangedWorkflowWithoutANewVersionIsNoticed) {
  {
    const auto first = open(first_release);
    start(*first, "a");
    grant(*first, "a");
    EXPECT_TRUE(first->finish<Done>("refund-a", 20s).ok());
    start(*first, "b");
    EXPECT_TRUE(waits(*first, "b"));
  }
  // doc: replay
  Registry registry;
  careless_release(registry);
  const std::vector<ReplayReport> reports = replay_all(*log(), registry);
  ASSERT_TRUE(reports.at(0).divergence.has_value());
  EXPECT_NE(reports.at(0).divergence->text().find("step 3 pay_back"), std::string::npos);
  // doc end
  const auto careless = open(careless_release);
  grant(*careless, "b");
  EXPECT_EQ(careless->finish<Done>("refund-b", 50ms).failed->code, "not_ended")
      << "as far as it went, both versions do the same";
  EXPECT_TRUE(verify(careless->log()).ok());
}

TEST_F(Versions, AnOutcomeSaysWhyThereIsNoValue) {
  const auto local = open(first_release);
  EXPECT_EQ(local->finish<Done>("refund-x", 20s).failed->code, "no_run");
  start(*local, "robbed");
  grant(*local, "robbed");
  EXPECT_EQ(local->finish<Done>("refund-robbed", 20s).failed,
            (Failure{"empty", "the till is empty"}));
}

TEST_F(Versions, ARunWhoseVersionIsGoneIsQuarantined) {
  {
    const auto first = open(first_release);
    start(*first, "a");
    EXPECT_TRUE(waits(*first, "a"));
  }
  const auto later = open([](Registry& registry) { registry.add("refund", 2, refund_in_peace); });
  grant(*later, "a");  // a run that only waits is looked at when something comes for it
  const auto end = later->finish<Done>("refund-a", 20s);
  EXPECT_EQ(end.failed->code, "quarantined");
  EXPECT_NE(end.failed->message.find("this build has no such workflow or version"),
            std::string::npos)
      << end.failed->message;
}

TEST_F(Versions, AnOpenRunKeepsToTheWayThatItTook) {
  {
    const auto first = open(first_release);
    start(*first, "a");
    EXPECT_TRUE(waits(*first, "a"));
  }
  const auto second = open([](Registry& registry) { registry.add("refund", 1, refund_patched); });
  grant(*second, "a");
  EXPECT_TRUE(second->finish<Done>("refund-a", 20s).ok());
  EXPECT_EQ(asked_, 1);
  start(*second, "b");
  grant(*second, "b");
  EXPECT_TRUE(second->finish<Done>("refund-b", 20s).ok());
  EXPECT_EQ(asked_, 3) << "the newer run asks twice";
}

TEST_F(Versions, PeopleSteerRuns) {
  const auto local = open([](Registry& registry) { registry.add("refund", 1, refund_in_time); });
  start(*local, "a");
  EXPECT_TRUE(waits(*local, "a"));
  // doc: query
  const std::optional<Exposed> shown = local->engine().query("refund-a", "request");
  // doc end
  ASSERT_TRUE(shown);
  // doc: steering
  Engine& engine = local->engine();
  const By boss{"boss@example.org", "the customer has changed his mind"};
  engine.pause("refund-a", boss);   // no code of it runs; facts are kept
  engine.resume("refund-a", boss);  // and delivered now
  const Refusal refused = engine.cancel("refund-a", boss);
  // doc end
  EXPECT_FALSE(refused) << *refused;
  EXPECT_EQ(local->finish<Done>("refund-a", 20s).failed->code, cancelled_code);
  start(*local, "b");
  EXPECT_FALSE(engine.terminate("refund-b", boss));
  EXPECT_EQ(local->finish<Done>("refund-b", 20s).failed->code, "terminated");
  EXPECT_EQ(paid_, 0);
}

TEST_F(Versions, OneOpenRunHasAKey) {
  const auto local = open(first_release);
  Refund request;
  request.set_order("7");
  const auto begin = [&](const std::string& id) {
    // doc: key
    const Started started = local->engine().start({.run_id = id,
                                                   .workflow = "refund",
                                                   .input = request.SerializeAsString(),
                                                   .principal = "me",
                                                   .key = "order 7"});
    // doc end
    return started;
  };
  EXPECT_TRUE(begin("refund-a").fresh);
  EXPECT_FALSE(begin("refund-b").fresh);
  EXPECT_EQ(begin("refund-b").run_id, "refund-a");
}

TEST_F(Versions, OnlySoManyRunsAreOpenAtOnce) {
  EngineOptions one_at_a_time;
  one_at_a_time.limits = {{"refund", 1}};
  const auto local = open(first_release, std::move(one_at_a_time));
  start(*local, "a");
  start(*local, "b");
  const auto waits_for_its_turn = local->finish<Done>("refund-b", 50ms);
  EXPECT_NE(waits_for_its_turn.failed->message.find("a place among the runs of workflow refund"),
            std::string::npos)
      << waits_for_its_turn.failed->message;
  for (const char* order : {"a", "b"}) {
    grant(*local, order);
    EXPECT_TRUE(local->finish<Done>(std::string("refund-") + order, 20s).ok()) << order;
  }
}

// Ends in another run than the one that was started.
Task<Decision> in_two_runs(Workflow wf, Refund request) {
  co_await wf.step(ask_clerk, request);
  if (request.cents() > 1000) {
    request.set_cents(1000);
    co_return co_await wf.continue_as_new<Decision>(request);
  }
  Decision end;
  end.set_by(wf.run_id());
  co_return end;
}

TEST_F(Versions, FinishWaitsForTheRunThatGoesOnInAnothersPlace) {
  const auto local = open([](Registry& registry) { registry.add("refund", 1, in_two_runs); });
  start(*local, "a");
  const auto end = local->finish<Decision>("refund-a", std::chrono::milliseconds::max());
  ASSERT_TRUE(end.ok()) << end.failed->message;
  EXPECT_EQ(end.value->by(), "refund-a~2");
}

constexpr Activity<Refund, Done> slow_clerk{"slow_clerk", Effect::idempotent, Policy{}.each(10s)};
constexpr Activity<Refund, Done> hasty_clerk{"hasty_clerk", Effect::idempotent,
                                             Policy{}.each(50ms).attempts(1)};
constexpr Activity<Refund, Done> beating_clerk{"beating_clerk", Effect::idempotent,
                                               Policy{}.each(60s).attempts(1).heartbeat(2s)};

Task<Done> in_a_hurry(Workflow wf, Refund request) {
  const auto both =
      co_await all(wf.step(slow_clerk, request), attempt(wf.step(hasty_clerk, request)));
  if (std::get<1>(both).ok()) throw StepFailure({"in_time", "there was a thread for both"});
  co_return co_await wf.step(slow_clerk, request);  // behind what is in the queue by now
}

TEST_F(Versions, AnAttemptThatFindsNoThreadInTimeIsNotBegun) {
  std::atomic<int> begun = 0;
  LocalEngine local({.log = folder_ / "log", .anchor = folder_ / "anchor", .threads = 1});
  local.registry().add("refund", 1, in_a_hurry);
  local.perform(slow_clerk, [](const AttemptInfo&, const Refund&) {
    std::this_thread::sleep_for(300ms);
    return Done{};
  });
  local.perform(hasty_clerk, [&begun](const AttemptInfo&, const Refund&) {
    ++begun;
    return Done{};
  });
  local.open();
  start(local, "a");
  const auto end = local.finish<Done>("refund-a", 20s);
  EXPECT_TRUE(end.ok()) << end.failed->message;
  EXPECT_EQ(begun, 0) << "its time was over when the thread was free";
}

Task<Done> with_heartbeats(Workflow wf, Refund request) {
  co_return co_await wf.step(beating_clerk, request);
}

// Under ThreadSanitizer: the thread of the work does not touch what is the engine's.
TEST_F(Versions, WorkOnAThreadGivesHeartbeats) {
  LocalEngine local({.log = folder_ / "log", .anchor = folder_ / "anchor"});
  local.registry().add("refund", 1, with_heartbeats);
  local.perform(beating_clerk, [](const AttemptInfo& attempt, const Refund&) {
    for (int i = 0; i < 25; ++i) {
      std::this_thread::sleep_for(100ms);
      if (!attempt.heartbeat()) throw std::runtime_error("nobody waits for this any more");
    }
    return Done{};
  });
  local.open();
  start(local, "a");
  const auto end = local.finish<Done>("refund-a", 20s);
  EXPECT_TRUE(end.ok()) << end.failed->message;
}

Task<Done> deadly(Workflow wf, Refund request) {
  co_await wf.step(ask_clerk, request);
  kill(getpid(), SIGKILL);
  co_return Done{};
}

TEST_F(Versions, ATurnThatEndsTheProcessIsNotExecutedAThirdTime) {
  const auto deadly_release = [](Registry& registry) { registry.add("refund", 1, deadly); };
  for (int process = 0; process < 2; ++process) {
    const pid_t child = fork();
    if (child == 0) {
      const auto local = open(deadly_release);
      start(*local, "a");
      local->finish<Done>("refund-a", 20s);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it executed the turn";
  }
  const auto third = open(deadly_release);
  const auto end = third->finish<Done>("refund-a", 20s);
  EXPECT_EQ(end.failed->code, "quarantined");
  EXPECT_NE(end.failed->message.find("has ended the process twice"), std::string::npos)
      << end.failed->message;
}

TEST_F(Versions, AnEngineWithoutAnAnchorOrThreadsIsRefusedAtOnce) {
  const LocalOptions unanchored{.log = folder_ / "log", .anchor = {}};
  const LocalOptions idle{.log = folder_ / "log", .anchor = folder_ / "anchor", .threads = 0};
  EXPECT_THROW(std::make_unique<LocalEngine>(unanchored), std::invalid_argument);
  EXPECT_THROW(std::make_unique<LocalEngine>(idle), std::invalid_argument);
}

TEST_F(Versions, ServesUntilItIsStopped) {
  const auto local = open(first_release);
  local->host().post([&local] { local->stop(); });
  local->serve();
}

}  // namespace
}  // namespace examples
