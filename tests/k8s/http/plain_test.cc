// The client against a scripted peer and the server against the client, over loopback.
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/http/http.h"
#include "tests/k8s/http/loop.h"

namespace ratchet::k8s::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using testing::Loop;
using ::testing::ThrowsMessage;

constexpr auto plenty = seconds(10);
const std::string hello =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

// What a peer does with one connection: for each request that arrives, one text. When the texts
// are used up it closes, or, if told to, keeps the connection open and says nothing.
struct Script {
  std::vector<std::string> answers;
  bool then_silent = false;
};

class Peer {
 public:
  Peer(Loop& loop, std::vector<Script> scripts)
      : acceptor_(loop.context(), {asio::ip::make_address("127.0.0.1"), 0}),
        scripts_(std::move(scripts)) {
    asio::co_spawn(loop.context(), play(), [](const std::exception_ptr&) {});
  }

  Endpoint endpoint() const {
    return {"127.0.0.1", acceptor_.local_endpoint().port(), std::nullopt};
  }
  std::vector<std::string> requests;  // the first line of each
  std::size_t connections = 0;

 private:
  asio::awaitable<void> play() {
    for (const Script& script : scripts_) {
      tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
      ++connections;
      for (const std::string& answer : script.answers) {
        co_await read_request(socket);
        co_await asio::async_write(socket, asio::buffer(answer), asio::use_awaitable);
      }
      if (script.then_silent) {
        silent_.push_back(std::move(socket));
      }
    }
  }

  asio::awaitable<void> read_request(tcp::socket& socket) {
    std::string text;
    co_await asio::async_read_until(socket, asio::dynamic_buffer(text), "\r\n\r\n",
                                    asio::use_awaitable);
    requests.push_back(text.substr(0, text.find("\r\n")));
  }

  tcp::acceptor acceptor_;
  std::vector<Script> scripts_;
  std::vector<tcp::socket> silent_;
};

struct PlainHttp : ::testing::Test {
  Response fetch(Client& client, Request request, std::chrono::steady_clock::duration deadline) {
    return loop.run(client.fetch(std::move(request), deadline));
  }
  Response get(Client& client, std::string target = "/") {
    return fetch(client, {"GET", std::move(target), {}, ""}, plenty);
  }
  StreamReply stream(Client& client) {
    return loop.run(client.stream({"GET", "/watch", {}, ""}, plenty));
  }
  std::optional<std::string> line(StreamReply& reply, std::chrono::steady_clock::duration idle) {
    return loop.run(reply.lines->next_line(idle));
  }
  Server serve(Server::Handler handler) {
    return Server(loop.executor(), "127.0.0.1", 0, std::nullopt, std::move(handler));
  }
  Endpoint at(const Server& server) { return {"127.0.0.1", server.port(), std::nullopt}; }

  Loop loop;
};

TEST_F(PlainHttp, TwoRequestsShareOneConnection) {
  Peer peer(loop, {{{hello, hello}}});
  Client client(loop.executor(), peer.endpoint());
  EXPECT_EQ(get(client, "/one").body, "hello");
  EXPECT_EQ(get(client, "/two").content_type, "text/plain");
  EXPECT_EQ(peer.connections, 1u);
  EXPECT_EQ(peer.requests, (std::vector<std::string>{"GET /one HTTP/1.1", "GET /two HTTP/1.1"}));
}

TEST_F(PlainHttp, AGetOnAKeptConnectionThatWasClosedIsSentAgainOnANewOne) {
  Peer peer(loop, {{{hello, ""}}, {{hello}}});  // the second request is read, then comes the end
  Client client(loop.executor(), peer.endpoint());
  get(client, "/one");
  EXPECT_EQ(get(client, "/two").body, "hello");
  EXPECT_EQ(peer.requests.back(), "GET /two HTTP/1.1");
  EXPECT_EQ(peer.requests.size(), 3u);
}

