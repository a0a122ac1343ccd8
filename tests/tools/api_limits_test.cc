// What is proved: peers that send too much, too slowly, without end, too often or no HTTP at all
// are bounded, and meanwhile others are answered; and what was asked is answered at the daemon's
// end.
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/tools/api_world.h"

namespace ratchet::ratchetd::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
namespace asio = boost::asio;

// A peer that keeps to no rule.
class Raw {
 public:
  explicit Raw(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  ~Raw() { close(fd_); }

  bool connected() const { return connected_; }
  // False once the other side takes no more.
  bool send(const std::string& bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
      pollfd waits{fd_, POLLOUT, 0};
      if (poll(&waits, 1, 5000) <= 0) return false;
      const ssize_t count = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return false;
      sent += static_cast<std::size_t>(count);
    }
    return true;
  }
  // What comes until the other side closes; "(open)" behind it if it has not within `most`.
  std::string rest(std::chrono::milliseconds most) {
    std::string all;
    const auto end = Clock::now() + most;
    while (true) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
      pollfd waits{fd_, POLLIN, 0};
      if (left <= 0ms || poll(&waits, 1, static_cast<int>(left.count())) <= 0) {
        return all + "(open)";
      }
      char bytes[4096];
      const ssize_t count = recv(fd_, bytes, sizeof bytes, 0);
      if (count <= 0) return all;
      all.append(bytes, static_cast<std::size_t>(count));
    }
  }

 private:
  int fd_;
  bool connected_ = false;
};

const std::string head =
    std::string("POST /v1/runs/a/note HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ") + token +
    "\r\nX-Ratchet-User: ann\r\n";

class ApiLimits : public ::testing::Test {
 protected:
  void expect_alive() { EXPECT_EQ(world.ask("GET", "/v1/runs").status, 200); }
  ApiWorld world;
};

