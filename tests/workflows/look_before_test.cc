// What precedes an upgrade: findings that stop it, the plan, the approval that is bound to it, the
// window; each with the moment at which something else has changed.
#include <memory>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "engine/core/run.h"
#include "engine/inspect/history.h"
#include "engine/testing/crash_matrix_gtest.h"
#include "engine/testing/memory_anchor.h"
#include "engine/testing/simulated_host.h"
#include "store/memory_log.h"
#include "tests/workflows/fake_cluster.h"
#include "workflows/mysql/plan.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::mysql::testing {
namespace {

using engine::RunState;

Finding finding(Severity severity, const std::string& check, bool passing = false) {
  Finding one;
  one.set_severity(severity);
  one.set_check(check);
  one.set_what("found by " + check);
  one.set_fix("FIX " + check);
  one.set_passing(passing);
  return one;
}

// One run, and somebody who decides as soon as a gate opens.
class Decided {
 public:
  using Decide = std::function<bool(int gate)>;  // whether the gate is approved, counted from 1

  explicit Decided(
      FakeCluster& cluster, const Decide& decide = [](int) { return true; },
      bool of_other_plan = false) {
    engine_.observe([this, decide, of_other_plan](const engine::Recorded& recorded) {
      for (const auto& event : recorded.turn.events) {
        const auto* gate = std::get_if<engine::GateOpened>(&event);
        if (gate == nullptr) continue;
        ++gates;
        shown.emplace_back().ParseFromString(gate->payload);
        if (!decide) continue;
        const std::string hash = of_other_plan ? std::string(32, 'x') : engine::hash_of(*gate);
        host_.post([this, approve = decide(gates), hash] {
          engine_.decide("run-1", "approve_upgrade", approve, hash, {"ann", "read it"});
        });
      }
    });
    add_workflows(registry_);
    cluster.serve(handlers_, host_);
    anchor_.serve(host_);
    engine_.open([&] {
      engine_.start("run-1", update_version_name, cluster.request().SerializeAsString(), "test");
    });
    host_.run_until([this] {
      const auto state = engine_.state("run-1");
      return state && *state != RunState::running;
    });
    host_.settle();
  }

  RunState state() const { return engine_.state("run-1").value(); }
  engine::Failure failure() const {
    return engine::find_run(log_, "run-1")->failure.value_or(engine::Failure{});
  }
  engine::Time now() { return host_.now(); }

  int gates = 0;
  std::vector<Plan> shown;

