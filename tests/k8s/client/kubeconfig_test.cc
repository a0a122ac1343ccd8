#include "k8s/client/kubeconfig.h"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "k8s/client/text.h"

namespace ratchet::k8s {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const std::string rest = R"(
users:
- name: admin
  user: {token: secret}
contexts:
- name: main
  context: {cluster: here, user: admin, namespace: demo}
- name: other
  context: {cluster: nowhere, user: admin}
current-context: main
)";

const std::string plain = "clusters: [{name: here, cluster: {server: 'http://127.0.0.1:8001/'}}]";

struct KubeconfigTest : ::testing::Test {
  void SetUp() override { fs::create_directories(folder); }
  void TearDown() override {
    fs::remove_all(folder);
    for (const char* name : {"KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"}) {
      ::unsetenv(name);
    }
  }
  fs::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
    return folder / name;
  }
  Access read(const std::string& text, const std::string& context = "") {
    return read_kubeconfig(write("config", text), context);
  }
  Access read_with_cluster(const std::string& cluster) {
    return read("clusters: [{name: here, cluster: {" + cluster + "}}]" + rest);
  }
  Access read_with_user(const std::string& user) {
    return read(
        "clusters: [{name: here, cluster: {server: 'https://h'}}]\nusers: [{name: u, user: {" +
        user +
        "}}]\ncontexts: [{name: c, context: {cluster: here, user: u}}]\n"
        "current-context: c");
  }

  fs::path folder = fs::path(::testing::TempDir()) / ("kubeconfig." + std::to_string(::getpid()));
};

TEST_F(KubeconfigTest, ReadsServerTokenAndNamespaceOfTheCurrentContext) {
  Access access = read(plain + rest);
  EXPECT_EQ(access.endpoint.host, "127.0.0.1");
  EXPECT_EQ(access.endpoint.port, 8001);
  EXPECT_FALSE(access.endpoint.tls);
  EXPECT_EQ(access.base_path, "");
  EXPECT_EQ(access.token, "secret");
  EXPECT_EQ(access.space, "demo");
}

TEST_F(KubeconfigTest, ReadsTlsFromDataAndFromFilesBesideIt) {
  write("ca.pem", "the authority");
  Access access = read_with_cluster(
      "server: 'https://[::1]:6443/k8s/c-1/', certificate-authority: ca.pem, "
      "tls-server-name: api.example");
  ASSERT_TRUE(access.endpoint.tls);
  EXPECT_EQ(access.endpoint.host, "::1");
  EXPECT_EQ(access.base_path, "/k8s/c-1");
  EXPECT_EQ(access.endpoint.tls->ca_pem, "the authority");
  EXPECT_EQ(access.endpoint.tls->server_name, "api.example");
  EXPECT_TRUE(access.endpoint.tls->verify_peer);

  access = read_with_user("client-certificate-data: " + base64_encode("cert") +
                          ", client-key-data: " + base64_encode("key") + ", tokenFile: tok");
  EXPECT_EQ(access.endpoint.port, 443);
  EXPECT_EQ(access.endpoint.tls->certificate_pem, "cert");
  EXPECT_EQ(access.endpoint.tls->key_pem, "key");
  EXPECT_EQ(access.token_file, folder / "tok");
  EXPECT_EQ(access.space, "default");
}

TEST_F(KubeconfigTest, VerificationIsSwitchedOffOnlyByItsOwnField) {
  Access access = read_with_cluster("server: 'https://h', insecure-skip-tls-verify: true");
  EXPECT_FALSE(access.endpoint.tls->verify_peer);
  EXPECT_THAT(
      [&] {
        read_with_cluster(
            "server: 'https://h', insecure-skip-tls-verify: true, "
            "certificate-authority-data: " +
            base64_encode("ca"));
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("contradicts certificate-authority")));
}

