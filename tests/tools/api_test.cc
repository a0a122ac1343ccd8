// What is proved: every route of the API on a real log: who gets in, what it answers, what is
// recorded, and what is refused.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/api_world.h"

namespace ratchet::ratchetd::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() { world.begin(); }
  // Two MySQLs bear a fence.
  void fence_two() {
    using namespace std::chrono_literals;
    world.options.fence_ends = [] { return std::vector{engine::Time(90s), engine::Time(60s)}; };
    world.restart();
  }
  // The error's code, and the status it came with.
  static std::string refused(const k8s::http::Response& response) {
    const Json body = Json::parse(response.body, nullptr, false);
    if (body.is_discarded() || !body.contains("error")) return response.body;
    return std::to_string(response.status) + " " + body["error"].value("code", "");
  }
  std::string act(const std::string& run, const std::string& act, const Json& body) {
    return refused(world.ask("POST", "/v1/runs/" + run + "/" + act, body.dump()));
  }
  static std::string target_of(const Route& route) {
    std::string target = route.path;
    for (const char* part : {"{run}", "{name}"}) {
      const auto at = target.find(part);
      if (at != std::string::npos) target.replace(at, std::string(part).size(), "a");
    }
    return target;
  }

  ApiWorld world;
};

TEST_F(ApiTest, NoRouteButTheProbesAnswersWithoutTheToken) {
  world.start("a", "asking");
  const std::uint64_t records = world.get("/v1/runs/a/history")["events"].size();
  for (const Route& route : routes()) {
    const std::string target = target_of(route);
    const bool open = *route.verb == '\0';
    const std::vector<std::map<std::string, std::string>> wrong{
        {{"x-ratchet-user", "ann"}},
        {{"authorization", "Bearer wrong"}, {"x-ratchet-user", "ann"}},
        {{"authorization", std::string("Basic ") + token}},
        {{"authorization", std::string("Bearer ") + token + "x"}}};
    for (const auto& headers : wrong) {
      const auto response = world.ask(route.method, target, R"({"reason": "why"})", headers);
      EXPECT_EQ(response.status, open ? 200 : 401) << target;
      if (!open) EXPECT_EQ(response.headers.at("www-authenticate"), "Bearer");
    }
  }
  EXPECT_EQ(world.get("/v1/runs/a/history")["events"].size(), records);
}

TEST_F(ApiTest, WhoActsMustBeSaidInPlainLetters) {
  world.start("a", "waiting");
  const std::string bearer = std::string("Bearer ") + token;
  for (const std::string& name :
       {std::string(), std::string("an n"), std::string("\xc3\xa4"), std::string(129, 'n')}) {
    const auto response = world.ask("POST", "/v1/runs/a/pause", R"({"reason": "why"})",
                                    {{"authorization", bearer}, {"x-ratchet-user", name}});
    EXPECT_EQ(refused(response), "400 bad_request") << name;
  }
  EXPECT_EQ(world.ask("GET", "/v1/runs/a", "", {{"authorization", bearer}}).status, 200);
}

