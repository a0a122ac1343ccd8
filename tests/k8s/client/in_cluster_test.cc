// What is proved: a client that runs in a pod sends the token that its service account has now. The
// files are replaced as the kubelet does it, by another folder behind a link, while the client
// runs; what counts is what the API server gets, by TLS.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "k8s/client/http_client.h"
#include "k8s/client/kinds.h"
#include "k8s/client/kubeconfig.h"
#include "tests/k8s/client/scripted_api.h"
#include "tests/k8s/http/certificates.h"

namespace ratchet::k8s {
namespace {

class InCluster : public ::testing::Test {
 protected:
  InCluster() {
    std::filesystem::create_directories(account);
    for (const char* name : {"ca.crt", "namespace", "token"}) {
      std::filesystem::create_symlink(std::filesystem::path("..data") / name, account / name);
    }
    ::setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1", 1);
    ::setenv("KUBERNETES_SERVICE_PORT", std::to_string(api.port()).c_str(), 1);
  }
  ~InCluster() override {
    ::unsetenv("KUBERNETES_SERVICE_HOST");
    ::unsetenv("KUBERNETES_SERVICE_PORT");
    std::filesystem::remove_all(account);
  }

  // The former folder is gone: who has kept its path reads nothing more.
  void mount(const std::string& token) {
    const std::filesystem::path folder = account / ("..of-" + token);
    std::filesystem::create_directory(folder);
    std::ofstream(folder / "ca.crt") << authority.ca_pem();
    std::ofstream(folder / "namespace") << "ops";
    std::ofstream(folder / "token") << token;
    std::filesystem::create_symlink(folder.filename(), account / "..data_tmp");
    std::filesystem::rename(account / "..data_tmp", account / "..data");
    if (!mounted.empty()) std::filesystem::remove_all(mounted);
    mounted = folder;
  }
  void begin(const ClientOptions& options) {
    client = std::make_unique<HttpClient>(loop.executor(), in_cluster(account), options);
  }
  Reply get() { return loop.run(client->get(kinds::pod, {"ops", "a"})); }
  // The token that came with a request that is answered.
  std::string sent() {
    api.script = {testing::Answer::object(200, Json::object())};
    get();
    return api.requests.back().headers.at("authorization");
  }

  http::testing::Loop loop;
  http::testing::Authority authority{"the cluster's authority"};
  http::testing::Identity identity = authority.issue("kubernetes", "IP:127.0.0.1");
  testing::ScriptedApi api{loop,
                           http::Tls{"", identity.certificate_pem, identity.key_pem, "", true}};
  std::filesystem::path account =
      std::filesystem::path(::testing::TempDir()) / ("account." + std::to_string(::getpid()));
  std::filesystem::path mounted;  // the folder behind the link
  std::unique_ptr<HttpClient> client;
};

// Turns red if the token is read once, or the link followed once.
TEST_F(InCluster, ATokenThatIsReplacedArrivesAtTheServer) {
  ClientOptions options;
  options.token_age = std::chrono::milliseconds(0);
  mount("first");
  begin(options);
  EXPECT_EQ(sent(), "Bearer first");
  mount("second");
  EXPECT_EQ(sent(), "Bearer second");
  mount("third");
  api.script = {testing::Answer::stream({testing::watch_line("ADDED", testing::pod("a", "1"))},
                                        testing::Answer::End::clean)};
  EXPECT_TRUE(loop.run(client->open_watch(kinds::pod, "ops", {})).lines != nullptr);
  EXPECT_EQ(api.requests.back().headers.at("authorization"), "Bearer third");
}

// As the daemon has it, which looks once a minute: a token that is refused is read again at once.
TEST_F(InCluster, ATokenThatIsRefusedIsReadAgainAtOnce) {
  mount("first");
  begin({});
  EXPECT_EQ(sent(), "Bearer first");
  mount("second");
  api.script = {testing::Answer::object(401, testing::status_of(401, "Unauthorized"))};
  EXPECT_THROW(get(), ApiError);
  EXPECT_EQ(sent(), "Bearer second");
}

}  // namespace
}  // namespace ratchet::k8s
