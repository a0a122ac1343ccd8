#include "k8s/adapters/sql.h"

#include <sstream>
#include <tuple>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/verify_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/mysql.hpp>
#include <openssl/x509.h>

namespace ratchet::k8s::sql {

namespace asio = boost::asio;
namespace mysql = boost::mysql;
using boost::system::error_code;

namespace {

std::string sha256_of(X509* certificate) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), hash, &size) != 1) return "";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[hash[i] >> 4];
    hex += "0123456789abcdef"[hash[i] & 15];
  }
  return hex;
}

bool is_server_error(const error_code& error) {
  return error.category() == mysql::get_common_server_category() ||
         error.category() == mysql::get_mysql_server_category() ||
         error.category() == mysql::get_mariadb_server_category();
}

std::optional<std::string> text_of(const mysql::field_view& field) {
  if (field.is_null()) return std::nullopt;
  if (field.is_string()) return std::string(field.as_string());
  if (field.is_blob()) {
    const auto bytes = field.as_blob();
    return std::string(bytes.begin(), bytes.end());
  }
  std::ostringstream text;
  text << field;
  return text.str();
}

// Closes the socket when the time is up, unless it is destroyed before.
class Watchdog {
 public:
  Watchdog(asio::ip::tcp::socket& socket, std::chrono::steady_clock::duration deadline)
      : timer_(socket.get_executor(), deadline), state_(std::make_shared<State>(&socket)) {
    timer_.async_wait([state = state_](const error_code& error) {
      if (error || state->socket == nullptr) return;
      state->fired = true;
      error_code ignored;
      std::ignore = state->socket->close(ignored);
    });
  }
  ~Watchdog() { state_->socket = nullptr; }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  bool fired() const { return state_->fired; }

 private:
  // Outlives the watchdog where the timer's handler was queued already.
  struct State {
    explicit State(asio::ip::tcp::socket* it) : socket(it) {}
    asio::ip::tcp::socket* socket;
    bool fired = false;
  };
  asio::steady_timer timer_;
  std::shared_ptr<State> state_;
};

}  // namespace

struct Session::Impl {
  Impl(const asio::any_io_executor& executor, Target to)
      : target(std::move(to)), tls(asio::ssl::context::tls_client), connection(executor, tls) {
    // A certificate that is not as demanded ends the handshake before anything secret was sent.
    if (target.authority) trust(*target.authority);
    connection.stream().set_verify_mode(asio::ssl::verify_peer);
    connection.stream().set_verify_callback(
        [this](bool signed_well, asio::ssl::verify_context& context) {
          return accept(signed_well, context);
        });
  }

  void trust(const std::string& pem) {
    error_code error;
    if (tls.add_certificate_authority(asio::buffer(pem), error)) {
      throw Error(0, where() + ": the certificate of the authority can not be read (" +
                         error.message() + "); it is the ca.crt of the secret that has the " +
                         "server's certificate");
    }
  }

  // Called for each certificate of the chain, and for each fault that OpenSSL finds.
  bool accept(bool signed_well, asio::ssl::verify_context& context) {
    X509_STORE_CTX* handle = context.native_handle();
    seen = sha256_of(X509_STORE_CTX_get0_cert(handle));
    if (seen.empty()) return false;
    const bool known = target.certificate && *target.certificate == seen;
    if (!target.authority) return known || !target.certificate;
    if (signed_well || known) return true;
    why_not = X509_verify_cert_error_string(X509_STORE_CTX_get_error(handle));
    return false;
  }

  asio::ip::tcp::socket& socket() { return connection.stream().next_layer(); }

  std::string where() const { return target.host + ":" + std::to_string(target.port); }

  [[noreturn]] void fail(const error_code& error, const mysql::diagnostics& diagnostics,
                         bool late) const {
    if (late) {
      const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(target.deadline);
      throw Error(0, where() + ": no answer within " + std::to_string(limit.count()) + " ms");
    }
    if (target.certificate && !target.authority && !seen.empty() && *target.certificate != seen) {
      throw Error(0, where() + ": the server shows another TLS certificate (sha256 " + seen +
                         ") than the pinned one (" + *target.certificate + ")");
    }
    if (!why_not.empty()) {
      throw Error(0, where() + ": the server's TLS certificate is not one of the authority in " +
                         "ca.crt: " + why_not);
    }
    const std::string detail(diagnostics.server_message());
    if (is_server_error(error)) {
      throw Error(error.value(), where() + ": error " + std::to_string(error.value()) + ": " +
                                     (detail.empty() ? error.message() : detail));
    }
    throw Error(0, where() + ": " + error.message());
  }

  asio::awaitable<mysql::results> run(std::string statement) {
    mysql::results results;
    mysql::diagnostics diagnostics;
    error_code error;
    Watchdog watchdog(socket(), target.deadline);
    co_await connection.async_execute(statement, results, diagnostics,
                                      asio::redirect_error(asio::use_awaitable, error));
    if (error) fail(error, diagnostics, watchdog.fired());
    co_return results;
  }

  Target target;
  std::string seen;
  std::string why_not;  // what OpenSSL says against the certificate
  asio::ssl::context tls;
  mysql::tcp_ssl_connection connection;
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

const std::string& Session::certificate() const { return impl_->seen; }

asio::awaitable<std::unique_ptr<Session>> Session::connect(Target target) {
  auto impl = std::make_unique<Impl>(co_await asio::this_coro::executor, std::move(target));
  error_code error;
  const auto address = asio::ip::make_address(impl->target.host, error);
  if (error) throw Error(0, impl->where() + ": not an IP address");
  const mysql::handshake_params log_in(impl->target.user, impl->target.password, "",
                                       mysql::handshake_params::default_collation,
                                       mysql::ssl_mode::require);
  mysql::diagnostics diagnostics;
  Watchdog watchdog(impl->socket(), impl->target.deadline);
  co_await impl->connection.async_connect(asio::ip::tcp::endpoint(address, impl->target.port),
                                          log_in, diagnostics,
                                          asio::redirect_error(asio::use_awaitable, error));
  if (error) impl->fail(error, diagnostics, watchdog.fired());
  co_return std::unique_ptr<Session>(new Session(std::move(impl)));
}

asio::awaitable<Rows> Session::query(std::string statement) {
  const mysql::results results = co_await impl_->run(std::move(statement));
  Rows rows;
  for (const mysql::row_view& row : results.rows()) {
    rows.emplace_back();
    for (const mysql::field_view& field : row) rows.back().push_back(text_of(field));
  }
  co_return rows;
}

asio::awaitable<std::uint64_t> Session::execute(std::string statement) {
  const mysql::results results = co_await impl_->run(std::move(statement));
  co_return results.affected_rows();
}

asio::awaitable<void> Session::close() {
  mysql::diagnostics diagnostics;
  error_code ignored;
  Watchdog watchdog(impl_->socket(), impl_->target.deadline);
  co_await impl_->connection.async_close(diagnostics,
                                         asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace ratchet::k8s::sql