// Each act, by the route's own name, is in the history after a restart, with who and why.
TEST_F(ApiTest, EveryActIsRecordedWithWhoAndWhy) {
  world.start("gate", "asking");
  world.start("other gate", "asking");
  for (const char* run : {"retried", "skipped", "failed"}) world.start(run, "stuck");
  for (const char* run : {"signalled", "paused", "cancelled", "terminated", "reset", "noted"}) {
    world.start(run, "waiting");
  }
  const Json gate = world.get("/v1/runs/gate")["gates"][0];
  EXPECT_EQ(gate["gate"], "deploy");
  EXPECT_EQ(gate["payload"], "plan 7");
  const Json& hash = gate["payload_hash"];
  const std::vector<std::tuple<std::string, std::string, Json, std::string>> acts{
      {"approve", "gate", {{"gate", "deploy"}, {"payload_hash", hash}}, "GateDecided"},
      {"deny", "other%20gate", {{"gate", "deploy"}, {"payload_hash", hash}}, "GateDecided"},
      {"signal",
       "signalled",
       {{"signal", "approval"}, {"value_base64", "CgN5ZXM="}},
       "SignalReceived"},
      {"pause", "paused", Json::object(), "Paused"},
      {"resume", "paused", Json::object(), "Resumed"},
      {"cancel", "cancelled", Json::object(), "CancelRequested"},
      {"terminate", "terminated", Json::object(), "Terminated"},
      {"retry", "retried", {{"step", 1}}, "StepRetried"},
      {"skip", "skipped", {{"step", 1}, {"result", "by hand"}}, "StepSkipped"},
      {"fail", "failed", {{"step", 1}, {"code", "given_up"}}, "StepSkipped"},
      {"reset", "reset", {{"kept", 1}}, "Reset"},
      {"note", "noted", Json::object(), "Note"}};
  for (const auto& [name, run, fields, event] : acts) {
    Json body = fields;
    body["reason"] = "because of " + name;
    const std::string folder = "/v1/runs/" + run + "/";
    const auto response = world.ask("POST", folder + name, body.dump());
    ASSERT_EQ(response.status, 200) << name << ": " << response.body;
    const Json answer = Json::parse(response.body);
    EXPECT_EQ(answer["act"], name);
    EXPECT_EQ(answer["by"], "local:ann");
    EXPECT_EQ(answer["reason"], body["reason"]);
  }
  world.restart();
  for (const auto& [name, run, fields, event] : acts) {
    const std::string id = run == "other%20gate" ? "other gate" : run;
    const Said said = world.ctl({"history", id, "--hints"});
    EXPECT_EQ(said.code, 0) << said.err;
    std::istringstream lines(said.out);
    std::string line, found;
    while (std::getline(lines, line)) {
      const bool is_it = line.find("because of " + name) != std::string::npos;
      if (is_it && found.empty()) found = line;
    }
    EXPECT_THAT(found, HasSubstr(event)) << said.out;
    EXPECT_THAT(found, HasSubstr("local:ann")) << said.out;
    EXPECT_THAT(world.ctl({"show", id}).out, HasSubstr("because of " + name));
  }
  EXPECT_THAT(world.get("/v1/runs/skipped/history").dump(), HasSubstr("\"by hand\""));
  EXPECT_THAT(world.get("/v1/runs/signalled/history").dump(), HasSubstr("\"yes\""));
  EXPECT_EQ(world.ctl({"verify"}).code, 0);
}

TEST_F(ApiTest, ARemarkIsPutOnTheRecordOfARunThatHasEndedToo) {
  world.start("a", "waiting");
  act("a", "terminate", {{"reason", "why"}});
  EXPECT_EQ(act("a", "note", {{"reason", "looked at later"}}).substr(0, 7), R"({"run":)");
  EXPECT_THAT(world.ctl({"history", "a", "--hints"}).out, HasSubstr("looked at later"));
  EXPECT_THAT(world.ctl({"show", "a"}).out, HasSubstr("terminated"));
  EXPECT_EQ(world.ctl({"verify"}).code, 0);
}

TEST_F(ApiTest, WhatARunDoesNotAllowIsRefusedAndSaysWhy) {
  world.start("a", "waiting");
  EXPECT_EQ(act("a", "resume", {{"reason", "why"}}), "409 refused");
  EXPECT_EQ(act("a", "release", {{"reason", "why"}}), "409 refused");
  EXPECT_EQ(act("a", "retry", {{"reason", "why"}, {"step", 7}}), "409 refused");
  EXPECT_EQ(act("a", "skip", {{"reason", "why"}, {"step", 1}}), "409 refused");
  EXPECT_EQ(act("nobody", "pause", {{"reason", "why"}}), "404 unknown_run");
  EXPECT_EQ(act("a", "terminate", {{"reason", "why"}}).substr(0, 7), R"({"run":)");
  EXPECT_EQ(act("a", "pause", {{"reason", "why"}}), "409 refused") << "it has ended";
  world.start("gate", "asking");
  EXPECT_EQ(act("gate", "approve",
                {{"reason", "why"}, {"gate", "deploy"}, {"payload_hash", std::string(64, 'a')}}),
            "409 refused");
  EXPECT_THAT(world.ctl({"history", "gate", "--hints"}).out, HasSubstr("GateRejected"));
}

