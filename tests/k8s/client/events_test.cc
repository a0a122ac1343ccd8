#include "k8s/client/events.h"

#include <gtest/gtest.h>

#include "tests/k8s/client/memory_api.h"
#include "tests/k8s/client/scripted_api.h"

namespace ratchet::k8s {
namespace {

using testing::MemoryApi;
using testing::pod;

struct EventsTest : ::testing::Test {
  void record(const Json& object, const Report& report) {
    recorder.record(object, report);
    loop.until([&] { return recorder.idle(); });
  }

  http::testing::Loop loop;
  std::shared_ptr<MemoryApi> api = std::make_shared<MemoryApi>();
  EventRecorder recorder{loop.executor(), api, "KubeDB Operator"};
};

TEST_F(EventsTest, AnEventSaysWhatHappenedToWhichObject) {
  record(pod("a", "7"), {true, "Failed", "it broke"});
  ASSERT_EQ(api->objects.size(), 1u);
  auto [name, event] = *api->objects.begin();
  EXPECT_EQ(name.substr(0, 2), "a.");
  EXPECT_EQ(event["metadata"]["namespace"], "demo");
  EXPECT_EQ(event["involvedObject"], (Json{{"apiVersion", "v1"},
                                           {"kind", "Pod"},
                                           {"name", "a"},
                                           {"namespace", "demo"},
                                           {"uid", "uid-1"},
                                           {"resourceVersion", "7"}}));
  EXPECT_EQ(event["type"], "Warning");
  EXPECT_EQ(event["reason"], "Failed");
  EXPECT_EQ(event["message"], "it broke");
  EXPECT_EQ(event["source"]["component"], "KubeDB Operator");
  EXPECT_EQ(event["count"], 1);
  EXPECT_EQ(event["firstTimestamp"], event["lastTimestamp"]);
}

TEST_F(EventsTest, AnEqualEventRaisesTheCountAndAnotherMessageDoesNot) {
  record(pod("a", "7"), {false, "Ready", "yes"});
  record(pod("a", "8"), {false, "Ready", "yes"});
  record(pod("a", "9"), {false, "Ready", "yes"});
  record(pod("a", "9"), {false, "Ready", "very"});
  ASSERT_EQ(api->objects.size(), 2u);
  EXPECT_EQ(api->objects.begin()->second["count"], 3);
}

TEST_F(EventsTest, AnEventThatTheServerHasForgottenBeginsAnew) {
  record(pod("a", "7"), {false, "Ready", "yes"});
  api->objects.clear();
  record(pod("a", "7"), {false, "Ready", "yes"});
  ASSERT_EQ(api->objects.size(), 1u);
  EXPECT_EQ(api->objects.begin()->second["count"], 1);
}

TEST_F(EventsTest, AFailureIsDroppedAndTheNextEventIsSent) {
  api->fault = [](const std::string&) { return MemoryApi::Fault::refuse; };
  record(pod("a", "7"), {false, "First", ""});
  EXPECT_TRUE(api->objects.empty());
  api->fault = nullptr;
  record(pod("a", "7"), {false, "Second", ""});
  EXPECT_EQ(api->objects.begin()->second["reason"], "Second");
}

TEST_F(EventsTest, EventsOfClusterScopedObjectsLiveInTheDefaultNamespace) {
  record({{"kind", "MySQLVersion"}, {"metadata", {{"name", "8.0"}}}}, {false, "Seen", ""});
  EXPECT_EQ(api->objects.begin()->second["metadata"]["namespace"], "default");
}

TEST_F(EventsTest, AFloodIsBoundedAndKeepsTheOldest) {
  for (int i = 0; i < 1500; ++i) {
    recorder.record(pod("a", "7"), {false, "Flood", std::to_string(i)});
  }
  loop.until([&] { return recorder.idle(); });
  EXPECT_EQ(api->objects.size(), 1000u);
}

}  // namespace
}  // namespace ratchet::k8s
