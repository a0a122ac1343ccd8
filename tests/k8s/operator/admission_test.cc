#include "k8s/operator/admission.h"

#include <gtest/gtest.h>

#include "k8s/adapters/catalogue.h"
#include "k8s/api/duration.h"
#include "k8s/api/request_rules.h"
#include "k8s/operator/request_types.h"
#include "k8s/operator/review.h"

namespace ratchet::k8s {
namespace {

Json object(const std::string& name, const std::string& created = "2026-11-23T10:00:00Z") {
  return {{"metadata",
           {{"name", name},
            {"namespace", "demo"},
            {"uid", name + "-uid"},
            {"generation", 1},
            {"creationTimestamp", created}}},
          {"spec",
           {{"type", "UpdateVersion"},
            {"databaseRef", {{"name", "db"}}},
            {"updateVersion", {{"targetVersion", "11.8.6"}}}}}};
}

Json database(const char* phase) { return {{"status", {{"phase", phase}}}}; }

TEST(Admission, ReadsBothSpellings) {
  Json old = object("a");
  old["spec"].erase("updateVersion");
  old["spec"]["type"] = "Upgrade";
  old["spec"]["upgrade"] = {{"targetVersion", "8.0.29"}};
  EXPECT_EQ(read_request(old).target_version, "8.0.29");
  EXPECT_EQ(read_request(old).malformed, "");
  old["spec"]["type"] = "UpdateVersion";  // the guides of December 2022 mix them
  EXPECT_EQ(read_request(old).malformed, "");
  EXPECT_EQ(read_request(object("a")).target_version, "11.8.6");
}

TEST(Admission, ReadsWhoAsked) {
  Json known = object("a");
  known["metadata"]["annotations"][requester_annotation] = "alice@example.com";
  EXPECT_EQ(read_request(known).requested_by, "alice@example.com");
  EXPECT_EQ(read_request(object("a")).requested_by, "");
}

TEST(Admission, SaysWhatIsWrongWithASpec) {
  Json other = object("a");
  other["spec"]["type"] = "VolumeExpansion";
  EXPECT_EQ(read_request(other).malformed,
            "spec.type: defined OpsRequestType VolumeExpansion is not supported, supported types "
            "for MySQL are UpdateVersion, Upgrade, Restart, HorizontalScaling, VerticalScaling");
  Json targetless = object("a");
  targetless["spec"].erase("updateVersion");
  EXPECT_NE(read_request(targetless).malformed.find("spec.updateVersion nil not supported"),
            std::string::npos);
  Json wrong = object("a");
  wrong["spec"] = "nonsense";
  EXPECT_NE(read_request(wrong).malformed, "");
  Json timeless = object("a");
  timeless["spec"]["timeout"] = "soon";
  EXPECT_NE(read_request(timeless).malformed.find("spec.timeout \"soon\""), std::string::npos);

  const Decision decision = admit(read_request(other), {}, std::nullopt, database("Ready"));
  EXPECT_EQ(decision.admission, Admission::fail);
  const Json status = status_without_run(read_request(other), decision, "now");
  EXPECT_EQ(status["phase"], "Failed");
  EXPECT_EQ(status["conditions"][1]["type"], "Failed");
}

TEST(Admission, WaitsForTheDatabaseUnlessToldNotTo) {
  const OpsRequest request = read_request(object("a"));
  EXPECT_EQ(admit(request, {}, std::nullopt, database("Ready")).admission, Admission::start);
  EXPECT_EQ(admit(request, {}, std::nullopt, database("Critical")).admission, Admission::wait);
  EXPECT_EQ(admit(request, {}, std::nullopt, std::nullopt).admission, Admission::start)
      << "the run says that there is none";
  Json always = object("a");
  always["spec"]["apply"] = "Always";
  EXPECT_EQ(admit(read_request(always), {}, std::nullopt, database("NotReady")).admission,
            Admission::start);
}

TEST(Admission, OneRequestADatabaseAndTheNewestOfThoseThatWait) {
  const OpsRequest older = read_request(object("older", "2026-11-23T10:00:00Z"));
  const OpsRequest newer = read_request(object("newer", "2026-11-23T10:00:05Z"));
  EXPECT_EQ(admit(newer, {}, "first", database("Ready")).reason, "AnotherRequestProgressing");
  const Decision skipped = admit(older, {newer}, "first", database("Ready"));
  EXPECT_EQ(skipped.admission, Admission::skip);
  EXPECT_EQ(skipped.message,
            "skipped as demo/newer is the most updated MySQLOpsRequest of type UpdateVersion at "
            "2026-11-23T10:00:05Z");
  EXPECT_EQ(admit(newer, {older}, "first", database("Ready")).admission, Admission::wait);
  const OpsRequest twin = read_request(object("twin", "2026-11-23T10:00:05Z"));
  EXPECT_EQ(admit(twin, {newer}, std::nullopt, database("Ready")).admission, Admission::skip);
  EXPECT_EQ(admit(newer, {twin}, std::nullopt, database("Ready")).admission, Admission::start);
}

Json restart(const std::string& name, const std::string& created = "2026-11-23T10:00:00Z") {
  Json request = object(name, created);
  request["spec"]["type"] = "Restart";
  request["spec"].erase("updateVersion");
  return request;
}

// What the API lets in, the ops manager has a workflow for.
TEST(Admission, EveryTypeThatIsServedHasAWorkflow) {
  for (const std::string& name : api::request_types()) {
    const RequestType* type = request_type(name);
    ASSERT_NE(type, nullptr) << name;
    EXPECT_EQ(type_of_workflow(type->workflow), type);
    const RequestRun run = type->about(type->input(read_request(object("a"))));
    EXPECT_EQ(run.space + "/" + run.database + "/" + run.request, "demo/db/a") << name;
    EXPECT_EQ(run.generation, 1) << name;
  }
  EXPECT_EQ(request_type("VolumeExpansion"), nullptr);
  EXPECT_EQ(type_of_workflow("travel"), nullptr);
}

TEST(Admission, ARestartAsksForNothingElse) {
  EXPECT_EQ(read_request(restart("a")).malformed, "");
  Json both = restart("a");
  both["spec"]["updateVersion"] = {{"targetVersion", "11.8.6"}};
  EXPECT_EQ(read_request(both).malformed,
            "a request of type Restart does nothing about spec.updateVersion: leave it out, and "
            "create another request for it");
  const Decision decision = admit(read_request(both), {}, std::nullopt, database("Ready"));
  const Json status = status_without_run(read_request(both), decision, "now");
  EXPECT_EQ(status["conditions"][0]["type"], "Restart");
}

TEST(Admission, ARestartHasNoPlanThatCouldBeApprovedOrWait) {
  for (const auto& [name, value] : {std::pair(approval_annotation, "required"),
                                    std::pair(window_annotation, "0 2 * * SAT 1h UTC")}) {
    Json request = restart("a");
    request["metadata"]["annotations"][name] = value;
    const std::string why = read_request(request).malformed;
    EXPECT_NE(why.find(std::string("annotation ") + name + ": a request of type Restart has no"),
              std::string::npos)
        << why;
    Json update = object("a");
    update["metadata"]["annotations"][name] = value;
    EXPECT_EQ(read_request(update).malformed, "");
  }
}

TEST(Admission, WhatTheRequestSaysOfEvidenceIsRead) {
  Json request = object("a");
  for (const char* word : {"required", "none"}) {
    request["metadata"]["annotations"][evidence_annotation] = word;
    EXPECT_EQ(read_request(request).malformed, "");
    EXPECT_EQ(read_request(request).backup_evidence, word);
  }
  request["metadata"]["annotations"][evidence_annotation] = "some";
  EXPECT_NE(read_request(request).malformed.find("\"some\" is neither"), std::string::npos);
  Json again = restart("a");
  again["metadata"]["annotations"][evidence_annotation] = "required";
  EXPECT_NE(read_request(again).malformed.find("takes no evidence"), std::string::npos);
}

TEST(Admission, ReadsWhatAScalingAsksForInBothShapes) {
  Json members = object("a");
  members["spec"] = {{"type", "HorizontalScaling"},
                     {"databaseRef", {{"name", "db"}}},
                     {"horizontalScaling", {{"member", 5}}}};
  EXPECT_EQ(read_request(members).members, 5);
  EXPECT_EQ(read_request(members).malformed, "");
  for (const int wrong : {-1, 2, 10}) {
    members["spec"]["horizontalScaling"]["member"] = wrong;
    EXPECT_NE(read_request(members).malformed.find("range: [3,9]"), std::string::npos) << wrong;
  }

  const Json wanted = {{"requests", {{"cpu", "0.7"}, {"memory", "1200Mi"}}},
                       {"limits", {{"memory", "1200Mi"}}}};
  Json size = object("a");
  size["spec"] = {{"type", "VerticalScaling"},
                  {"databaseRef", {{"name", "db"}}},
                  {"verticalScaling", {{"mysql", wanted}}}};
  EXPECT_EQ(Json::parse(read_request(size).resources), wanted);
  EXPECT_EQ(read_request(size).malformed, "");
  size["spec"]["verticalScaling"]["mysql"] = {{"resources", wanted}};
  EXPECT_EQ(Json::parse(read_request(size).resources), wanted);
  size["spec"]["horizontalScaling"] = {{"member", 5}};
  EXPECT_NE(read_request(size).malformed.find("does nothing about spec.horizontalScaling"),
            std::string::npos);
}

TEST(Admission, OfDifferentTypesTheOldestGoesFirst) {
  const OpsRequest older = read_request(object("older", "2026-11-23T10:00:00Z"));
  const OpsRequest newer = read_request(restart("newer", "2026-11-23T10:00:05Z"));
  const Decision waits = admit(newer, {older}, std::nullopt, database("Ready"));
  EXPECT_EQ(waits.admission, Admission::wait);
  EXPECT_EQ(waits.reason, "OlderRequestWaiting");
  EXPECT_NE(waits.message.find("demo/older of type UpdateVersion"), std::string::npos);
  EXPECT_EQ(admit(older, {newer}, std::nullopt, database("Ready")).admission, Admission::start);
  EXPECT_EQ(admit(newer, {older}, "first", database("Ready")).reason, "AnotherRequestProgressing");
  EXPECT_EQ(admit(older, {newer}, "first", database("Ready")).admission, Admission::wait)
      << "another type skips nobody";

  OpsRequest done = older;
  done.phase = "Failed";
  EXPECT_EQ(admit(newer, {done}, std::nullopt, database("Ready")).admission, Admission::start);
  OpsRequest elsewhere = older;
  elsewhere.database = "other";
  EXPECT_EQ(admit(newer, {elsewhere}, std::nullopt, database("Ready")).admission, Admission::start);
}

// What waits for the database to be Ready does not keep others from making it so.
TEST(Admission, AnOlderRequestThatWaitsForTheDatabaseHoldsUpNobody) {
  const OpsRequest older = read_request(object("older", "2026-11-23T10:00:00Z"));
  Json always = restart("newer", "2026-11-23T10:00:05Z");
  always["spec"]["apply"] = "Always";
  EXPECT_EQ(admit(read_request(always), {older}, std::nullopt, database("NotReady")).admission,
            Admission::start);
}

// Red if one spelling of the key is not read, or a standalone server is judged by the groups' list.
TEST(Catalogue, IsReadInBothSpellingsAndByTopology) {
  const auto lists = [](const char* alone, const char* group) {
    return Json{{"standalone", Json::array({alone})}, {"groupReplication", Json::array({group})}};
  };
  for (const char* spelling : {"updateConstraints", "upgradeConstraints"}) {
    Json entry = {{"metadata", {{"name", "8.0"}}}, {"spec", {{"version", "8.0.36"}}}};
    entry["spec"][spelling] = {{"allowlist", lists("8.4", "9.7")},
                               {"denylist", lists("8.4.1", "9.7.1")}};
    for (const bool standalone : {true, false}) {
      const mysql::CatalogueVersion read = read_entry(entry, standalone);
      ASSERT_EQ(read.allowed_size(), 1) << spelling;
      ASSERT_EQ(read.denied_size(), 1) << spelling;
      EXPECT_EQ(read.allowed(0), standalone ? "8.4" : "9.7") << spelling;
      EXPECT_EQ(read.denied(0), standalone ? "8.4.1" : "9.7.1") << spelling;
    }
  }
}

// Red if maxRetries is not read, or a request could wait for ever by it.
TEST(Admission, AStepHasItsTimeOnceMoreForEachRetry) {
  using namespace std::chrono_literals;
  Json asked = object("a");
  EXPECT_EQ(read_request(asked).timeout, 20min) << "a step";
  asked["spec"]["maxRetries"] = 2;
  EXPECT_EQ(read_request(asked).timeout, 60min);
  asked["spec"]["timeout"] = "1m30s";
  EXPECT_EQ(read_request(asked).timeout, 270s);
  asked["spec"]["maxRetries"] = 0;
  EXPECT_EQ(read_request(asked).timeout, 90s);
  asked["spec"]["maxRetries"] = -1;
  EXPECT_EQ(read_request(asked).timeout, 90s);
  asked["spec"]["maxRetries"] = 1'000'000;
  EXPECT_EQ(read_request(asked).timeout, 21 * 90s);
}

TEST(Durations, AreReadAsGoWritesThem) {
  using namespace std::chrono_literals;
  EXPECT_EQ(parse_duration("20m"), 20min);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1.5h"), 90min);
  EXPECT_EQ(parse_duration("1500ms"), 1500ms);
  for (const char* text : {"", "0s", "-5m", "5", "m", "5 m", "inf", "1e9h"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

}  // namespace
}  // namespace ratchet::k8s