TEST_F(ApiTest, MalformedRequestsAreRefusedAndRecordNothing) {
  world.start("a", "asking");
  const std::string deep = "{\"reason\": " + std::string(5000, '[') + std::string(5000, ']') + "}";
  const std::vector<std::tuple<std::string, std::string, std::string, std::string>> wrong{
      {"POST", "/v1/runs/a/pause", "", "400 bad_request"},
      {"POST", "/v1/runs/a/pause", "{", "400 bad_request"},
      {"POST", "/v1/runs/a/pause", "[]", "400 bad_request"},
      {"POST", "/v1/runs/a/pause", deep, "400 bad_request"},
      {"POST", "/v1/runs/a/pause", "{}", "400 bad_request"},
      {"POST", "/v1/runs/a/pause", R"({"reason": ""})", "400 bad_request"},
      {"POST", "/v1/runs/a/pause", R"({"reason": 7})", "400 bad_request"},
      {"POST", "/v1/runs/a/pause", "{\"reason\": \"\xff\"}", "400 bad_request"},
      {"POST", "/v1/runs/a/pause", R"({"reason": "why", "raeson": ""})", "400 bad_request"},
      {"POST", "/v1/runs/a/pause", R"({"reason": ")" + std::string(5000, 'x') + "\"}",
       "400 bad_request"},
      {"POST", "/v1/runs/a/approve", R"({"reason": "why", "gate": "deploy"})", "400 bad_request"},
      {"POST", "/v1/runs/a/approve", R"({"reason": "why", "gate": "deploy", "payload_hash": "zz"})",
       "400 bad_request"},
      {"POST", "/v1/runs/a/retry", R"({"reason": "why", "step": -1})", "400 bad_request"},
      {"POST", "/v1/runs/a/retry", R"({"reason": "why", "step": 99999999999})", "400 bad_request"},
      {"POST", "/v1/runs/a/signal", R"({"reason": "why", "signal": "s", "value_base64": "?"})",
       "400 bad_request"},
      {"POST", "/v1/runs/a/signal", R"({"reason": "why", "signal": ""})", "409 refused"},
      {"POST", "/v1/runs/a/explode", R"({"reason": "why"})", "404 unknown_path"},
      {"POST", "/v1/runs//pause", R"({"reason": "why"})", "404 unknown_path"},
      {"GET", "/v1/runs/a/pause", "", "405 wrong_method"},
      {"DELETE", "/v1/runs/a", "", "405 wrong_method"},
      {"GET", "/v1/runs/nobody", "", "404 unknown_run"},
      {"GET", "/v1/runs/%ff%00", "", "404 unknown_run"},
      {"GET", "/v1/runs/nobody/history", "", "404 unknown_run"},
      {"GET", "/v1/runs/nobody/query/x", "", "404 unknown_run"},
      {"GET", "/v1/runs/a/query/x", "", "404 unknown_name"},
      {"GET", "/v1/runs/" + std::string(300, 'a'), "", "404 unknown_path"},
      {"GET", "/v1/runs?state=flying", "", "400 bad_request"},
      {"GET", "/v1/runs?limit=-1", "", "400 bad_request"},
      {"GET", "/v1/runs?limit=1001", "", "400 bad_request"},
      {"GET", "/v1/runs?colour=red", "", "400 bad_request"},
      {"GET", "/v1/runs/%zz", "", "400 bad_request"}};
  for (const auto& [method, target, body, expected] : wrong) {
    EXPECT_EQ(refused(world.ask(method, target, body)), expected)
        << method << " " << target << " " << body.substr(0, 100);
  }
  EXPECT_EQ(world.get("/v1/runs/a/history")["events"].size(), 2);
  EXPECT_EQ(world.ask("PUT", "/v1/runs/a/pause").headers.at("allow"), "POST");
}

TEST_F(ApiTest, RunsAreListedNewestFirstByPagesAndFilters) {
  for (const char* run : {"a1", "a2", "b1"}) world.start(run, "waiting");
  world.start("c", "asking");
  const auto ids = [this](const std::string& options) {
    std::string text;
    const Json answer = world.get("/v1/runs" + options);
    for (const Json& run : answer.at("runs")) {
      text += run["run"].get<std::string>() + " ";
    }
    return text;
  };
  EXPECT_EQ(ids(""), "c b1 a2 a1 ");
  EXPECT_EQ(ids("?prefix=a"), "a2 a1 ");
  EXPECT_EQ(ids("?workflow=asking"), "c ");
  EXPECT_EQ(ids("?state=completed"), "");
  const Json page = world.get("/v1/runs?limit=2");
  EXPECT_EQ(page["runs"].size(), 2);
  EXPECT_EQ(ids("?limit=2&before=" + page["before"].dump()), "a2 a1 ");
  EXPECT_THAT(page["runs"][0]["waiting_for"].dump(), HasSubstr("deploy"));
}

