// Somebody deletes the request, the MySQL or the namespace while a run is open: it ends at a safe
// point, with a record, and nothing stays held or paused for it.
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/inspect/history.h"
#include "tests/k8s/operator/cluster_world.h"
#include "tests/k8s/operator/ops_world.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/manifests.h"
#include "workflows/mysql/ports.h"

namespace ratchet::k8s::testing {
namespace {

using engine::RunState;
using ::testing::HasSubstr;

constexpr const char* upgraded_one = "my-standalone";

std::string uid_of_request(OpsWorld& world) {
  return world.world.get(kinds::mysql_ops_request, "my-upgrade")["metadata"]["uid"];
}

bool is_held(const Json& pod) { return pod.contains("/metadata/finalizers/0"_json_pointer); }

// The run of a request, once it has ended.
engine::RunInfo ended_run(OpsWorld& world, const std::string& run_id) {
  std::optional<engine::RunInfo> run;
  world.run_until([&] {
    run = engine::find_run(world.log(), run_id);
    return run && engine::has_ended(run->state);
  });
  return *run;
}

std::string message_of(const engine::RunInfo& run) {
  return run.failure ? run.failure->message : "";
}

void run_until_paused(OpsWorld& world) {
  world.run_until([&] { return world.world.condition("Paused")["status"] == "True"; });
}

void run_until_held(OpsWorld& world) {
  world.run_until([&] { return is_held(world.world.get(kinds::pod, "my-standalone-0")); });
}

// Past the point of no return: the pod that has the target's image is there.
void run_until_released(OpsWorld& world) {
  world.run_until([&] {
    const Json pod = world.world.get(kinds::pod, "my-standalone-0");
    const Json::json_pointer image("/spec/containers/0/image");
    return pod.contains(image) && pod.at(image) == "docker.io/library/mariadb:11.8.6";
  });
}

// An upgrade that has come so far.
struct Upgrading : OpsWorld {
  explicit Upgrading(void (*run_until_it_has)(OpsWorld&)) {
    request("my-upgrade", "11.8.6");
    run_until_it_has(*this);
    uid = uid_of_request(*this);
  }

