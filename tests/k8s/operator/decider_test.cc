// Whose decision about a plan is recorded.
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/operator/admission.h"
#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::StartsWith;

// What is said of the approval by annotation. `seen`: what the webhook, when it was asked last, saw
// the two annotations say, with PLAN for the one that waits.
std::string approval_recorded(std::string seen) {
  OpsWorld world;
  world.request("my-upgrade", "11.8.6", "", "ratchet.dev/approval: required");
  world.run_until([&] { return world.phase_of("my-upgrade") == "WaitingForApproval"; });
  const std::string text = world.message_of("my-upgrade", "WaitingForApproval");
  const std::string plan = text.substr(text.find("plan ") + 5, 64);
  const std::string mark = "PLAN";
  if (const auto at = seen.find(mark); at != std::string::npos) seen.replace(at, mark.size(), plan);
  world.world.patch(kinds::mysql_ops_request, "my-upgrade",
                    {{"metadata",
                      {{"annotations",
                        {{decider_annotation, "ann"},
                         {decided_on_annotation, seen},
                         {approved_annotation, plan}}}}}});
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  return world.message_of("my-upgrade", "Approved");
}

TEST(Decider, IsWhomTheWebhookSawWriteIt) {
  EXPECT_THAT(approval_recorded("PLAN/"), StartsWith("Approved by ann: "));
}

// Red if an approval that was written while the webhook was out of reach (it is not waited for) is
// recorded as that of whoever had decided about the plan before.
TEST(Decider, IsNobodyKnownWhereTheWebhookWasNotAsked) {
  EXPECT_THAT(approval_recorded(std::string(64, 'a') + "/"), StartsWith("Approved by somebody: "));
}

// A database that shows one finding more in its second look only: a first plan, another, the first.
OpsDatabase that_changes_its_mind() {
  OpsDatabase database = standalone_database();
  database.answers = [usual = database.answers, looks = std::make_shared<int>(0)](
                         const std::string& pod, const std::string& statement) -> SqlRows {
    if (statement.find("AND ENGINE NOT IN") == std::string::npos) return usual(pod, statement);
    if (++*looks != 2) return {};
    return {{"shop", "old", "MyISAM"}};
  };
  return database;
}

std::string plan_awaited(OpsWorld& world) {
  const std::string text = world.message_of("my-upgrade", "WaitingForApproval");
  const auto at = text.find("plan ");
  return at == std::string::npos ? "" : text.substr(at + 5, 64);
}

std::string hash_of_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

// Red if a plan that the annotation approves waits for ever, as that was told of it once before
// another plan came in between.
TEST(Decider, IsHeardAgainWhenTheSamePlanIsAskedAboutAgain) {
  OpsWorld world(that_changes_its_mind());
  world.request("my-upgrade", "11.8.6", "", "ratchet.dev/approval: required");
  world.run_until([&] { return world.phase_of("my-upgrade") == "WaitingForApproval"; });
  const std::string first = plan_awaited(world);
  world.world.patch(kinds::mysql_ops_request, "my-upgrade",
                    {{"metadata", {{"annotations", {{approved_annotation, first}}}}}});
  world.run_until([&] {
    return world.phase_of("my-upgrade") == "WaitingForApproval" && plan_awaited(world) != first;
  });
  const std::string run =
      world.world.get(kinds::mysql_ops_request, "my-upgrade")["metadata"]["uid"].get<std::string>();
  EXPECT_EQ(world.engine().decide(run, "approve_upgrade", true, hash_of_hex(plan_awaited(world)),
                                  {"ann", "by ratchetctl"}),
            std::nullopt);
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_EQ(plan_awaited(world), first);
}

}  // namespace
}  // namespace ratchet::k8s::testing
