// What is proved: on an address that others reach, the API server says who calls and what that one
// may, for every route; and nobody gets in while it does not answer. tests/cluster/api asks a real
// one.
#include <mutex>
#include <set>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/api_world.h"

namespace ratchet::ratchetd::testing {
namespace {

using ::testing::HasSubstr;

// Knows three tokens; allows what is in `allowed`, as "user verb run" or "user verb path".
class Reviews final : public k8s::Client {
 public:
  boost::asio::awaitable<k8s::Reply> create(k8s::Resource resource, k8s::Json object) override {
    const std::lock_guard lock(mutex);
    if (away) throw k8s::ApiError(0, "no answer within 5 s");
    asked.push_back(object);
    const k8s::Json& spec = object["spec"];
    k8s::Json status = k8s::Json::object();
    if (resource.plural == "tokenreviews") {
      const std::string token = spec["token"];
      status = {{"authenticated", false}};
      if (token == "anns" || token == "bobs" || token == "forged") {
        const std::string name = token == "forged" ? "local:root" : token.substr(0, 3);
        status = {
            {"authenticated", true},
            {"user",
             {{"username", name}, {"uid", "7"}, {"groups", {"dba"}}, {"extra", {{"pod", {"x"}}}}}}};
      }
    } else {
      const k8s::Json where = spec.value("resourceAttributes", k8s::Json::object());
      const k8s::Json path = spec.value("nonResourceAttributes", k8s::Json::object());
      const std::string what = where.is_object() && !where.empty()
                                   ? where.value("verb", "") + " " + where.value("name", "")
                                   : path.value("verb", "") + " " + path.value("path", "");
      status = {{"allowed", allowed.contains(spec.value("user", "") + " " + what)},
                {"reason", "by the test's rules"}};
    }
    object["status"] = status;
    co_return k8s::Reply{201, object};
  }
  boost::asio::awaitable<k8s::Reply> get(k8s::Resource, k8s::Key) override { return none(); }
  boost::asio::awaitable<k8s::Reply> list(k8s::Resource, std::string, k8s::ListOptions) override {
    return none();
  }
  boost::asio::awaitable<k8s::Reply> update(k8s::Resource, k8s::Json) override { return none(); }
  boost::asio::awaitable<k8s::Reply> update_status(k8s::Resource, k8s::Json) override {
    return none();
  }
  boost::asio::awaitable<k8s::Reply> merge_patch(k8s::Resource, k8s::Key, k8s::Json) override {
    return none();
  }
  boost::asio::awaitable<k8s::Reply> remove(k8s::Resource, k8s::Key, k8s::Preconditions,
                                            k8s::Propagation) override {
    return none();
  }

  std::mutex mutex;  // the test's thread and the daemon's
  std::set<std::string> allowed;
  std::vector<k8s::Json> asked;
  bool away = false;

 private:
  static boost::asio::awaitable<k8s::Reply> none() { throw std::logic_error("is not asked"); }
};

class ApiJudge : public ::testing::Test {
 protected:
  ApiJudge() {
    world.begin();
    world.start("r", "waiting");
    world.end();
    world.judge = judge_by_cluster(reviews);
    world.begin();
  }
  k8s::http::Response as(const std::string& bearer, const std::string& method,
                         const std::string& target, const std::string& body = "") {
    std::map<std::string, std::string> headers{{"x-ratchet-user", "root"}};
    if (!bearer.empty()) headers["authorization"] = "Bearer " + bearer;
    return world.ask(method, target, body, headers);
  }
  static std::string target_of(const Route& route) {
    std::string target = route.path;
    if (target.find("{run}") != std::string::npos) target.replace(target.find("{run}"), 5, "r");
    if (target.find("{name}") != std::string::npos) target.replace(target.find("{name}"), 6, "n");
    if (std::holds_alternative<Stream>(route.serve)) target += "?follow=false";  // else no end
    return target;
  }

  Reviews reviews;
  ApiWorld world;
};

TEST_F(ApiJudge, EveryRouteAsksForItsVerbAndLetsNobodyElseIn) {
  for (const Route& route : routes()) {
    if (*route.verb == '\0') continue;
    const std::string target = target_of(route);
    const std::string body = R"({"reason": "why"})";
    EXPECT_EQ(as("", route.method, target, body).status, 401) << target;
    EXPECT_EQ(as("unknown", route.method, target, body).status, 401) << target;
    EXPECT_EQ(as("forged", route.method, target, body).status, 403) << target;
    const auto forbidden = as("bobs", route.method, target, body);
    EXPECT_EQ(forbidden.status, 403) << target;
    EXPECT_THAT(forbidden.body, HasSubstr("bob may not " + std::string(route.verb)));
    EXPECT_THAT(forbidden.body, HasSubstr("by the test's rules"));
    const std::string of = target.starts_with("/v1/runs/") ? "r"
                           : target == "/metrics"          ? target
                                                           : "";
    {
      const std::lock_guard lock(reviews.mutex);
      reviews.allowed = {std::string("ann ") + route.verb + " " + of};
    }
    const int status = as("anns", route.method, target, body).status;
    EXPECT_TRUE(status == 200 || status == 400 || status == 404 || status == 409)
        << target << " " << status;
    EXPECT_EQ(as("bobs", route.method, target, body).status, 403) << target;
  }
}

TEST_F(ApiJudge, TheUserOfTheTokenIsRecordedWhateverTheHeaderSays) {
  reviews.allowed = {"ann pause r", "ann get r"};
  EXPECT_EQ(as("anns", "POST", "/v1/runs/r/pause", R"({"reason": "why"})").status, 200);
  EXPECT_THAT(world.ctl({"show", "r"}).out, HasSubstr("why (ann)"));
  const k8s::Json spec = reviews.asked.back()["spec"];
  EXPECT_EQ(spec["uid"], "7");
  EXPECT_EQ(spec["groups"][0], "dba");
  EXPECT_EQ(spec["extra"]["pod"][0], "x");
  EXPECT_EQ(spec["resourceAttributes"]["group"], "ratchet.dev");
  EXPECT_EQ(spec["resourceAttributes"]["resource"], "runs");
}

TEST_F(ApiJudge, WhileTheApiServerIsAwayNobodyGetsIn) {
  {
    const std::lock_guard lock(reviews.mutex);
    reviews.away = true;
  }
  const auto response = as("anns", "GET", "/v1/runs");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("no answer within 5 s"));
}

}  // namespace
}  // namespace ratchet::ratchetd::testing
