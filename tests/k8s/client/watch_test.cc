// The driver of a watch against scripted answers.
#include "k8s/client/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/client/kinds.h"
#include "tests/k8s/client/scripted_api.h"

namespace ratchet::k8s {
namespace {

using std::chrono::milliseconds;
using testing::Answer;
using ::testing::HasSubstr;
using testing::list_of;
using testing::pod;
using testing::ScriptedApi;
using testing::status_of;
using testing::watch_line;

struct WatchTest : ::testing::Test {
  void start(WatchOptions options = {}) {
    options.first_delay = milliseconds(1);
    options.most_delay = milliseconds(4);
    watch = std::make_unique<Watch>(
        client, kinds::pod, options,
        WatchHandler{[this](Event event) {
                       const char* types[] = {"+", "~", "-"};
                       tell(types[static_cast<int>(event.type)] +
                            event.object["metadata"]["name"].get<std::string>());
                     },
                     [this] { tell("synced"); },
                     [this](bool open) {
                       if (tells_open) tell(open ? "open" : "ended");
                     }});
    watch->start();
  }
  void tell(const std::string& what) { told += (told.empty() ? "" : " ") + what; }
  void run_until_told(const std::string& what) {
    loop.until([&] { return told == what || told.size() > what.size(); });
    EXPECT_EQ(told, what);
  }

  http::testing::Loop loop;
  ScriptedApi api{loop};
  std::shared_ptr<HttpClient> client = std::make_shared<HttpClient>(loop.executor(), api.access());
  std::string told;
  bool tells_open = false;
  std::unique_ptr<Watch> watch;
};

TEST_F(WatchTest, ListsAndThenFollows) {
  api.script = {
      Answer::object(200, list_of("10", {pod("a", "3")})),
      Answer::stream({watch_line("ADDED", pod("b", "11")), watch_line("DELETED", pod("a", "12"))},
                     Answer::End::hold)};
  WatchOptions options;
  options.space = "demo";
  options.label_selector = "app=x,role!=y";
  start(options);
  run_until_told("+a synced +b -a");
  EXPECT_EQ(api.requests[0].target,
            "/api/v1/namespaces/demo/pods?labelSelector=app=x,role!=y&limit=500");
  EXPECT_THAT(api.requests[1].target, HasSubstr("/api/v1/namespaces/demo/pods?watch=true"));
  EXPECT_THAT(api.requests[1].target, HasSubstr("&resourceVersion=10&"));
  EXPECT_THAT(api.requests[1].target, HasSubstr("allowWatchBookmarks=true"));
}

TEST_F(WatchTest, ReconnectsWhereItStoppedAfterACutAndAfterACleanEnd) {
  api.script = {Answer::object(200, list_of("10", {})),
                Answer::stream({watch_line("ADDED", pod("a", "11"))}, Answer::End::cut),
                Answer::stream({watch_line("MODIFIED", pod("a", "12"))}, Answer::End::clean),
                Answer::stream({watch_line("MODIFIED", pod("a", "13"))}, Answer::End::hold)};
  start();
  run_until_told("synced +a ~a ~a");
  EXPECT_THAT(api.requests[2].target, HasSubstr("resourceVersion=11&"));
  EXPECT_THAT(api.requests[3].target, HasSubstr("resourceVersion=12&"));
}

TEST_F(WatchTest, TellsWhetherItsStreamIsOpen) {
  api.script = {Answer::object(200, list_of("10", {})),
                Answer::object(429, status_of(429, "TooManyRequests")),
                Answer::stream({watch_line("ADDED", pod("a", "11"))}, Answer::End::cut),
                Answer::stream({watch_line("ERROR", status_of(410, "Expired"))}, Answer::End::hold),
                Answer::object(200, list_of("20", {pod("a", "11")})),
                Answer::stream({watch_line("ADDED", pod("b", "21"))}, Answer::End::hold)};
  tells_open = true;
  start();
  run_until_told("synced open +a ended open ended synced open +b");
}

TEST_F(WatchTest, AVersionTooOldLeadsToANewListBothWaysThatAServerSaysIt) {
  api.script = {Answer::object(200, list_of("10", {pod("a", "3"), pod("b", "4")})),
                Answer::object(410, status_of(410, "Expired")),
                Answer::object(200, list_of("20", {pod("a", "3")})),
                Answer::stream({watch_line("ERROR", status_of(410, "Expired"))}, Answer::End::hold),
                Answer::object(200, list_of("30", {pod("a", "25")})),
                Answer::stream({watch_line("ADDED", pod("c", "31"))}, Answer::End::hold)};
  start();
  run_until_told("+a +b synced -b synced ~a synced +c");
}

TEST_F(WatchTest, FailuresOfListAndWatchAreTriedAgain) {
  api.script = {Answer::object(403, status_of(403, "Forbidden")),
                Answer::object(404, status_of(404, "NotFound")),
                Answer::object(200, list_of("10", {})),
                Answer::object(429, status_of(429, "TooManyRequests")),
                Answer::object(404, status_of(404, "NotFound")),
                Answer::stream({watch_line("ADDED", pod("a", "11"))}, Answer::End::hold)};
  start();
  run_until_told("synced +a");
  EXPECT_THAT(api.requests[5].target, HasSubstr("resourceVersion=10&"));
}

TEST_F(WatchTest, AStreamThatGoesSilentIsLeft) {
  api.script = {Answer::object(200, list_of("10", {})),
                Answer::stream({watch_line("ADDED", pod("a", "11"))}, Answer::End::hold),
                Answer::stream({watch_line("ADDED", pod("b", "12"))}, Answer::End::hold)};
  WatchOptions options;
  options.idle = milliseconds(500);
  start(options);
  run_until_told("synced +a +b");
}

TEST_F(WatchTest, AfterStopNothingIsToldAndTheStreamIsClosed) {
  api.script = {Answer::object(200, list_of("10", {})),
                Answer::stream({watch_line("ADDED", pod("a", "11"))}, Answer::End::hold)};
  start();
  run_until_told("synced +a");
  auto weak = std::weak_ptr<HttpClient>(client);
  client.reset();
  watch->stop();
  watch.reset();
  loop.until([&] { return weak.expired(); });  // its coroutine has ended
  EXPECT_EQ(told, "synced +a");
}

TEST_F(WatchTest, AHandlerMayStopItsWatch) {
  api.script = {Answer::object(200, list_of("10", {pod("a", "3"), pod("b", "4")}))};
  std::weak_ptr<HttpClient> weak = client;
  watch = std::make_unique<Watch>(client, kinds::pod, WatchOptions{},
                                  WatchHandler{[this](const Event&) {
                                                 tell("one");
                                                 watch->stop();
                                               },
                                               [this] { tell("synced"); }});
  watch->start();
  loop.until([&] { return !told.empty(); });
  client.reset();
  watch.reset();
  loop.until([&] { return weak.expired(); });
  EXPECT_EQ(told, "one");
}

}  // namespace
}  // namespace ratchet::k8s