TEST_F(PlainHttp, APostOnAKeptConnectionThatWasClosedIsNotSentAgain) {
  Peer peer(loop, {{{hello, ""}}, {{hello}}});
  Client client(loop.executor(), peer.endpoint());
  get(client, "/one");
  EXPECT_THAT([&] { fetch(client, {"POST", "/two", {}, "{}"}, plenty); },
              ThrowsMessage<std::runtime_error>(HasSubstr("closed the connection")));
  EXPECT_EQ(peer.requests.size(), 2u);
}

TEST_F(PlainHttp, APeerThatNeverAnswersRunsIntoTheDeadline) {
  Peer peer(loop, {{{}, true}});
  Client client(loop.executor(), peer.endpoint());
  auto port = std::to_string(peer.endpoint().port);
  EXPECT_THAT([&] { fetch(client, {"GET", "/pods?limit=1", {}, ""}, milliseconds(50)); },
              ThrowsMessage<std::runtime_error>("http://127.0.0.1:" + port +
                                                ": GET /pods: no answer within the deadline"));
}

TEST_F(PlainHttp, APeerThatStopsInTheBodyRunsIntoTheDeadline) {
  Peer peer(loop, {{{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"}, true}});
  Client client(loop.executor(), peer.endpoint());
  EXPECT_THAT([&] { fetch(client, {}, milliseconds(50)); },
              ThrowsMessage<std::runtime_error>(HasSubstr("no answer within the deadline")));
}

TEST_F(PlainHttp, ABodyThatIsCutIsAFailure) {
  Peer peer(loop, {{{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"}}});
  Client client(loop.executor(), peer.endpoint());
  EXPECT_THAT([&] { get(client); },
              ThrowsMessage<std::runtime_error>(HasSubstr("in the middle of the answer")));
}

TEST_F(PlainHttp, ABodyOverTheLimitIsAFailure) {
  Peer peer(loop, {{{"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"}, true}});
  Client client(loop.executor(), peer.endpoint());
  EXPECT_THAT([&] { get(client); },
              ThrowsMessage<std::runtime_error>(HasSubstr("larger than 64 MiB")));
}

TEST_F(PlainHttp, AClosedPortIsAFailureThatNamesIt) {
  tcp::acceptor closed(loop.context(), {asio::ip::make_address("127.0.0.1"), 0});
  std::uint16_t port = closed.local_endpoint().port();
  closed.close();
  Client client(loop.executor(), {"127.0.0.1", port, std::nullopt});
  EXPECT_THAT([&] { get(client); },
              ThrowsMessage<std::runtime_error>(HasSubstr("127.0.0.1:" + std::to_string(port))));
}

TEST_F(PlainHttp, AHeaderValueCannotForgeAnotherHeader) {
  Peer peer(loop, {{{hello}}});
  Client client(loop.executor(), peer.endpoint());
  Request request{"GET", "/", {{"Authorization", "Bearer a\r\nX: y"}}, ""};
  EXPECT_THROW(fetch(client, request, plenty), std::invalid_argument);
  EXPECT_THROW(get(client, "/a b"), std::invalid_argument);
  EXPECT_TRUE(peer.requests.empty());
}

TEST_F(PlainHttp, LinesComeOneByOneAcrossChunksUntilACleanEnd) {
  Peer peer(loop, {{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "5\r\none\nt\r\n3\r\nwo\n\r\n6\r\n\nthree\r\n1\r\n\n\r\n0\r\n\r\n"}}});
  Client client(loop.executor(), peer.endpoint());
  auto reply = stream(client);
  EXPECT_EQ(reply.head.status, 200);
  for (const char* expected : {"one", "two", "", "three"}) {
    EXPECT_EQ(line(reply, plenty), expected);
  }
  EXPECT_EQ(line(reply, plenty), std::nullopt);
  EXPECT_EQ(line(reply, plenty), std::nullopt);
}

TEST_F(PlainHttp, AStreamThatIsCutEndsAfterItsLastWholeLine) {
  Peer peer(loop, {{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\none\nhal"}}});
  Client client(loop.executor(), peer.endpoint());
  auto reply = stream(client);
  EXPECT_EQ(line(reply, plenty), "one");
  EXPECT_EQ(line(reply, plenty), std::nullopt);
}

TEST_F(PlainHttp, AStreamThatGoesSilentFailsAfterTheIdleTime) {
  Peer peer(loop,
            {{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n"}, true}});
  Client client(loop.executor(), peer.endpoint());
  auto reply = stream(client);
  EXPECT_EQ(line(reply, plenty), "one");
  EXPECT_THAT([&] { line(reply, milliseconds(50)); },
              ThrowsMessage<std::runtime_error>(HasSubstr("nothing arrived")));
  EXPECT_EQ(line(reply, plenty), std::nullopt);
}

TEST_F(PlainHttp, ALineOverTheLimitIsAFailure) {
  auto server = serve([](const Request&, Responder& responder) -> asio::awaitable<void> {
    co_await responder.start(200, "application/json");
    for (int i = 0; i < 17; ++i) {
      co_await responder.write(std::string(1 << 20, 'x'));
    }
  });
  Client client(loop.executor(), at(server));
  auto reply = stream(client);
  EXPECT_THAT([&] { line(reply, plenty); },
              ThrowsMessage<std::runtime_error>(HasSubstr("longer than 16 MiB")));
}

TEST_F(PlainHttp, ARefusedStreamHasABodyAndNoLines) {
  auto server = serve([](const Request&, Responder& responder) -> asio::awaitable<void> {
    co_await responder.send({410, "application/json", R"({"code":410})", {}});
  });
  Client client(loop.executor(), at(server));
  auto reply = stream(client);
  EXPECT_EQ(reply.head.status, 410);
  EXPECT_EQ(reply.head.body, R"({"code":410})");
  EXPECT_EQ(reply.lines, nullptr);
}

TEST_F(PlainHttp, TheServerHandsOverTheWholeRequest) {
  auto server = serve([](const Request& request, Responder& responder) -> asio::awaitable<void> {
    Response response{201, "text/plain", request.method + request.target + request.body, {}};
    response.headers["X-Echo"] = request.headers.at("x-mine");
    co_await responder.send(std::move(response));
  });
  Client client(loop.executor(), at(server));
  Request request{"PUT", "/a?b=c", {{"X-Mine", "yes"}}, std::string(3 << 20, 'b')};
  auto response = fetch(client, request, plenty);
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.headers.at("x-echo"), "yes");
  EXPECT_EQ(response.body, "PUT/a?b=c" + request.body);
}

TEST_F(PlainHttp, TheServerRefusesARequestOverItsLimit) {
  auto server = serve([](const Request&, Responder& responder) -> asio::awaitable<void> {
    co_await responder.send({});
  });
  Client client(loop.executor(), at(server));
  auto response = fetch(client, {"POST", "/", {}, std::string(17 << 20, 'b')}, plenty);
  EXPECT_EQ(response.status, 413);
}

TEST_F(PlainHttp, AHandlerThatThrowsOrForgetsToAnswerGives500) {
  auto server = serve([](const Request& request, Responder&) -> asio::awaitable<void> {
    if (request.target == "/throws") {
      throw std::runtime_error("out of luck");
    }
    co_return;
  });
  Client client(loop.executor(), at(server));
  EXPECT_EQ(get(client, "/throws").status, 500);
  EXPECT_EQ(get(client, "/throws").body, "out of luck\n");
  EXPECT_EQ(get(client, "/silent").status, 500);
}

TEST_F(PlainHttp, AHeadRequestGetsAHeaderOnlyAndTheConnectionStaysUsable) {
  auto server = serve([](const Request&, Responder& responder) -> asio::awaitable<void> {
    co_await responder.send({200, "text/plain", "hello", {}});
  });
  Client client(loop.executor(), at(server));
  auto head = fetch(client, {"HEAD", "/", {}, ""}, plenty);
  EXPECT_EQ(head.headers.at("content-length"), "5");
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(get(client).body, "hello");
}

asio::awaitable<void> stream_until_gone(Responder& responder, bool& seen) {
  co_await responder.start(200, "text/plain");
  co_await responder.write("line\n");
  asio::steady_timer poll(co_await asio::this_coro::executor);
  while (!responder.gone()) {
    poll.expires_after(milliseconds(1));
    co_await poll.async_wait(asio::use_awaitable);
  }
  seen = true;
}

TEST_F(PlainHttp, AStreamingHandlerSeesThatItsPeerHasGone) {
  bool seen = false;
  auto server = serve(
      [&](const Request&, Responder& responder) { return stream_until_gone(responder, seen); });
  Client client(loop.executor(), at(server));
  {
    auto reply = stream(client);
    EXPECT_EQ(line(reply, plenty), "line");
    EXPECT_FALSE(seen);
  }
  loop.until([&] { return seen; });
  EXPECT_TRUE(seen);
}

asio::awaitable<void> stream_for_an_hour(Responder& responder, bool& ended) {
  struct AtEnd {
    bool& flag;
    ~AtEnd() { flag = true; }
  } at_end{ended};
  co_await responder.start(200, "text/plain");
  asio::steady_timer never(co_await asio::this_coro::executor, seconds(3600));
  co_await never.async_wait(asio::use_awaitable);
}

TEST_F(PlainHttp, StoppingTheServerEndsItsStreamsAndCancelsItsHandlers) {
  bool ended = false;
  auto server = serve(
      [&](const Request&, Responder& responder) { return stream_for_an_hour(responder, ended); });
  Client client(loop.executor(), at(server));
  auto reply = stream(client);
  auto endpoint = at(server);
  server.stop();
  EXPECT_EQ(line(reply, plenty), std::nullopt);
  loop.until([&] { return ended; });
  Client late(loop.executor(), endpoint);
  EXPECT_THROW(get(late), std::runtime_error);
}

asio::awaitable<void> answer_when_told(const Request& request, Responder& responder, bool& asked,
                                       asio::steady_timer& told) {
  if (request.target == "/held") {
    asked = true;
    boost::system::error_code woken;
    co_await told.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  co_await responder.send({200, "text/plain", "hello", {}});
}

// A server with one connection that is idle and one on which an answer is awaited, and finishes.
struct Finishing : PlainHttp {
  void finish(std::chrono::milliseconds most) {
    get(idle);
    asio::co_spawn(loop.context(), waiting.fetch({"GET", "/held", {}, ""}, plenty),
                   [this](const std::exception_ptr& failed, const Response& response) {
                     answer = failed ? "none" : response.body;
                   });
    loop.until([&] { return asked; });
    asio::co_spawn(loop.context(), server.finish(most),
                   [this](const std::exception_ptr&) { over = true; });
  }

  bool asked = false;
  bool over = false;
  std::string answer;
  asio::steady_timer told{loop.context(), asio::steady_timer::time_point::max()};
  Server server{loop.executor(), "127.0.0.1", 0, std::nullopt,
                [this](const Request& request, Responder& responder) {
                  return answer_when_told(request, responder, asked, told);
                }};
  Endpoint endpoint = at(server);
  Client idle{loop.executor(), endpoint};
  Client waiting{loop.executor(), endpoint};
};

TEST_F(Finishing, WhatWasAskedIsAnsweredAndNothingElse) {
  finish(plenty);
  Client late(loop.executor(), endpoint);
  EXPECT_THROW(get(late), std::runtime_error);
  EXPECT_THROW(get(idle), std::runtime_error);
  EXPECT_FALSE(over);
  told.cancel();
  loop.until([&] { return over && !answer.empty(); });
  EXPECT_EQ(answer, "hello");
}

TEST_F(Finishing, NobodyIsWaitedForForEver) {
  finish(milliseconds(50));
  loop.until([&] { return over && !answer.empty(); });
  EXPECT_EQ(answer, "none");
}

TEST_F(PlainHttp, APortThatIsTakenIsAFailureThatNamesIt) {
  auto server = serve([](const Request&, Responder&) -> asio::awaitable<void> { co_return; });
  auto port = server.port();
  EXPECT_THAT([&] { Server(loop.executor(), "127.0.0.1", port, std::nullopt, {}); },
              ThrowsMessage<std::runtime_error>(
                  HasSubstr("cannot listen on 127.0.0.1 port " + std::to_string(port))));
}

}  // namespace
}  // namespace ratchet::k8s::http