  std::string uid;  // of the request
};

// Leaves no process; the next run_until begins with another.
void kill_manager(OpsWorld& world) {
  int rounds = 0;
  world.run_until([&] { return ++rounds > 1; }, world.records());
}

void expect_as_before(OpsWorld& world) {
  EXPECT_EQ(world.image(), "docker.io/library/mariadb:10.11.18");
  EXPECT_FALSE(is_held(world.world.get(kinds::pod, "my-standalone-0")));
  EXPECT_TRUE(world.world.condition("Paused").is_null()) << "nobody would ever resume it";
  world.run_until([&] { return world.world.phase() == "Ready"; });
}

TEST(Deletion, OfTheRequestUndoesItsRun) {
  Upgrading world(run_until_held);
  world.world.remove(kinds::mysql_ops_request, "my-upgrade");
  const engine::RunInfo run = ended_run(world, world.uid);
  EXPECT_EQ(run.state, RunState::cancelled);
  EXPECT_THAT(message_of(run),
              HasSubstr("cancelled by test: MySQLOpsRequest demo/my-upgrade was deleted"));
  expect_as_before(world);
}

TEST(Deletion, OfTheRequestWhileNobodyRunsIsFoundAtTheStart) {
  Upgrading world(run_until_held);
  kill_manager(world);
  world.world.remove(kinds::mysql_ops_request, "my-upgrade");
  world.run_until([&] { return world.world.condition("Paused").is_null(); });
  EXPECT_EQ(ended_run(world, world.uid).state, RunState::cancelled);
  expect_as_before(world);
}

// Another of that name is another request.
TEST(Deletion, OfTheRequestIsNotMadeGoodByAnotherOfItsName) {
  Upgrading world(run_until_held);
  kill_manager(world);
  world.world.remove(kinds::mysql_ops_request, "my-upgrade");
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(ended_run(world, world.uid).state, RunState::cancelled);
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
}

TEST(Deletion, OfARequestThatAFinalizerKeepsIsToldToIt) {
  Upgrading world(run_until_paused);
  world.world.patch(kinds::mysql_ops_request, "my-upgrade",
                    {{"metadata", {{"finalizers", Json::array({"example.com/archive"})}}}});
  world.world.remove(kinds::mysql_ops_request, "my-upgrade");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Failed");
  EXPECT_THAT(world.message_of("my-upgrade", "Failed"), HasSubstr("my-upgrade was deleted"));
  expect_as_before(world);
}

TEST(Deletion, OfARequestThatWaitsStartsNothing) {
  Upgrading world(run_until_paused);
  world.request("second", "11.8.6");
  world.run_until([&] { return world.phase_of("second") == "Pending"; });
  world.world.remove(kinds::mysql_ops_request, "second");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful");
  EXPECT_EQ(engine::list_runs(world.log()).size(), 1U);
}

// Past the point of no return there is one way, and it is gone to its end.
TEST(Deletion, OfTheRequestPastThePointOfNoReturnChangesNothing) {
  Upgrading world(run_until_released);
  world.world.remove(kinds::mysql_ops_request, "my-upgrade");
  const engine::RunInfo run = ended_run(world, world.uid);
  EXPECT_EQ(run.state, RunState::completed) << message_of(run);
  EXPECT_EQ(world.world.get(kinds::mysql, upgraded_one)["spec"]["version"], "11.8.6");
  EXPECT_TRUE(world.world.condition("Paused").is_null());
}

void await_that_all_is_gone(OpsWorld& world) {
  world.run_until([&] {
    return world.world.get(kinds::mysql, upgraded_one).is_null() &&
           world.world.get(kinds::stateful_set, upgraded_one).is_null();
  });
}

TEST(Deletion, OfTheMySQLEndsTheRunAndHoldsNoPod) {
  Upgrading world(run_until_held);
  world.world.remove(kinds::mysql, upgraded_one);
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Failed");
  EXPECT_THAT(world.message_of("my-upgrade", "Failed"),
              HasSubstr("MySQL demo/my-standalone was deleted"));
  await_that_all_is_gone(world);
  EXPECT_FALSE(is_held(world.world.get(kinds::pod, "my-standalone-0")));
}

// Nobody would approve the plan of a database that is gone, nor deny it.
TEST(Deletion, OfTheMySQLEndsTheWaitForAnApproval) {
  OpsWorld world;
  world.request("my-upgrade", "11.8.6", "", "ratchet.dev/approval: required");
  world.run_until([&] { return world.phase_of("my-upgrade") == "WaitingForApproval"; });
  world.world.remove(kinds::mysql, upgraded_one);
  world.finish("my-upgrade");
  EXPECT_THAT(world.message_of("my-upgrade", "Failed"),
              HasSubstr("cancelled by test: MySQL demo/my-standalone was deleted"));
  EXPECT_TRUE(world.touches().empty());
}

// Red if the step tries for its twenty minutes to find the node of a pod that is gone.
TEST(Deletion, OfTheMySQLEndsTheSearchForANodeOfIts) {
  OpsWorld world;
  bool refused = false;
  world.world.faults.on_write = [&](const embedded::Call& call) {
    const bool makes_pod =
        call.user == "ops-manager" && call.plural == "pods" && call.verb == embedded::Verb::create;
    refused = refused || makes_pod;
    return makes_pod ? embedded::Fault::refuse : embedded::Fault::none;
  };
  world.request("my-upgrade", "11.8.6");
  world.run_until([&] { return refused; });
  const std::string uid = uid_of_request(world);
  world.world.remove(kinds::mysql, upgraded_one);
  const engine::RunInfo run = ended_run(world, uid);
  EXPECT_NE(run.state, RunState::completed);
  EXPECT_THAT(message_of(run), HasSubstr("MySQL demo/my-standalone was deleted"));
}

// The step that waits for the new server finds out by itself, long before its time has passed.
TEST(Deletion, OfTheMySQLPastThePointOfNoReturnEndsTheWait) {
  Upgrading world(run_until_released);
  world.world.remove(kinds::mysql, upgraded_one);
  const engine::RunInfo run = ended_run(world, world.uid);
  EXPECT_EQ(run.state, RunState::failed);
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->code, mysql::database_gone_code);
  EXPECT_THAT(message_of(run), HasSubstr("MySQL demo/my-standalone was deleted meanwhile"));
  await_that_all_is_gone(world);
}

TEST(Deletion, OfTheNamespaceIsNotHeldUp) {
  Upgrading world(run_until_held);
  world.world.remove(kinds::space, "demo");
  world.run_until([&] { return world.world.get(kinds::space, "demo").is_null(); });
  const engine::RunInfo run = ended_run(world, world.uid);
  EXPECT_NE(run.state, RunState::completed);
  EXPECT_THAT(message_of(run), HasSubstr("was deleted"));
}

struct DoomedGroup : ClusterWorld<FakeGroup> {
  DoomedGroup() : ClusterWorld(group, "my-group") { servers.write(); }
};

TEST(Deletion, OfAGroupEndsItsUpgradeAndHoldsNoMember) {
  DoomedGroup world;
  world.ops.request("my-upgrade", "9.7.5");
  world.ops.run_until([&] { return is_held(world.pod(1)); });
  world.ops.world.remove(kinds::mysql, "my-group");
  world.ops.finish("my-upgrade");
  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Failed");
  EXPECT_THAT(world.ops.message_of("my-upgrade", "Failed"), HasSubstr("was deleted"));
  world.ops.run_until([&] { return world.ops.world.get(kinds::mysql, "my-group").is_null(); });
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(is_held(world.pod(i))) << i;
}

// A run that a person starts over is about the same request, which is still gone.
TEST(Deletion, OfTheRequestEndsARunThatIsResetToo) {
  OpsWorld world;
  world.request("my-upgrade", "11.8.6", "", "ratchet.dev/approval: required");
  world.run_until([&] { return world.phase_of("my-upgrade") == "WaitingForApproval"; });
  const std::string uid = uid_of_request(world);
  world.world.remove(kinds::mysql_ops_request, "my-upgrade");
  EXPECT_EQ(ended_run(world, uid).state, RunState::cancelled);
  auto done = world.engine().reset(uid, 1, {"ann", "look again"});
  world.run_until([&] {  // refused while a record of the run is being written
    if (done.refused) done = world.engine().reset(uid, 1, {"ann", "look again"});
    return !done.refused;
  });
  EXPECT_EQ(ended_run(world, done.run_id).state, RunState::cancelled);
}

}  // namespace
}  // namespace ratchet::k8s::testing
