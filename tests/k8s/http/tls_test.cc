// TLS both ways over loopback, with certificates made here.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/http/http.h"
#include "tests/k8s/http/certificates.h"
#include "tests/k8s/http/loop.h"

namespace ratchet::k8s::http {
namespace {

namespace asio = boost::asio;
using std::chrono::seconds;
using testing::Authority;
using ::testing::HasSubstr;
using testing::Identity;
using testing::Loop;
using ::testing::ThrowsMessage;

Tls server_tls(const Identity& identity, std::string client_ca = "") {
  return {std::move(client_ca), identity.certificate_pem, identity.key_pem, "", true};
}

Tls client_tls(std::string ca, std::string name = "") {
  return {std::move(ca), "", "", std::move(name), true};
}

asio::awaitable<void> hello(const Request&, Responder& responder) {
  co_await responder.send({200, "text/plain", "hello", {}});
}

struct TlsHttp : ::testing::Test {
  Server serve(Tls tls) { return Server(loop.executor(), "127.0.0.1", 0, std::move(tls), hello); }
  Response get(const Server& server, Tls tls) {
    Client client(loop.executor(), {"127.0.0.1", server.port(), std::move(tls)});
    return loop.run(client.fetch({}, seconds(10)));
  }

  Loop loop;
  Authority authority{"authority"};
  Identity local = authority.issue("server", "DNS:api.example,IP:127.0.0.1");
};

TEST_F(TlsHttp, ACertificateOfTheRightAuthorityAndAddressIsAccepted) {
  auto server = serve(server_tls(local));
  EXPECT_EQ(get(server, client_tls(authority.ca_pem())).body, "hello");
}

TEST_F(TlsHttp, AKeptConnectionServesManyRequests) {
  auto server = serve(server_tls(local));
  Client client(loop.executor(), {"127.0.0.1", server.port(), client_tls(authority.ca_pem())});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(loop.run(client.fetch({}, seconds(10))).body, "hello");
  }
}

TEST_F(TlsHttp, AnotherAuthorityIsRefused) {
  auto server = serve(server_tls(local));
  Authority other("another authority");
  EXPECT_THAT([&] { get(server, client_tls(other.ca_pem())); },
              ThrowsMessage<std::runtime_error>(HasSubstr("certificate is refused")));
}

TEST_F(TlsHttp, AnotherNameIsRefused) {
  auto server = serve(server_tls(local));
  EXPECT_EQ(get(server, client_tls(authority.ca_pem(), "api.example")).status, 200);
  EXPECT_THAT(
      [&] { get(server, client_tls(authority.ca_pem(), "other.example")); },
      ThrowsMessage<std::runtime_error>(HasSubstr("hostname mismatch (expected: other.example)")));
}

TEST_F(TlsHttp, AnAddressThatTheCertificateDoesNotNameIsRefused) {
  auto server = serve(server_tls(authority.issue("server", "DNS:127.0.0.1,IP:127.0.0.2")));
  EXPECT_THAT([&] { get(server, client_tls(authority.ca_pem())); },
              ThrowsMessage<std::runtime_error>(HasSubstr("IP address mismatch")));
}

TEST_F(TlsHttp, WithoutVerificationAnyCertificateWillDo) {
  auto server = serve(server_tls(Authority("unknown").issue("whoever")));
  Tls careless;
  careless.verify_peer = false;
  EXPECT_EQ(get(server, careless).status, 200);
}

TEST_F(TlsHttp, AServerThatTrustsAnAuthorityAsksItsClientsForCertificates) {
  auto server = serve(server_tls(local, authority.ca_pem()));
  EXPECT_THAT([&] { get(server, client_tls(authority.ca_pem())); },
              ThrowsMessage<std::runtime_error>(HasSubstr("certificate required")));

  Tls known = client_tls(authority.ca_pem());
  Identity identity = authority.issue("client");
  known.certificate_pem = identity.certificate_pem;
  known.key_pem = identity.key_pem;
  EXPECT_EQ(get(server, known).body, "hello");

  Identity stranger = Authority("another authority").issue("client");
  known.certificate_pem = stranger.certificate_pem;
  known.key_pem = stranger.key_pem;
  EXPECT_THROW(get(server, known), std::runtime_error);
}

TEST_F(TlsHttp, WhoeverShakesNoHandsIsCutOffAndHoldsUpNobody) {
  ServerLimits limits;
  limits.connections = 2;
  limits.request = seconds(2);
  Server server(loop.executor(), "127.0.0.1", 0, server_tls(local), hello, limits);
  asio::ip::tcp::socket silent(loop.context());
  silent.connect({asio::ip::make_address("127.0.0.1"), server.port()});
  EXPECT_EQ(get(server, client_tls(authority.ca_pem())).status, 200);
  char byte = 0;
  boost::system::error_code end;
  silent.async_read_some(asio::buffer(&byte, 1),
                         [&](const boost::system::error_code& error, std::size_t) { end = error; });
  loop.until([&] { return end.failed(); });
  EXPECT_EQ(end, asio::error::eof);
}

TEST_F(TlsHttp, AStreamThatIsCutWithoutAFarewellEnds) {
  Server server(loop.executor(), "127.0.0.1", 0, server_tls(local),
                [](const Request&, Responder& responder) -> asio::awaitable<void> {
                  co_await responder.start(200, "text/plain");
                  co_await responder.write("one\nhal");
                  throw std::runtime_error("cut here");
                });
  Client client(loop.executor(), {"127.0.0.1", server.port(), client_tls(authority.ca_pem())});
  auto reply = loop.run(client.stream({}, seconds(10)));
  EXPECT_EQ(loop.run(reply.lines->next_line(seconds(10))), "one");
  EXPECT_EQ(loop.run(reply.lines->next_line(seconds(10))), std::nullopt);
}

TEST_F(TlsHttp, AWaitForALineCanBeCancelled) {
  Server server(loop.executor(), "127.0.0.1", 0, server_tls(local),
                [](const Request&, Responder& responder) -> asio::awaitable<void> {
                  co_await responder.start(200, "text/plain");
                  asio::steady_timer never(co_await asio::this_coro::executor, seconds(3600));
                  co_await never.async_wait(asio::use_awaitable);
                });
  Client client(loop.executor(), {"127.0.0.1", server.port(), client_tls(authority.ca_pem())});
  auto reply = loop.run(client.stream({}, seconds(10)));
  asio::cancellation_signal cancel;
  std::exception_ptr end;
  auto line = reply.lines->next_line(seconds(3600));
  asio::co_spawn(loop.context(), std::move(line),
                 asio::bind_cancellation_slot(cancel.slot(), [&](const std::exception_ptr& failure,
                                                                 const auto&) { end = failure; }));
  loop.context().poll();
  EXPECT_FALSE(end);
  cancel.emit(asio::cancellation_type::terminal);
  loop.until([&] { return end != nullptr; });
  try {
    std::rethrow_exception(end);
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), asio::error::operation_aborted);
  }
}

TEST_F(TlsHttp, APlainServerIsNotTakenForATlsOne) {
  Server plain(loop.executor(), "127.0.0.1", 0, std::nullopt,
               [](const Request&, Responder&) -> asio::awaitable<void> { co_return; });
  EXPECT_THROW(get(plain, client_tls(authority.ca_pem())), std::runtime_error);
}

TEST_F(TlsHttp, UnusablePemIsNamed) {
  EXPECT_THAT([&] { Client(loop.executor(), {"localhost", 1, client_tls("nonsense")}); },
              ThrowsMessage<std::runtime_error>(HasSubstr("certificate authority")));
  Tls mixed = server_tls(local);
  mixed.key_pem = authority.issue("other").key_pem;
  EXPECT_THAT([&] { serve(mixed); }, ThrowsMessage<std::runtime_error>(HasSubstr("private key")));
  EXPECT_THAT([&] { serve(Tls{}); },
              ThrowsMessage<std::runtime_error>(HasSubstr("a server needs a certificate")));
}

}  // namespace
}  // namespace ratchet::k8s::http
