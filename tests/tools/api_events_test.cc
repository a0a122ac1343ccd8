// What is proved: server-sent events are what the log holds, in order and without a gap, for peers
// that come late, come back, or read slowly; and no more connections have them than may.
#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/api_world.h"

namespace ratchet::ratchetd::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace asio = boost::asio;
namespace http = k8s::http;

using Headers = std::map<std::string, std::string>;

Headers with_token() {
  return {{"authorization", std::string("Bearer ") + token}, {"x-ratchet-user", "ann"}};
}

struct Event {
  std::uint64_t id = 0;
  Json data;
};

// A peer that reads line by line, when it wants to.
class Watcher {
 public:
  Watcher(std::uint16_t port, const std::string& target)
      : client_(io_.get_executor(), {"127.0.0.1", port, std::nullopt}) {
    reply_ = await(client_.stream({"GET", target, with_token(), ""}, 20s));
  }

  int status() const { return reply_.head.status; }
  // Nothing at the end.
  std::optional<std::string> line() { return await(reply_.lines->next_line(20s)); }
  // The next event; its id is 0 at the end.
  Event event() {
    Event event;
    while (const auto text = line()) {
      if (text->starts_with("id: ")) event.id = std::stoull(text->substr(4));
      if (text->starts_with("data: ")) event.data = Json::parse(text->substr(6));
      if (text->empty() && !event.data.is_null()) return event;
    }
    return {};
  }

 private:
  template <class T>
  T await(asio::awaitable<T> task) {
    T result;
    std::exception_ptr failed;
    asio::co_spawn(io_, std::move(task), [&](std::exception_ptr error, T value) {
      failed = std::move(error);
      result = std::move(value);
      io_.stop();
    });
    io_.restart();
    io_.run();
    if (failed) std::rethrow_exception(failed);
    return result;
  }

  asio::io_context io_{1};
  http::Client client_;
  http::StreamReply reply_;
};

class Events : public ::testing::Test {
 protected:
  // All that is durable, read at once.
  std::vector<Event> events(const std::string& options, const Headers& headers = with_token()) {
    const std::string target = "/v1/events?follow=false" + (options.empty() ? "" : "&" + options);
    const auto response = world.ask("GET", target, "", headers);
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.content_type, "text/event-stream");
    std::vector<Event> found;
    std::istringstream lines(response.body);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("id: ")) found.push_back({std::stoull(line.substr(4)), {}});
      if (line.starts_with("data: ")) found.back().data = Json::parse(line.substr(6));
    }
    return found;
  }
  std::string refused(const std::string& options, const Headers& headers = with_token()) {
    const auto response = world.ask("GET", "/v1/events" + options, "", headers);
    if (response.status == 200) return "200";
    return std::to_string(response.status) + " " +
           Json::parse(response.body)["error"]["code"].get<std::string>();
  }
  void note(const std::string& run, const std::string& text) {
    const auto response =
        world.ask("POST", "/v1/runs/" + run + "/note", Json{{"reason", text}}.dump());
    EXPECT_EQ(response.status, 200) << response.body;
  }

  ApiWorld world;
};

TEST_F(Events, AreWhatTheLogHoldsInItsOrder) {
  world.begin();
  world.start("a", "asking");
  world.start("b", "waiting");
  const auto all = events("from=0");
  ASSERT_GE(all.size(), 2U);
  std::uint64_t before = 0;
  std::map<std::string, std::string> first;
  for (const Event& event : all) {
    EXPECT_GT(event.id, before);
    before = event.id;
    EXPECT_EQ(event.data["record"], event.id);
    first.emplace(event.data["run"], event.data["events"][0]["event"]);
  }
  EXPECT_EQ(first, (std::map<std::string, std::string>{{"a", "RunStarted"}, {"b", "RunStarted"}}));
  EXPECT_TRUE(events("").empty()) << "without from: what comes from now on";
  for (const Event& event : events("from=0&run=b")) EXPECT_EQ(event.data["run"], "b");
  EXPECT_FALSE(events("from=0&run=b").empty());
}

