// What is proved: `ratchetctl plan --database` over real sockets, against the embedded API server
// with the project's own CRDs: what it says, and what it exits with when there is no way to look.
#include "tools/ratchetctl/rehearse.h"

#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "k8s/embedded/http_front.h"
#include "k8s/http/http.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/world.h"
#include "tests/tools/log_folder.h"
#include "tools/ratchetctl/ctl.h"

namespace ratchet::ratchetctl {
namespace {

using ::testing::HasSubstr;

// A database that was made, served to who has the token. Nobody else touches the world meanwhile.
class Served {
 public:
  Served() {
    world.apply(k8s::testing::standalone);
    world.settle();
    before = world.server.store().version();
    server_.emplace(io_.get_executor(), "127.0.0.1", 0, std::nullopt,
                    [this](const k8s::http::Request& request, k8s::http::Responder& responder) {
                      return front_.answer(request, responder);
                    });
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Served() { stop(); }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  // After it nobody listens.
  void stop() {
    if (!thread_.joinable()) return;
    io_.stop();
    thread_.join();
    server_.reset();
  }
  std::uint16_t port() const { return server_->port(); }

  k8s::testing::World world;
  std::uint64_t before = 0;

 private:
  boost::asio::io_context io_;
  k8s::embedded::HttpFront front_{world.server, {{{"secret", "alice"}}, {}}};
  std::optional<k8s::http::Server> server_;
  std::thread thread_;
};

struct Said {
  int code = -1;
  std::string out;
  std::string err;
};

class RehearseOverHttp : public ::testing::Test {
 protected:
  std::string kubeconfig(const std::string& token = "secret") {
    const std::string file = folder.path("kubeconfig-" + token);
    std::ofstream(file) << R"(
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: alice, namespace: demo}}]
clusters: [{name: here, cluster: {server: "http://127.0.0.1:)"
                        << served.port() << R"("}}]
users: [{name: alice, user: {token: )"
                        << token << "}}]\n";
    return file;
  }
  static Said plan(const std::vector<std::string>& words) {
    std::vector<std::string> all{"plan"};
    all.insert(all.end(), words.begin(), words.end());
    std::ostringstream out, err;
    const int code = run(all, {}, {out, err, {}}, rehearse_upgrade);
    return {code, out.str(), err.str()};
  }

  Folder folder;
  Served served;
};

TEST_F(RehearseOverHttp, SaysWhyTheRequestWouldFailAndWritesNothing) {
  const Said said = plan(
      {"--database", "demo/my-standalone", "--target", "12.0.0", "--kubeconfig", kubeconfig()});
  EXPECT_EQ(said.code, Exit::refused);
  EXPECT_EQ(said.err,
            "ratchetctl: upgrade from version 10.11.18 to 12.0.0 is not supported: there is no "
            "MySQLVersion \"12.0.0\" (kubectl get mysqlversions lists what there is)\n");
  EXPECT_EQ(said.out, "dry run: nothing was written\n");
  served.stop();
  EXPECT_EQ(served.world.server.store().version(), served.before);
}

TEST_F(RehearseOverHttp, ANameAloneIsInTheNamespaceOfTheKubeconfig) {
  const Said said = plan({"--database", "elsewhere", "--target", "11.8.6", "--kubeconfig",
                          kubeconfig(), "-o", "json"});
  EXPECT_EQ(said.code, Exit::refused);
  EXPECT_THAT(said.err, HasSubstr("spec.databaseRef demo/elsewhere, is invalid or not found"));
  const auto document = nlohmann::json::parse(said.out);
  EXPECT_EQ(document["failure"]["code"], "database_not_found");
  EXPECT_EQ(document["findings"], nlohmann::json::array());
}

TEST_F(RehearseOverHttp, WhoMayNotReadIsToldSo) {
  const Said said = plan(
      {"--database", "my-standalone", "--target", "11.8.6", "--kubeconfig", kubeconfig("forged")});
  EXPECT_EQ(said.code, Exit::not_allowed) << said.err;
}

TEST_F(RehearseOverHttp, NobodyAnsweringIsNoRefusal) {
  const std::string file = kubeconfig();
  served.stop();
  const Said said =
      plan({"--database", "my-standalone", "--target", "11.8.6", "--kubeconfig", file});
  EXPECT_EQ(said.code, Exit::no_daemon) << said.err;
}

TEST_F(RehearseOverHttp, TheCommandLineSaysWhatIsMissing) {
  EXPECT_EQ(plan({"--database", "my-standalone"}).code, Exit::usage);
  EXPECT_EQ(plan({"--target", "11.8.6"}).code, Exit::usage);
  EXPECT_EQ(plan({"--database", "my-standalone", "--target", "11.8.6", "--last"}).code,
            Exit::usage);
  const Said said = plan({"--database", "my-standalone", "--target", "11.8.6", "--kubeconfig",
                          folder.path("not-there")});
  EXPECT_EQ(said.code, Exit::usage);
  EXPECT_THAT(said.err, HasSubstr("not-there"));
}

}  // namespace
}  // namespace ratchet::ratchetctl
