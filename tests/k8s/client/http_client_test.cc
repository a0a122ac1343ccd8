// The verbs against scripted answers.
#include "k8s/client/http_client.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/client/kinds.h"
#include "tests/k8s/client/scripted_api.h"

namespace ratchet::k8s {
namespace {

using std::chrono::milliseconds;
using testing::Answer;
using ::testing::HasSubstr;
using testing::list_of;
using testing::pod;
using ::testing::Property;
using testing::ScriptedApi;
using testing::status_of;
using ::testing::Throws;

struct HttpClientTest : ::testing::Test {
  void connect(Access access, const ClientOptions& options = {}) {
    client = std::make_unique<HttpClient>(loop.executor(), std::move(access), options);
  }
  void SetUp() override { connect(api.access()); }
  Reply get() { return loop.run(client->get(kinds::pod, {"demo", "a"})); }
  Reply list() { return loop.run(client->list(kinds::pod, "demo", {})); }
  const http::Request& last() { return api.requests.back(); }

  http::testing::Loop loop;
  ScriptedApi api{loop};
  std::unique_ptr<HttpClient> client;
};

TEST_F(HttpClientTest, NamesCoreGroupedNamespacedAndClusterScopedObjects) {
  api.script.assign(4, Answer::object(200, Json::object()));
  get();
  EXPECT_EQ(last().target, "/api/v1/namespaces/demo/pods/a");
  EXPECT_EQ(last().headers.at("user-agent"), "ratchet");
  EXPECT_EQ(last().headers.count("authorization"), 0u);
  loop.run(client->get(kinds::mysql, {"demo", "a"}));
  EXPECT_EQ(last().target, "/apis/kubedb.com/v1/namespaces/demo/mysqls/a");
  loop.run(client->get(kinds::mysql_version, {"", "8.0.29"}));
  EXPECT_EQ(last().target, "/apis/catalog.kubedb.com/v1alpha1/mysqlversions/8.0.29");
  Access behind = api.access();
  behind.base_path = "/k8s/clusters/c-1";
  connect(behind);
  get();
  EXPECT_EQ(last().target, "/k8s/clusters/c-1/api/v1/namespaces/demo/pods/a");
}

TEST_F(HttpClientTest, NamesCannotLeaveTheirPlaceInThePath) {
  api.script = {Answer::object(404, status_of(404, "NotFound"))};
  loop.run(client->get(kinds::pod, {"demo", "a/../../b?c"}));
  EXPECT_EQ(last().target, "/api/v1/namespaces/demo/pods/a%2F..%2F..%2Fb%3Fc");
  EXPECT_THROW(loop.run(client->get(kinds::pod, {"demo", ""})), std::invalid_argument);
  EXPECT_THROW(loop.run(client->get(kinds::pod, {"", "a"})), std::invalid_argument);
  EXPECT_THROW(loop.run(client->create(kinds::pod, Json::object())), std::invalid_argument);
  EXPECT_EQ(api.requests.size(), 1u);
}

TEST_F(HttpClientTest, ExpectedRefusalsAreValues) {
  for (int code : {404, 409, 410, 412, 422}) {
    api.script = {Answer::object(code, status_of(code, "Reason"))};
    Reply reply = get();
    EXPECT_EQ(reply.code, code);
    EXPECT_EQ(reply.reason(), "Reason");
    EXPECT_EQ(reply.message(), "because Reason");
    EXPECT_FALSE(reply.ok());
  }
  api.script = {{404, "404 page not found", {}, {}}};
  EXPECT_EQ(get().message(), "404 page not found");
}

TEST_F(HttpClientTest, OtherRefusalsThrowAndSayWhatWasAsked) {
  api.script = {Answer::object(403, status_of(403, "Forbidden"))};
  EXPECT_THAT(
      [&] { get(); },
      Throws<ApiError>(AllOf(
          Property(&ApiError::code, 403),
          Property(&ApiError::what, HasSubstr("GET /api/v1/namespaces/demo/pods/a: 403 Forbidden: "
                                              "because Forbidden")))));
  api.script = {{503, "<html>", {}, {}}};
  EXPECT_THAT([&] { get(); }, Throws<ApiError>(Property(&ApiError::code, 503)));
}

TEST_F(HttpClientTest, AListIsAllItsPagesWithTheTypesNamed) {
  Json bare{{"metadata", {{"name", "b"}}}};
  api.script = {Answer::object(200, list_of("10", {pod("a", "1")}, "next page=")),
                Answer::object(200, list_of("10", {bare}))};
  Reply reply = list();
  ASSERT_TRUE(reply.ok());
  ASSERT_EQ(reply.body["items"].size(), 2u);
  EXPECT_EQ(reply.body["items"][1]["metadata"]["name"], "b");
  EXPECT_EQ(reply.body["items"][1]["kind"], "Pod");
  EXPECT_EQ(reply.body["items"][1]["apiVersion"], "v1");
  EXPECT_EQ(reply.body["metadata"], (Json{{"resourceVersion", "10"}}));
  EXPECT_THAT(last().target, HasSubstr("limit=500&continue=next"));
}

TEST_F(HttpClientTest, AnEmptyListMayBeNull) {
  api.script = {{200, R"({"metadata":{"resourceVersion":"5"},"items":null})", {}, {}}};
  EXPECT_EQ(list().body["items"], Json::array());
}

TEST_F(HttpClientTest, APageThatExpiredLeadsToOneListWithoutPages) {
  api.script = {Answer::object(200, list_of("10", {pod("a", "1")}, "next")),
                Answer::object(410, status_of(410, "Expired")),
                Answer::object(200, list_of("20", {pod("b", "12"), pod("c", "13")}))};
  Reply reply = list();
  EXPECT_EQ(reply.body["items"].size(), 2u);
  EXPECT_EQ(reply.body["metadata"]["resourceVersion"], "20");
  EXPECT_EQ(last().target, "/api/v1/namespaces/demo/pods");
  api.script = {Answer::object(200, list_of("10", {pod("a", "1")}, "next")),
                Answer::object(410, status_of(410, "Expired")),
                Answer::object(410, status_of(410, "Expired"))};
  EXPECT_TRUE(list().gone());
}

TEST_F(HttpClientTest, AServerThatRepeatsAPageForEverIsNotFollowed) {
  api.script.assign(3, Answer::object(200, list_of("10", {}, "same")));
  EXPECT_THROW(list(), ApiError);
  EXPECT_EQ(api.requests.size(), 2u);
}

TEST_F(HttpClientTest, WritesCarryTheObjectAndTheFieldManager) {
  api.script.assign(4, Answer::object(200, pod("a", "2")));
  Json object = pod("a", "1");
  EXPECT_EQ(loop.run(client->create(kinds::pod, object)).body, pod("a", "2"));
  EXPECT_EQ(last().method + " " + last().target,
            "POST /api/v1/namespaces/demo/pods?fieldManager=ratchet");
  EXPECT_EQ(Json::parse(last().body), object);
  loop.run(client->update(kinds::pod, object));
  EXPECT_EQ(last().method + " " + last().target,
            "PUT /api/v1/namespaces/demo/pods/a?fieldManager=ratchet");
  loop.run(client->update_status(kinds::pod, object));
  EXPECT_EQ(last().target, "/api/v1/namespaces/demo/pods/a/status?fieldManager=ratchet");
  loop.run(client->merge_patch(kinds::pod, {"demo", "a"}, {{"x", nullptr}}));
  EXPECT_EQ(last().method, "PATCH");
  EXPECT_EQ(last().headers.at("content-type"), "application/merge-patch+json");
  EXPECT_EQ(last().body, R"({"x":null})");
}

// Red if a text that is not UTF-8 fails the whole write.
TEST_F(HttpClientTest, WhatIsNotUtf8IsReplacedInWhatIsWritten) {
  api.script = {Answer::object(201, pod("a", "1"))};
  Json object = pod("a", "");
  object["message"] = "half a \xE8\xA1";
  EXPECT_TRUE(loop.run(client->create(kinds::pod, object)).ok());
  EXPECT_EQ(Json::parse(last().body)["message"], "half a \xEF\xBF\xBD");
}

TEST_F(HttpClientTest, DeletionCarriesPreconditionsAndPropagation) {
  api.script.assign(3, Answer::object(200, Json::object()));
  loop.run(client->remove(kinds::pod, {"demo", "a"}, {"uid-1", "7"}, Propagation::orphan));
  EXPECT_EQ(last().method, "DELETE");
  EXPECT_EQ(Json::parse(last().body),
            (Json{{"apiVersion", "v1"},
                  {"kind", "DeleteOptions"},
                  {"propagationPolicy", "Orphan"},
                  {"preconditions", {{"uid", "uid-1"}, {"resourceVersion", "7"}}}}));
  loop.run(client->remove(kinds::pod, {"demo", "a"}, {}, Propagation::background));
  EXPECT_EQ(Json::parse(last().body).count("preconditions"), 0u);
  Preconditions slow;
  slow.grace_seconds = 1200;
  loop.run(client->remove(kinds::pod, {"demo", "a"}, slow, Propagation::background));
  EXPECT_EQ(Json::parse(last().body).value("gracePeriodSeconds", 0), 1200);
}

TEST_F(HttpClientTest, AWriteWithoutAnswerIsSentOnceAndItsEffectUnknown) {
  ClientOptions impatient;
  impatient.deadline = milliseconds(500);
  connect(api.access(), impatient);
  api.script = {Answer::never(), Answer::object(201, pod("a", "1"))};
  EXPECT_THAT([&] { loop.run(client->create(kinds::pod, pod("a", ""))); },
              Throws<ApiError>(AllOf(Property(&ApiError::code, 0),
                                     Property(&ApiError::what, HasSubstr("within the deadline")))));
  EXPECT_EQ(api.requests.size(), 1u);
}

TEST_F(HttpClientTest, AServerThatIsNotThereIsAnApiErrorWithoutCode) {
  Access nobody = api.access();
  nobody.endpoint.host = "127.0.0.3";
  connect(nobody);
  EXPECT_THAT([&] { get(); }, Throws<ApiError>(Property(&ApiError::code, 0)));
}

struct TokenTest : HttpClientTest {
  void SetUp() override { std::filesystem::create_directories(file.parent_path()); }
  void TearDown() override { std::filesystem::remove_all(file.parent_path()); }
  void write(const std::string& token) { std::ofstream(file) << token << "\n"; }
  std::string sent() {
    api.script.push_front(Answer::object(200, Json::object()));
    get();
    return last().headers.at("authorization");
  }
  void connect_with_file(milliseconds token_age) {
    Access access = api.access();
    access.token = "fixed";
    access.token_file = file;
    ClientOptions options;
    options.token_age = token_age;
    connect(access, options);
  }

