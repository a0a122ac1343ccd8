#include "k8s/client/watch_state.h"

#include <gtest/gtest.h>

#include "tests/k8s/client/scripted_api.h"

namespace ratchet::k8s {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::list_of;
using testing::pod;
using testing::status_of;
using testing::watch_line;

// "added a", …: what a handler would see.
std::string told(const std::optional<Event>& event) {
  if (!event) {
    return "";
  }
  const char* types[] = {"added ", "modified ", "deleted "};
  return types[static_cast<int>(event->type)] +
         event->object["metadata"]["name"].get<std::string>();
}

std::vector<std::string> told(const std::vector<Event>& events) {
  std::vector<std::string> texts;
  texts.reserve(events.size());
  for (const Event& event : events) {
    texts.push_back(told(event));
  }
  return texts;
}

using Texts = std::vector<std::string>;

struct WatchStateTest : ::testing::Test {
  double random = 0;
  WatchState state{{milliseconds(100), milliseconds(1'000), [this] { return random; }}};
};

TEST_F(WatchStateTest, ListsFirstAndThenWatchesFromTheListsVersion) {
  EXPECT_EQ(state.next(), WatchState::Next::list);
  EXPECT_EQ(told(state.listed(list_of("10", {pod("a", "3"), pod("b", "7")}))),
            (Texts{"added a", "added b"}));
  EXPECT_EQ(state.next(), WatchState::Next::watch);
  EXPECT_EQ(state.resource_version(), "10");
  EXPECT_EQ(state.delay(), milliseconds(0));
}

TEST_F(WatchStateTest, FollowsTheVersionsOfTheLinesBookmarksIncluded) {
  state.listed(list_of("10", {}));
  EXPECT_EQ(told(state.line(watch_line("ADDED", pod("a", "11")))), "added a");
  EXPECT_EQ(told(state.line(watch_line("MODIFIED", pod("a", "12")))), "modified a");
  EXPECT_EQ(state.resource_version(), "12");
  Json bookmark{{"kind", "Pod"}, {"metadata", {{"resourceVersion", "90"}}}};
  EXPECT_EQ(told(state.line(watch_line("BOOKMARK", bookmark))), "");
  EXPECT_EQ(state.resource_version(), "90");
  EXPECT_EQ(told(state.line(watch_line("DELETED", pod("a", "91")))), "deleted a");
  state.ended(seconds(1));
  EXPECT_EQ(state.next(), WatchState::Next::watch);
  EXPECT_EQ(state.resource_version(), "91");
}

TEST_F(WatchStateTest, TypesFollowWhatIsKnownNotWhatTheServerCallsThem) {
  state.listed(list_of("10", {pod("a", "3")}));
  EXPECT_EQ(told(state.line(watch_line("ADDED", pod("a", "11")))), "modified a");
  EXPECT_EQ(told(state.line(watch_line("MODIFIED", pod("b", "12")))), "added b");
  EXPECT_EQ(told(state.line(watch_line("DELETED", pod("c", "13")))), "");
}

TEST_F(WatchStateTest, AnExpiredVersionLeadsToAListThatAnnouncesWhatVanished) {
  state.listed(list_of("10", {pod("a", "3"), pod("b", "4"), pod("c", "5")}));
  EXPECT_EQ(told(state.line(watch_line("ERROR", status_of(410, "Expired")))), "");
  EXPECT_EQ(state.next(), WatchState::Next::list);
  auto events = state.listed(list_of("50", {pod("a", "3"), pod("b", "44"), pod("d", "45")}));
  EXPECT_EQ(told(events), (Texts{"modified b", "added d", "deleted c"}));
  EXPECT_EQ(events.back().object["metadata"]["uid"], "uid-1");
  EXPECT_EQ(events.back().object["kind"], "Pod");
  EXPECT_EQ(state.resource_version(), "50");
}

TEST_F(WatchStateTest, AnObjectOfTheSameNameButAnotherUidIsANewObject) {
  state.listed(list_of("10", {pod("a", "3", "old")}));
  state.expired();
  auto events = state.listed(list_of("50", {pod("a", "44", "new")}));
  EXPECT_EQ(told(events), (Texts{"deleted a", "added a"}));
  EXPECT_EQ(events[0].object["metadata"]["uid"], "old");
}

TEST_F(WatchStateTest, NonsenseOnTheStreamLeadsToAList) {
  for (std::string nonsense : {"{\"type\":", "[]", "{\"type\":\"ADDED\"}",
                               "{\"type\":\"ADDED\",\"object\":{\"metadata\":{}}}",
                               "{\"type\":\"OTHER\",\"object\":{}}"}) {
    state.listed(list_of("10", {}));
    EXPECT_EQ(told(state.line(nonsense)), "");
    EXPECT_EQ(state.next(), WatchState::Next::list) << nonsense;
  }
}

TEST_F(WatchStateTest, DelaysGrowToABoundAndProgressEndsThem) {
  random = 0.999999;
  state.listed(list_of("10", {}));
  std::vector<long> delays;
  for (int i = 0; i < 6; ++i) {
    state.ended(seconds(0));
    delays.push_back(state.delay().count());
  }
  EXPECT_EQ(delays, (std::vector<long>{99, 199, 399, 799, 999, 999}));
  for (int i = 0; i < 100; ++i) {
    state.failed();
  }
  EXPECT_EQ(state.delay().count(), 999);
  random = 0;
  EXPECT_EQ(state.delay().count(), 500);
  state.line(watch_line("ADDED", pod("a", "11")));
  EXPECT_EQ(state.delay().count(), 0);
}

TEST_F(WatchStateTest, AStreamThatWasQuietForLongIsNoFailure) {
  state.listed(list_of("10", {}));
  state.failed();
  state.ended(seconds(31));
  EXPECT_EQ(state.delay().count(), 0);
}

TEST_F(WatchStateTest, AServerThatExpiresEveryWatchIsNotAskedWithoutPause) {
  state.listed(list_of("10", {}));
  state.expired();
  state.listed(list_of("10", {}));
  state.expired();
  EXPECT_GE(state.delay(), milliseconds(100));
}

}  // namespace
}  // namespace ratchet::k8s
