// What a session says when there is no server to speak of.
#include "k8s/adapters/sql.h"

#include <chrono>

#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/adapters/run_sql.h"

namespace ratchet::k8s {
namespace {

namespace asio = boost::asio;
using ::testing::HasSubstr;

asio::awaitable<void> connect(sql::Target target) {
  co_await sql::Session::connect(std::move(target));
}

TEST(SqlSession, GivesUpOnAServerThatSaysNothingAfterTheDeadline) {
  asio::io_context context;
  asio::ip::tcp::acceptor silent(context, {asio::ip::address_v4::loopback(), 0});
  sql::Target target{.host = "127.0.0.1", .port = silent.local_endpoint().port()};
  target.deadline = std::chrono::milliseconds(50);
  const auto error = testing::error_of([&] { return connect(target); });
  EXPECT_EQ(error.number(), 0);
  EXPECT_THAT(error.what(), HasSubstr("no answer within 50 ms"));
}

TEST(SqlSession, SaysWhereNobodyListens) {
  asio::io_context context;
  asio::ip::tcp::acceptor taken(context, {asio::ip::address_v4::loopback(), 0});
  const auto port = taken.local_endpoint().port();
  taken.close();
  const auto error =
      testing::error_of([&] { return connect({.host = "127.0.0.1", .port = port}); });
  EXPECT_EQ(error.number(), 0);
  EXPECT_THAT(error.what(), HasSubstr("127.0.0.1:" + std::to_string(port) + ": "));
}

TEST(SqlSession, WantsAnAddressAndNoName) {
  const auto error = testing::error_of([] { return connect({.host = "my-db"}); });
  EXPECT_THAT(error.what(), HasSubstr("my-db:3306: not an IP address"));
}

}  // namespace
}  // namespace ratchet::k8s