TEST_F(ApiLimits, ARequestThatIsTooLargeIsRefusedWithoutBeingRead) {
  world.begin();
  world.start("a", "waiting");
  const std::string body = R"({"reason": ")" + std::string(std::size_t{3} << 20, 'x') + "\"}";
  const auto response = world.ask("POST", "/v1/runs/a/note", body);
  EXPECT_EQ(response.status, 413);
  Raw declared(world.port());
  declared.send(head + "Content-Length: 9000000000\r\n\r\n");
  EXPECT_THAT(declared.rest(5s), HasSubstr("413"));
  Raw header(world.port());
  header.send("GET /v1/runs HTTP/1.1\r\nX: " + std::string(100'000, 'x'));
  EXPECT_THAT(header.rest(5s), HasSubstr("431"));
  expect_alive();
}

TEST_F(ApiLimits, WhatIsNoHttpIsRefusedAndRecordsNothing) {
  world.begin();
  world.start("a", "waiting");
  const std::string wrong[] = {
      "nonsense\r\n\r\n",
      "GET /v1/runs JUNK/1.1\r\n\r\n",
      "\x16\x03\x01\x02 a handshake\r\n\r\n",
      "GET /v1/runs HTTP/1.1\r\nno colon\r\n\r\n",
      head + "Content-Length: ten\r\n\r\n",
      head + "Content-Length: 16\r\nContent-Length: 17\r\n\r\n{\"reason\":\"why\"}",
      head + "Content-Length: 16\r\nTransfer-Encoding: chunked\r\n\r\n{\"reason\":\"why\"}",
      head + "Transfer-Encoding: chunked\r\n\r\nten\r\n{\"reason\":\"why\"}\r\n0\r\n\r\n"};
  for (const std::string& text : wrong) {
    Raw peer(world.port());
    peer.send(text);
    const std::string said = peer.rest(5s);
    EXPECT_THAT(said, StartsWith("HTTP/1.1 400 ")) << text;
    EXPECT_THAT(said, Not(HasSubstr("(open)"))) << text;
  }
  EXPECT_THAT(world.get("/v1/runs/a/history").dump(), Not(HasSubstr("Note")));
  expect_alive();
}

TEST_F(ApiLimits, ABodyWithoutEndIsRefused) {
  world.begin();
  world.start("a", "waiting");
  Raw endless(world.port());
  endless.send(head + "Transfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
  for (int i = 0; i < 1000 && endless.send(chunk); ++i) {
  }
  EXPECT_THAT(endless.rest(5s), HasSubstr("413"));
  expect_alive();
}

TEST_F(ApiLimits, WhoeverSendsSlowlyOrNothingIsCutOff) {
  world.options.limits.request = 300ms;
  world.begin();
  Raw silent(world.port()), slow(world.port()), slow_body(world.port());
  slow.send("GET /v1/ru");
  slow_body.send(head + "Content-Length: 100\r\n\r\n");
  const auto begin = Clock::now();
  bool open = true;
  while (open && Clock::now() - begin < 5s) {  // a byte at a time does not help
    slow.send("n");
    open = slow.rest(20ms) == "(open)";
  }
  EXPECT_FALSE(open);
  EXPECT_GE(Clock::now() - begin, 200ms);
  EXPECT_EQ(silent.rest(5s), "");
  EXPECT_EQ(slow_body.rest(5s), "");
  EXPECT_LT(Clock::now() - begin, 5s);
  expect_alive();
}

TEST_F(ApiLimits, ConnectionsAreLimitedAndComeFreeAgain) {
  world.options.limits.connections = 4;
  world.options.limits.request = 1s;
  world.begin();
  std::vector<std::unique_ptr<Raw>> idle;
  idle.reserve(4);
  for (int i = 0; i < 4; ++i) idle.push_back(std::make_unique<Raw>(world.port()));
  Raw fifth(world.port());
  fifth.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(fifth.rest(900ms), "");
  std::this_thread::sleep_for(1500ms);
  expect_alive();
}

TEST_F(ApiLimits, RequestsBeyondTheRateAreRefusedButProbesAreNot) {
  world.options.requests_a_second = 0.001;
  world.options.burst = 3;
  world.begin();
  for (int i = 0; i < 3; ++i) expect_alive();
  const auto response = world.ask("GET", "/v1/runs");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.headers.at("retry-after"), "1");
  EXPECT_EQ(world.ask("POST", "/v1/runs/a/pause", R"({"reason": "why"})").status, 429);
  EXPECT_EQ(world.ask("GET", "/healthz").status, 200);
}

// As an API server far away does.
asio::awaitable<Verdict> allow_later(std::atomic<int>& asked) {
  ++asked;
  asio::steady_timer timer(co_await asio::this_coro::executor, 300ms);
  co_await timer.async_wait(asio::use_awaitable);
  co_return Verdict{"ann", std::nullopt};
}

TEST_F(ApiLimits, WhatWasAskedBeforeTheEndIsAnsweredAndNoActBeginsAnyMore) {
  world.begin();
  world.start("a", "waiting");
  world.end();
  std::atomic<int> asked = 0;
  world.judge = [&asked](const Wanted&, const Headers&) { return allow_later(asked); };
  world.begin();
  auto read = std::async(std::launch::async, [&] { return world.ask("GET", "/v1/runs/a"); });
  auto act = std::async(std::launch::async, [&] {
    return world.ask("POST", "/v1/runs/a/pause", R"({"reason": "why"})");
  });
  while (asked < 2) std::this_thread::sleep_for(1ms);
  world.end();
  EXPECT_EQ(read.get().status, 200);
  const auto refused = act.get();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("the daemon ends"));
  world.judge = nullptr;
  world.begin();
  EXPECT_THAT(world.get("/v1/runs/a/history").dump(), Not(HasSubstr("Paused")));
}

TEST(Bucket, FillsWithTime) {
  Bucket bucket(10, 2);
  const auto now = Bucket::Clock::now();
  EXPECT_TRUE(bucket.take(now) && bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
  EXPECT_TRUE(bucket.take(now + 150ms));
  EXPECT_FALSE(bucket.take(now + 150ms));
  EXPECT_TRUE(bucket.take(now + 10s) && bucket.take(now + 10s));
  EXPECT_FALSE(bucket.take(now + 10s)) << "no more than at once";
}

}  // namespace
}  // namespace ratchet::ratchetd::testing