 private:
  engine::testing::SimulatedHost host_;
  store::MemoryLog log_{std::make_shared<store::MemoryDisk>(),
                        [this](std::function<void()> task) { host_.post(std::move(task)); }};
  engine::testing::MemoryAnchor anchor_;
  engine::Registry registry_;
  engine::Handlers handlers_;
  engine::Engine engine_{log_, host_, registry_, handlers_, anchor_, {"test", "test"}};
};

TEST(LookBefore, BlockingFindingsEndTheRequestBeforeAnythingIsTouched) {
  FakeCluster cluster("10.11.6", "11.8.6");
  cluster.findings = {finding(WARNING, "engines"), finding(BLOCKING, "xa-prepared"),
                      finding(BLOCKING, "disk")};
  const Decided run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(run.failure().code, "preflight");
  const std::string why = run.failure().message;
  EXPECT_NE(why.find("blocking xa-prepared: found by xa-prepared. Fix: FIX xa-prepared; blocking "
                     "disk: found by disk. Fix: FIX disk"),
            std::string::npos)
      << why;
  EXPECT_EQ(why.find("engines"), std::string::npos) << "a warning stops nothing: " << why;
  EXPECT_TRUE(cluster.writes.empty());
}

TEST(LookBefore, AnImageThatANodeCannotPullStopsIt) {
  FakeCluster cluster("10.11.6", "11.8.6");
  cluster.needs_approval = true;
  cluster.image_trouble = "ErrImagePull: no such host";
  const Decided run(cluster);
  EXPECT_EQ(run.failure().code, "preflight");
  const std::string why = run.failure().message;
  EXPECT_NE(why.find("blocking image-pull (db-0): node node-of-db-0 cannot pull image:11.8.6: "
                     "ErrImagePull: no such host. Fix: "),
            std::string::npos)
      << why;
  EXPECT_EQ(run.gates, 0) << "nobody is asked about what cannot be done";
  EXPECT_TRUE(cluster.writes.empty());
  EXPECT_TRUE(cluster.image_checks.empty()) << "its pod is removed";
}

TEST(LookBefore, TheImageIsProvenAgainAfterTheApproval) {
  FakeCluster cluster("10.11.6", "11.8.6");
  cluster.needs_approval = true;
  cluster.at_look = [](FakeCluster& c, int look) {
    if (look == 2) c.image_trouble = "ErrImagePull: no such host";
  };
  const Decided run(cluster);
  EXPECT_EQ(run.gates, 1);
  EXPECT_EQ(cluster.checked_images, 2);
  EXPECT_EQ(run.failure().code, "preflight");
  EXPECT_TRUE(cluster.writes.empty());
}

TEST(LookBefore, WarningsDoNotStopIt) {
  FakeCluster cluster("10.11.6", "11.8.6");
  cluster.findings = {finding(WARNING, "engines"), finding(INFO, "new-defaults")};
  const Decided run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure().message;
  EXPECT_EQ(run.gates, 0) << "nobody asked for an approval";
}

TEST(LookBefore, WaitsForAnApprovalBeforeThePause) {
  FakeCluster cluster("10.11.6", "11.8.6");
  cluster.needs_approval = true;
  const Decided run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure().message;
  EXPECT_EQ(run.gates, 1);
  EXPECT_EQ(run.shown[0].database(), "demo/db");
}

TEST(LookBefore, ADenialChangesNothingAndSaysWho) {
  FakeCluster cluster("10.11.6", "11.8.6");
  cluster.needs_approval = true;
  const Decided run(cluster, [](int) { return false; });
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(run.failure().code, denied_code);
  EXPECT_NE(run.failure().message.find("ann denied plan " + plan_hash(run.shown[0]) + ": read it"),
            std::string::npos)
      << run.failure().message;
  EXPECT_TRUE(cluster.writes.empty());
}

TEST(LookBefore, GivesUpWhenNobodyDecides) {
  for (const bool other : {false, true}) {
    FakeCluster cluster("10.11.6", "11.8.6");
    cluster.needs_approval = true;
    // A decision about another plan than the one that waits is none.
    const Decided run(cluster, other ? Decided::Decide([](int) { return true; }) : nullptr, other);
    EXPECT_EQ(run.failure().code, denied_code);
    EXPECT_NE(run.failure().message.find("within 30 days"), std::string::npos);
    EXPECT_TRUE(cluster.writes.empty());
  }
}

// What a plan was made of, changed while somebody thought about it.
TEST(LookBefore, AnotherStateNeedsAnotherApproval) {
  const std::vector<std::pair<const char*, std::function<void(FakeCluster&)>>> drifts{
      {"image", [](FakeCluster& c) { c.set->image = "image:by-hand"; }},
      {"pod's image", [](FakeCluster& c) { c.pod->image = "image:by-hand"; }},
      {"set", [](FakeCluster& c) { c.set->uid = "set9"; }},
      {"finding", [](FakeCluster& c) { c.findings.push_back(finding(WARNING, "engines")); }}};
  for (const auto& [what, drift] : drifts) {
    FakeCluster cluster("11.8.5", "11.8.6");
    cluster.needs_approval = true;
    cluster.at_look = [&, change = drift](FakeCluster& c, int look) {
      if (look == 2) change(c);
    };
    const Decided run(cluster);
    EXPECT_EQ(run.gates, 2) << what;
    EXPECT_EQ(run.state(), RunState::completed) << what << run.failure().message;
    EXPECT_NE(plan_hash(run.shown.at(0)), plan_hash(run.shown.at(1))) << what;
  }
  FakeCluster denied("11.8.5", "11.8.6");
  denied.needs_approval = true;
  denied.at_look = [](FakeCluster& c, int look) {
    if (look == 2) c.set->image = "image:by-hand";
  };
  const Decided run(denied, [](int gate) { return gate == 1; });
  EXPECT_EQ(run.failure().code, denied_code);
  EXPECT_TRUE(denied.writes.empty());
}

// Red if the plan that is shown does not have the digest, or an approval holds for another one.
TEST(LookBefore, ATagThatIsMovedBehindAnApprovalNeedsAnother) {
  FakeCluster cluster("11.8.5", "11.8.6");
  cluster.needs_approval = true;
  cluster.image_ids[""] = "mariadb@sha256:aa";
  cluster.at_look = [](FakeCluster& c, int look) {
    if (look == 2) c.image_ids[""] = "mariadb@sha256:bb";
  };
  const Decided run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure().message;
  ASSERT_EQ(run.gates, 2);
  EXPECT_EQ(run.shown[0].target_digest(), "sha256:aa");
  EXPECT_EQ(run.shown[1].target_digest(), "sha256:bb");
  EXPECT_EQ(cluster.pinned, std::set<std::string>{"sha256:bb"}) << "what was approved last";

  FakeCluster denied("11.8.5", "11.8.6");
  denied.needs_approval = true;
  denied.image_ids[""] = "mariadb@sha256:aa";
  denied.at_look = cluster.at_look;
  EXPECT_EQ(Decided(denied, [](int gate) { return gate == 1; }).failure().code, denied_code);
  EXPECT_TRUE(denied.writes.empty());
}

TEST(LookBefore, WhatIsAboutTheMomentNeedsNoOtherApproval) {
  FakeCluster cluster("11.8.5", "11.8.6");
  cluster.needs_approval = true;
  cluster.at_look = [](FakeCluster& c, int look) {
    if (look == 2) c.findings = {finding(WARNING, "long-transaction", true)};
  };
  const Decided run(cluster);
  EXPECT_EQ(run.gates, 1);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure().message;
}

TEST(LookBefore, ABlockingFindingAfterTheApprovalStopsIt) {
  FakeCluster cluster("11.8.5", "11.8.6");
  cluster.needs_approval = true;
  cluster.at_look = [](FakeCluster& c, int look) {
    if (look == 2) c.findings = {finding(BLOCKING, "xa-prepared", true)};
  };
  const Decided run(cluster);
  EXPECT_EQ(run.failure().code, "preflight");
  EXPECT_TRUE(cluster.writes.empty());
}

TEST(LookBefore, WaitsForItsWindowAndLooksAgain) {
  FakeCluster cluster("11.8.5", "11.8.6");
  cluster.window = "0 2 * * * 1h UTC";
  cluster.window_begins = engine::testing::SimulatedHost().now() + std::chrono::hours{5};
  int looks = 0;
  std::size_t writes_before = 0;
  cluster.at_look = [&](FakeCluster& c, int look) {
    looks = look;
    writes_before = c.writes.size();
  };
  Decided run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure().message;
  EXPECT_EQ(looks, 2);
  EXPECT_EQ(writes_before, 0u) << "the window begins before the pause";
  EXPECT_GE(run.now(), cluster.window_begins);
}

TEST(LookBefore, DriftWhileTheWindowIsWaitedForNeedsAnotherApproval) {
  FakeCluster cluster("11.8.5", "11.8.6");
  cluster.needs_approval = true;
  cluster.window = "0 2 * * * 1h UTC";
  cluster.window_begins = engine::testing::SimulatedHost().now() + std::chrono::hours{5};
  cluster.at_look = [](FakeCluster& c, int look) {
    if (look == 3) c.findings = {finding(WARNING, "engines")};  // the one after the wait
  };
  const Decided run(cluster);
  EXPECT_EQ(run.gates, 2);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure().message;
}

// The crash matrix of a run that waits for its window and looks twice.
TEST(LookBefore, IsRepeatedToTheSameEndWhereverItIsStopped) {
  engine::testing::CrashCase crash_case;
  crash_case.registry = add_workflows;
  const auto make = [] {
    auto cluster = std::make_unique<FakeCluster>("10.11.6", "11.8.6");
    cluster->window = "0 2 * * * 1h UTC";
    cluster->window_begins = engine::testing::SimulatedHost().now() + std::chrono::hours{5};
    return cluster;
  };
  crash_case.world = make;
  crash_case.workflow = update_version_name;
  crash_case.input = make()->request().SerializeAsString();
  engine::testing::expect_survives(crash_case);
}

}  // namespace
}  // namespace ratchet::mysql::testing