TEST_F(ApiTest, AHistoryComesByPagesAndIsTheOneOfRatchetctl) {
  world.start("a", "stuck");
  const Json whole = world.get("/v1/runs/a/history");
  EXPECT_EQ(whole, Json::parse(world.ctl({"-o", "json", "history", "a"}).out));
  const Json first = world.get("/v1/runs/a/history?limit=1");
  EXPECT_EQ(first["events"].size(), 2) << "a turn is not divided";
  const Json rest = world.get("/v1/runs/a/history?from=" + first["next"].dump());
  EXPECT_EQ(rest["events"].size(), whole["events"].size() - 2);
  EXPECT_FALSE(rest.contains("next"));
}

// Until when it waits, too: by the same policies, in the same words.
TEST_F(ApiTest, ARunIsShownAsRatchetctlShowsIt) {
  world.start("a", "stuck");
  Json shown = world.get("/v1/runs/a");
  Json said = Json::parse(world.ctl({"-o", "json", "show", "a"}).out);
  EXPECT_THAT(shown["explanation"].dump(), HasSubstr("attempt 2 of step 1 touchy starts "));
  EXPECT_EQ(shown["steps"][0].value("waits", Json::object()).value("attempt", 0), 2);
  for (Json* one : {&shown, &said}) (*one)["steps"][0].erase("took_us");  // it goes on
  EXPECT_EQ(shown, said);
}

TEST_F(ApiTest, AnOpenRunShowsWhatItExposes) {
  world.start("a", "asking");
  const Json shown = world.get("/v1/runs/a/query/progress");
  EXPECT_EQ(shown["value"], "half");
  EXPECT_EQ(shown["type"], "google.protobuf.StringValue");
}