  std::filesystem::path file =
      std::filesystem::path(::testing::TempDir()) / ("token." + std::to_string(::getpid())) / "t";
};

TEST_F(TokenTest, AFixedTokenIsSent) {
  Access access = api.access();
  access.token = "fixed";
  connect(access);
  EXPECT_EQ(sent(), "Bearer fixed");
}

TEST_F(TokenTest, AnOldTokenIsReadAgainAndKeptIfItsFileIsGone) {
  connect_with_file(milliseconds(0));
  write("one");
  EXPECT_EQ(sent(), "Bearer one");
  write("two");
  EXPECT_EQ(sent(), "Bearer two");
  std::filesystem::remove(file);
  EXPECT_EQ(sent(), "Bearer two");
}

TEST_F(TokenTest, AYoungTokenIsNotReadAgainUnlessItWasRefused) {
  connect_with_file(milliseconds(3'600'000));
  write("one");
  EXPECT_EQ(sent(), "Bearer one");
  write("two");
  EXPECT_EQ(sent(), "Bearer one");
  api.script = {Answer::object(401, status_of(401, "Unauthorized"))};
  EXPECT_THAT([&] { get(); }, Throws<ApiError>(Property(&ApiError::code, 401)));
  EXPECT_EQ(sent(), "Bearer two");
}

TEST_F(TokenTest, AMissingTokenFileIsAnErrorThatNamesIt) {
  connect_with_file(milliseconds(0));
  EXPECT_THAT([&] { get(); },
              Throws<ApiError>(Property(&ApiError::what, HasSubstr(file.string()))));
  EXPECT_TRUE(api.requests.empty());
}

}  // namespace
}  // namespace ratchet::k8s
