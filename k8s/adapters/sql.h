// One SQL session with one server, always over TLS. A server whose certificate no known authority
// has signed is recognised by the certificate itself: the caller keeps its SHA-256 and demands it
// the next time (trust on first use).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

namespace ratchet::k8s::sql {

struct Target {
  std::string host = {};  // an IP address
  std::uint16_t port = 3306;
  std::string user = {};
  std::string password = {};
  // SHA-256 of the server's certificate (DER) in lower-case hex; nothing: any certificate.
  std::optional<std::string> certificate = {};
  // Certificates of authorities (PEM): the server's must be signed by one of them, or be
  // `certificate`, the one that was signed by an earlier authority. What it calls the server is not
  // looked at, as that is dialled by address. Nothing: nobody is asked.
  std::optional<std::string> authority = {};
  // For connecting (with log-in) and for each statement.
  std::chrono::steady_clock::duration deadline = std::chrono::seconds(5);
};

// The server refused (number is its error number), or there was no answer within the deadline, no
// connection, no TLS or another certificate than demanded (number is 0). After a statement with
// number 0 its effect is unknown and the session is of no further use.
class Error : public std::runtime_error {
 public:
  Error(int number, const std::string& what) : std::runtime_error(what), number_(number) {}
  int number() const { return number_; }

 private:
  int number_;
};

using Rows = std::vector<std::vector<std::optional<std::string>>>;

// Lives on the executor of the coroutine that connected it; one statement at a time. Destruction
// closes the connection without a good-bye.
class Session {
 public:
  // Throws Error. The password is sent only after the certificate was found to be as demanded.
  static boost::asio::awaitable<std::unique_ptr<Session>> connect(Target target);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // SHA-256 of the certificate that the server showed, as in Target.
  const std::string& certificate() const;

  // All rows of one statement as text, NULL as nothing. Throws Error.
  boost::asio::awaitable<Rows> query(std::string statement);
  // As query, for statements without rows: the number of rows affected.
  boost::asio::awaitable<std::uint64_t> execute(std::string statement);
  // Says good-bye; failures do not matter.
  boost::asio::awaitable<void> close();

 private:
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ratchet::k8s::sql
