// The session with real servers whose certificate an authority has signed.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/adapters/sql.h"
#include "k8s/provisioner/certificate_care.h"
#include "k8s/provisioner/certificates.h"
#include "tests/k8s/adapters/run_sql.h"
#include "tests/k8s/adapters/server.h"
#include "tests/k8s/http/certificates.h"

namespace ratchet::k8s {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using http::testing::Authority;
using http::testing::Identity;
using ::testing::HasSubstr;

// The files of a pod's certificates, which the server's user can read.
class Files {
 public:
  Files() {
    std::string name = (fs::temp_directory_path() / "ratchet-certificates-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder " + name);
    folder_ = name;
    fs::permissions(folder_, fs::perms(0755));
  }
  ~Files() { fs::remove_all(folder_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  void put(const Authority& authority, const Identity& identity) const {
    write("ca.crt", authority.ca_pem());
    write("server.crt", identity.certificate_pem);
    write("server.key", identity.key_pem);
  }
  std::string folder() const { return folder_.string(); }

 private:
  void write(const char* name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    fs::permissions(folder_ / name, fs::perms(0644));
  }

  fs::path folder_;
};

class CertifiedServer : public ::testing::TestWithParam<const char*> {
 protected:
  CertifiedServer() {
    files_.put(authority_, identity_);
    server_ = std::make_unique<testing::Server>(GetParam(), files_.folder());
  }

  sql::Target target(const Authority& authority) const {
    return {.host = "127.0.0.1",
            .port = server_->port(),
            .user = "root",
            .password = testing::Server::password,
            .authority = authority.ca_pem()};
  }

  static asio::awaitable<void> connect(sql::Target target) {
    co_await sql::Session::connect(std::move(target));
  }
  static asio::awaitable<void> expect_certificate(sql::Target target, std::string certificate) {
    EXPECT_EQ((co_await sql::Session::connect(std::move(target)))->certificate(), certificate);
  }
  asio::awaitable<void> renew(Identity renewed) {
    const auto session = co_await sql::Session::connect(target(authority_));
    EXPECT_EQ(session->certificate(), provisioner::certificate_digest(identity_.certificate_pem));
    files_.put(authority_, renewed);
    const auto version = co_await session->query("SELECT VERSION()");
    const std::string statement = provisioner::reload_statement(version.at(0).at(0).value());
    EXPECT_NE(statement, "");
    co_await session->execute(statement);
    co_await expect_certificate(target(authority_),
                                provisioner::certificate_digest(renewed.certificate_pem));
  }

  Authority authority_{"the authority"};
  Identity identity_ = authority_.issue("db");
  Files files_;
  std::unique_ptr<testing::Server> server_;
};

// One test, as a start takes seconds.
TEST_P(CertifiedServer, IsLetPassByItsAuthorityOnlyAndShowsARenewedCertificateWhenTold) {
  const Identity renewed = authority_.issue("db");
  testing::run([&] { return renew(renewed); });
  sql::Target known = target(Authority("another authority"));
  const auto error = testing::error_of([&] { return connect(known); });
  EXPECT_EQ(error.number(), 0);
  // Why not is OpenSSL's to say: it depends on whether the server sends its authority along.
  EXPECT_THAT(error.what(),
              HasSubstr("the server's TLS certificate is not one of the authority in ca.crt: "));
  const std::string certificate = provisioner::certificate_digest(renewed.certificate_pem);
  known.certificate = certificate;
  testing::run([&] { return expect_certificate(known, certificate); });
}

INSTANTIATE_TEST_SUITE_P(Images, CertifiedServer,
                         ::testing::Values("mariadb-bookworm", "mariadb-trixie", "mysql-sid"),
                         [](const auto& info) {
                           std::string name = info.param;
                           name[name.find('-')] = '_';
                           return name;
                         });

}  // namespace
}  // namespace ratchet::k8s