TEST_F(ApiTest, MetricsCountRunsActsAndTheLog) {
  world.start("a", "asking");
  world.start("b", "waiting");
  act("b", "pause", {{"reason", "why"}});
  world.start("c", "waiting");
  act("c", "terminate", {{"reason", "why"}});
  const auto text = world.ask("GET", "/metrics").body;
  for (const char* line :
       {"ratchet_runs{workflow=\"asking\",state=\"running\"} 1",
        "ratchet_runs{workflow=\"waiting\",state=\"paused\"} 1",
        "ratchet_runs{workflow=\"waiting\",state=\"terminated\"} 1",
        "ratchet_runs_waiting_for_person 1\n", "ratchet_runs_paused 1\n", "ratchet_ready 1\n",
        "ratchet_halted 0\n", "ratchet_acts_total{act=\"pause\",outcome=\"recorded\"} 1",
        "ratchet_build_info{version=\"1.2.3\"} 1", "# TYPE ratchet_log_records_total counter",
        "ratchet_log_stalled_seconds 0\n", "ratchet_oldest_pause_timestamp_seconds ",
        "ratchet_oldest_wait_for_person_timestamp_seconds ", "ratchet_log_disk_free_bytes "}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  const std::string before = text.substr(text.find("\nratchet_runs{"), 300);
  world.restart();
  EXPECT_THAT(world.ask("GET", "/metrics").body, HasSubstr(before)) << "the same from the log";
  act("b", "resume", {{"reason", "why"}});
  const std::string hash = world.get("/v1/runs/a")["gates"][0]["payload_hash"];
  act("a", "deny", {{"reason", "why"}, {"gate", "deploy"}, {"payload_hash", hash}});
  const auto after = world.ask("GET", "/metrics").body;
  EXPECT_THAT(after, HasSubstr("ratchet_runs_waiting_for_person 0\n"));
  EXPECT_THAT(after, HasSubstr("ratchet_runs_paused 0\n"));
  EXPECT_THAT(after, Not(HasSubstr("ratchet_oldest_pause")));
  EXPECT_THAT(after, HasSubstr("ratchet_runs{workflow=\"asking\",state=\"completed\"} 1"));
}

TEST_F(ApiTest, ADaemonThatIsNotReadyShowsItsLogAndTakesNoActs) {
  world.start("a", "waiting");
  world.end();
  world.opens = false;
  world.begin();
  EXPECT_EQ(refused(world.ask("GET", "/readyz")), "503 not_ready");
  EXPECT_EQ(world.ask("GET", "/healthz").status, 200);
  EXPECT_EQ(act("a", "pause", {{"reason", "why"}}), "503 not_ready");
  EXPECT_EQ(world.get("/v1/runs/a")["run"], "a");
  EXPECT_THAT(world.ask("GET", "/metrics").body, HasSubstr("ratchet_ready 0\n"));
}

TEST_F(ApiTest, ADaemonWhoseLogFailedIsNotAlive) {
  world.start("a", "waiting");
  world.halt();
  EXPECT_EQ(refused(world.ask("GET", "/healthz")), "503 halted");
  EXPECT_EQ(refused(world.ask("GET", "/readyz")), "503 not_ready");
  EXPECT_THAT(world.ask("GET", "/metrics").body, HasSubstr("ratchet_halted 1\n"));
  EXPECT_EQ(act("a", "pause", {{"reason", "why"}}), "503 halted");
  EXPECT_EQ(world.get("/v1/runs/a")["run"], "a") << "what the log has is shown";
}

TEST_F(ApiTest, AlertsAreAboutMetricsThatAreServed) {
  fence_two();
  world.start("a", "asking");
  world.start("b", "waiting");
  act("b", "pause", {{"reason", "why"}});
  const auto served = world.ask("GET", "/metrics").body;
  EXPECT_THAT(served, HasSubstr("ratchet_fences 2\n"));
  EXPECT_THAT(served, HasSubstr("ratchet_oldest_fence_end_timestamp_seconds 60\n"));
  std::ifstream in(ALERTS);
  const std::string alerts{std::istreambuf_iterator<char>(in), {}};
  const std::regex metric("ratchet_[a-z_]+");
  std::size_t count = 0;
  for (std::sregex_iterator at(alerts.begin(), alerts.end(), metric), end; at != end; ++at) {
    EXPECT_THAT(served, HasSubstr("# TYPE " + at->str() + " "));
    ++count;
  }
  EXPECT_GE(count, 9U);
}

// Every query of the dashboard names a metric that is served, and labels that it has.
TEST_F(ApiTest, TheDashboardIsAboutMetricsThatAreServed) {
  fence_two();
  world.start("a", "asking");
  world.start("b", "waiting");
  act("b", "pause", {{"reason", "why"}});
  const auto served = world.ask("GET", "/metrics").body;
  std::ifstream in(DASHBOARD);
  const Json dashboard = Json::parse(in);
  const std::regex metric("ratchet_[a-z_]+"), grouped("by \\(([a-z, ]+)\\) \\(.*(ratchet_[a-z_]+)");
  std::size_t queries = 0;
  for (const Json& panel : dashboard["panels"]) {
    for (const Json& target : panel["targets"]) {
      const std::string query = target["expr"];
      ++queries;
      EXPECT_TRUE(std::regex_search(query, metric)) << query;
      for (std::sregex_iterator at(query.begin(), query.end(), metric), end; at != end; ++at) {
        EXPECT_THAT(served, HasSubstr("# TYPE " + at->str() + " ")) << panel["title"];
      }
      std::smatch by;
      if (!std::regex_search(query, by, grouped)) continue;
      std::istringstream labels(by[1].str());
      const std::string line = served.substr(served.find("\n" + by[2].str() + "{"), 300);
      for (std::string label; std::getline(labels >> std::ws, label, ',');) {
        EXPECT_THAT(line, HasSubstr(label + "=\"")) << query;
      }
    }
  }
  EXPECT_GE(queries, 15U);
}

TEST(StallWatch, TellsHowLongNothingBecameDurable) {
  using namespace std::chrono_literals;
  StallWatch watch;
  const StallWatch::Clock::time_point begin{};
  const auto stalled = [&](auto after) { return watch.stalled(begin + after).count(); };
  watch.look(5, 5, begin);
  EXPECT_EQ(stalled(9s), 0);
  watch.look(5, 6, begin + 10s);
  watch.look(5, 8, begin + 12s);
  EXPECT_EQ(stalled(13s), 3);
  watch.look(6, 8, begin + 14s);
  EXPECT_EQ(stalled(15s), 1);
  watch.look(8, 8, begin + 16s);
  EXPECT_EQ(stalled(20s), 0);
}

}  // namespace
}  // namespace ratchet::ratchetd::testing