TEST_F(Events, ComeAsTheyBecomeDurable) {
  world.begin();
  world.start("a", "asking");
  Watcher watcher(world.port(), "/v1/events?run=a");
  ASSERT_EQ(watcher.status(), 200);
  EXPECT_EQ(watcher.line(), "retry: 2000");
  note("a", "look at this");
  const Event event = watcher.event();
  EXPECT_EQ(event.data["events"][0]["event"], "Note");
  EXPECT_EQ(event.data["events"][0]["text"], "look at this");
  EXPECT_EQ(event.data["events"][0]["principal"], "local:ann");
}

TEST_F(Events, GoOnWhereAPeerThatComesBackHadLeft) {
  world.begin();
  world.start("a", "asking");
  for (int i = 0; i < 5; ++i) note("a", "note " + std::to_string(i));
  const auto all = events("from=0");
  for (std::size_t seen = 0; seen < all.size(); ++seen) {
    Headers headers = with_token();
    headers["last-event-id"] = std::to_string(all[seen].id);
    const auto rest = events("from=0", headers);
    ASSERT_EQ(rest.size(), all.size() - seen - 1);
    if (!rest.empty()) EXPECT_EQ(rest.front().id, all[seen + 1].id);
  }
}

// The log is the queue: nothing is kept for whoever does not read, and nothing is left out.
TEST_F(Events, APeerThatReadsSlowlyMissesNothingAndHoldsUpNobody) {
  world.begin();
  world.start("a", "asking");
  Watcher slow(world.port(), "/v1/events?run=a");
  const std::string text(4000, 'x');
  constexpr int notes = 400;  // several batches
  for (int i = 0; i < notes; ++i) note("a", std::to_string(i) + text);
  EXPECT_GE(events("from=0&run=a").size(), static_cast<std::size_t>(notes));
  for (int i = 0; i < notes; ++i) {
    const Event event = slow.event();
    ASSERT_THAT(event.data["events"][0]["text"].get<std::string>(),
                StartsWith(std::to_string(i) + "x"));
  }
}

TEST_F(Events, AreForSoManyConnectionsAtOnce) {
  world.options.streams = 2;
  world.begin();
  world.start("a", "asking");
  const Watcher one(world.port(), "/v1/events");
  auto two = std::make_unique<Watcher>(world.port(), "/v1/events");
  EXPECT_EQ(one.status(), 200);
  EXPECT_EQ(two->status(), 200);
  EXPECT_EQ(refused("?follow=false"), "503 too_many_streams");
  EXPECT_EQ(world.ask("GET", "/v1/runs").status, 200) << "all else is served";
  two.reset();
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (refused("?follow=false") != "200") {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the place of who has gone stays taken";
    std::this_thread::sleep_for(20ms);
  }
}

TEST_F(Events, SilenceIsNotTakenForTheEnd) {
  world.options.heartbeat = 50ms;
  world.begin();
  Watcher watcher(world.port(), "/v1/events");
  std::string seen;
  while (seen.find(": nothing new") == std::string::npos) seen += watcher.line().value() + "\n";
  EXPECT_THAT(seen, StartsWith("retry: 2000\n\n: nothing new\n"));
}

TEST_F(Events, AreRefusedForWhatMakesNoSense) {
  world.begin();
  world.start("a", "asking");
  EXPECT_EQ(refused("?from=x"), "400 bad_request");
  EXPECT_EQ(refused("?from=1000000"), "400 bad_request");
  EXPECT_EQ(refused("?follow=maybe"), "400 bad_request");
  EXPECT_EQ(refused("?nonsense=1"), "400 bad_request");
  EXPECT_EQ(refused("?run=nobody"), "404 unknown_run");
  EXPECT_EQ(refused("", {}), "401 unauthenticated");
  Headers headers = with_token();
  headers["last-event-id"] = "1000000";  // of another log, or of one that was restored since
  EXPECT_EQ(refused("", headers), "400 bad_request");
}

}  // namespace
}  // namespace ratchet::ratchetd::testing
