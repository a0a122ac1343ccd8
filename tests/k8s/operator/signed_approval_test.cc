// What is proved: where approvals must be signed, an annotation approves nothing and the request
// says so; a signed approval goes on; and an annotation can still deny.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/run.h"
#include "engine/inspect/history.h"
#include "store/checkpoint.h"
#include "tests/engine/approver.h"
#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

using engine::testing::Approver;
using ::testing::HasSubstr;

class SignedApproval : public ::testing::Test {
 protected:
  SignedApproval() {
    world.approvers = ann.alone();
    world.request(name, "11.8.6", "", "ratchet.dev/approval: required");
    world.run_until([this] { return world.phase_of(name) == "WaitingForApproval"; });
    run = world.world.get(kinds::mysql_ops_request, name)["metadata"]["uid"].get<std::string>();
    const auto found = engine::find_run(world.log(), run);
    for (const auto& record : engine::read_history(world.log(), found->run)) {
      for (const engine::Event& event : record.turn.events) {
        const auto* gate = std::get_if<engine::GateOpened>(&event);
        if (gate != nullptr) hash = engine::hash_of(*gate);
      }
    }
    plan = store::to_hex(hash);
  }
  void annotate(const char* annotation) {
    world.world.patch(kinds::mysql_ops_request, name,
                      {{"metadata", {{"annotations", {{annotation, plan}}}}}});
  }

  static constexpr const char* name = "my-upgrade";
  Approver ann{"ann"};
  OpsWorld world;
  std::string run;
  std::string hash;  // of the plan that waits
  std::string plan;  // the same in hexadecimal
};

TEST_F(SignedApproval, IsNoAnnotation) {
  const std::string said = world.message_of(name, "WaitingForApproval");
  EXPECT_THAT(said, HasSubstr("waits for a signed approval of plan " + plan));
  EXPECT_THAT(said, HasSubstr("ratchetctl approve " + run + " --to-sign FILE"));
  EXPECT_THAT(said, HasSubstr("the annotation ratchet.dev/approved-plan does not count here"));
  annotate(approved_annotation);
  int rounds = 0;
  world.run_until([&] { return ++rounds > 20; });
  EXPECT_EQ(world.phase_of(name), "WaitingForApproval");
  EXPECT_TRUE(world.touches().empty());

  const engine::By by{"ann@example.org", "the night is quiet"};
  const engine::Signature signature = ann.sign({run, "approve_upgrade", plan});
  EXPECT_EQ(world.engine().decide(run, "approve_upgrade", true, hash, by, signature), std::nullopt);
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Successful") << world.message_of(name, "Failed");
}

TEST_F(SignedApproval, IsNotNeededToDeny) {
  annotate(denied_annotation);
  world.finish(name);
  EXPECT_EQ(world.phase_of(name), "Denied");
  EXPECT_TRUE(world.touches().empty());
}

}  // namespace
}  // namespace ratchet::k8s::testing