TEST_F(KubeconfigTest, ErrorsNameFileFieldAndFix) {
  auto expect = [](auto act, const std::string& part) {
    EXPECT_THAT(act, ThrowsMessage<std::runtime_error>(
                         AllOf(HasSubstr("kubeconfig"), HasSubstr("/config"), HasSubstr(part))));
  };
  expect([&] { read_kubeconfig(folder / "config"); }, "cannot read");
  expect([&] { read("a: [b\nc: d"); }, "is not YAML, line 2");
  expect([&] { read("kind: Pod"); }, "clusters: is missing; this file is not a kubeconfig");
  expect([&] { read("[1, 2]"); }, "must be a mapping");
  expect([&] { read(plain); }, "current-context: is missing; choose one");
  expect([&] { read(plain + rest, "absent"); },
         "contexts: there is no entry 'absent'; there are: main, other");
  expect([&] { read(plain + rest, "other"); }, "there is no entry 'nowhere'; there are: here");
  expect([&] { read_with_cluster("server: 'h:80'"); }, "clusters[here].cluster.server: 'h:80' is");
  expect([&] { read_with_cluster("x: y"); }, "clusters[here].cluster.server: '' is not a URL");
  expect([&] { read_with_cluster("server: 'https://h', insecure-skip-tls-verify: maybe"); },
         "insecure-skip-tls-verify: must be true or false");
  expect([&] { read_with_cluster("server: 'https://h', certificate-authority: absent.pem"); },
         "clusters[here].cluster.certificate-authority: cannot read");
  expect([&] { read_with_user("client-key-data: '?'"); },
         "users[u].user.client-key-data: is not base64");
  expect([&] { read_with_user("client-certificate-data: " + base64_encode("c")); },
         "users[u].user.client-key: is missing");
  expect([&] { read_with_user("exec: {command: aws}"); }, "users[u].user.exec: is not supported");
  expect([&] { read_with_user("token: [1]"); }, "users[u].user.token: must be text");
}

TEST_F(KubeconfigTest, InAPodTheServiceAccountIsUsed) {
  ::setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1);
  ::setenv("KUBERNETES_SERVICE_PORT", "443", 1);
  write("ca.crt", "ca");
  write("namespace", "ops");
  write("token", "secret\n");
  Access access = in_cluster(folder);
  EXPECT_EQ(access.origin, "service account of this pod");
  EXPECT_EQ(access.endpoint.host, "10.0.0.1");
  EXPECT_EQ(access.endpoint.port, 443);
  EXPECT_EQ(access.endpoint.tls->ca_pem, "ca");
  EXPECT_EQ(access.space, "ops");
  EXPECT_EQ(access.token_file, folder / "token");
  fs::remove(folder / "token");
  EXPECT_THAT([&] { in_cluster(folder); }, ThrowsMessage<std::runtime_error>(HasSubstr("token")));
}

TEST_F(KubeconfigTest, TheFlagGoesBeforeTheEnvironment) {
  ::setenv("KUBECONFIG", write("env", plain + rest).c_str(), 1);
  EXPECT_EQ(find_access(std::nullopt).endpoint.port, 8001);
  auto flag = write("flag", "clusters: [{name: here, cluster: {server: 'http://h:1'}}]" + rest);
  EXPECT_EQ(find_access(flag).endpoint.port, 1);
  EXPECT_EQ(find_access(flag).origin, "kubeconfig " + flag.string());
  ::setenv("KUBECONFIG", "/a:/b", 1);
  EXPECT_THAT([] { find_access(std::nullopt); },
              ThrowsMessage<std::runtime_error>(HasSubstr("lists several files")));
}

TEST(Text, Base64IsReversibleAndStrict) {
  for (std::string bytes : {"", "a", "ab", "abc", "abcd"}) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
  EXPECT_EQ(base64_encode("abcd"), "YWJjZA==");
  EXPECT_EQ(base64_decode("YWJj\n ZA==\n"), "abcd");
  for (const char* bad : {"YWJjZA", "YWJ", "Y?Jj", "====", "YW=j"}) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
}

TEST(Text, TimesAreWrittenAsKubernetesDoes) {
  std::chrono::system_clock::time_point at(std::chrono::seconds(1'600'000'000));
  EXPECT_EQ(to_time(at), "2020-09-13T12:26:40Z");
  EXPECT_EQ(to_micro_time(at + std::chrono::microseconds(42)), "2020-09-13T12:26:40.000042Z");
}

}  // namespace
}  // namespace ratchet::k8s
