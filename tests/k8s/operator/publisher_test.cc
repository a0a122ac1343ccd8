// What is proved: what a run means to its request reaches its status, whatever its texts are made
// of, and whether or not the cluster takes Events.
#include "k8s/operator/publisher.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "tests/k8s/operator/requested_upgrade.h"

namespace ratchet::k8s::testing {
namespace {

constexpr const char* published_run = "0a1b2c3d-0000-4000-8000-000000000000";

struct PublishedRun : RequestedUpgrade {
  PublishedRun() {
    told.space = "demo";
    told.request = "my-upgrade";
    told.phase = "Progressing";
    told.observed_generation = 1;
  }

  Projection told;
};

// Names of tables are in any script. Red if half a character is left, which no API server takes.
TEST_F(PublishedRun, CutsTheTextOfAnEventBetweenCharacters) {
  for (std::size_t shift = 0; shift < 3; ++shift) {
    told.announcements.clear();
    std::string message(shift, 'a');
    for (int i = 0; i < 500; ++i) message += "表";
    told.announcements.push_back(
        {static_cast<std::uint32_t>(shift + 1), 0, false, "Planned", message, {}});
    Publisher fresh{client};
    loop.run(fresh.publish(uid, published_run, told));
    const std::string name = announcement_name(told, published_run, told.announcements[0]);
    const std::string text = world.get(kinds::event, name).at("message").get<std::string>();
    EXPECT_LE(text.size(), 1024u);
    EXPECT_GT(text.size(), 1020u);
    const std::size_t begun = (text.size() - shift) % 3;
    EXPECT_EQ(begun, 0u) << "bytes of a character that was cut";
  }
}

embedded::Fault denies_events(const embedded::Call& call) {
  return call.plural == "events" ? embedded::Fault::forbid : embedded::Fault::none;
}

// As a quota for Events does. Red if the status waits for them, or if they are never tried again.
TEST_F(PublishedRun, IsInTheStatusWhereEventsAreDenied) {
  told.announcements.push_back({1, 0, false, "Starting", "it starts", {}});
  Publisher publisher{client};
  world.faults.on_write = denies_events;
  EXPECT_THROW(loop.run(publisher.publish(uid, published_run, told)), ApiError);
  const Json request = world.get(kinds::mysql_ops_request, "my-upgrade");
  EXPECT_EQ(request.value("/status/phase"_json_pointer, ""), "Progressing");

  world.faults.on_write = nullptr;
  loop.run(publisher.publish(uid, published_run, told));
  const std::string name = announcement_name(told, published_run, told.announcements[0]);
  EXPECT_EQ(world.get(kinds::event, name).value("message", ""), "it starts");
}

// Red if whoever cannot tell of a plan does not hear of its approval either.
TEST(OpsManager, HearsAnApprovalWhereEventsAreDenied) {
  OpsWorld world;
  world.world.faults.on_write = denies_events;
  world.request("my-upgrade", "11.8.6", "", "ratchet.dev/approval: required");
  world.run_until([&] { return world.phase_of("my-upgrade") == "WaitingForApproval"; });
  const std::string text = world.message_of("my-upgrade", "WaitingForApproval");
  const std::string before = "waits for an approval of plan ";
  ASSERT_TRUE(text.starts_with(before)) << text;
  const std::string plan = text.substr(before.size(), 64);
  world.world.patch(kinds::mysql_ops_request, "my-upgrade",
                    {{"metadata", {{"annotations", {{approved_annotation, plan}}}}}});
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
}

}  // namespace
}  // namespace ratchet::k8s::testing
