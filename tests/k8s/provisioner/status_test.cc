// Conditions and phases by the table of KubeDB's API.
#include "k8s/provisioner/status.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ratchet::k8s::provisioner {
namespace {

constexpr const char* t1 = "2026-11-23T10:00:01Z";
constexpr const char* t2 = "2026-11-23T10:00:02Z";

struct Row {
  const char* conditions;  // type=True|False, by blanks
  const char* phase;
};

class Phases : public ::testing::TestWithParam<Row> {};

TEST_P(Phases, FollowFromTheConditions) {
  Json status = Json::object();
  std::istringstream words(GetParam().conditions);
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    set_condition(status, {word.substr(0, equals), word.substr(equals + 1) == "True", "R", "m"},
                  t1);
  }
  EXPECT_EQ(phase_of(status), GetParam().phase);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Phases,
    ::testing::Values(
        Row{"", "Provisioning"},
        Row{"ProvisioningStarted=True AcceptingConnection=False", "Provisioning"},
        Row{"Provisioned=True ReplicaReady=True AcceptingConnection=True Ready=True", "Ready"},
        Row{"Provisioned=True ReplicaReady=False AcceptingConnection=False Ready=False",
            "NotReady"},
        Row{"Provisioned=True ReplicaReady=False AcceptingConnection=True Ready=True", "Critical"},
        Row{"Provisioned=True ReplicaReady=True AcceptingConnection=True Ready=False", "Critical"},
        Row{"Provisioned=True AcceptingConnection=True", "Provisioning"},
        Row{"Provisioned=True AcceptingConnection=True Ready=True Paused=True", "Ready"},
        Row{"Provisioned=True Ready=True Halted=True", "Halted"},
        Row{"DataRestoreStarted=True", "DataRestoring"},
        Row{"DataRestoreStarted=True DataRestored=False Provisioned=True", "NotReady"},
        Row{"DataRestoreStarted=True DataRestored=True", "Provisioning"},
        Row{"HealthCheckPaused=True Halted=True", "Unknown"}));

TEST(Conditions, AnIdenticalOneKeepsItsTime) {
  Json status = Json::object();
  set_condition(status, {"Ready", true, "A", "m"}, t1);
  const Json before = status;
  set_condition(status, {"Ready", true, "A", "m"}, t2);
  EXPECT_EQ(status, before);
  set_condition(status, {"Ready", false, "B", "n"}, t2);
  ASSERT_EQ(status["conditions"].size(), 1u);
  EXPECT_EQ(status["conditions"][0]["lastTransitionTime"], t2);
  EXPECT_EQ(condition_status(status, "Ready"), false);
}

TEST(Conditions, StandInTheOrderOfTheGuidesWhicheverComesFirst) {
  Json status = Json::object();
  for (const char* type : {"Paused", "Ready", "ProvisioningStarted", "AcceptingConnection",
                           "Halted", "Provisioned", "ReplicaReady"}) {
    set_condition(status, {type, true, "R", "m"}, t1);
  }
  std::string order;
  for (const Json& condition : status["conditions"]) {
    order += condition.value("type", "") + " ";
  }
  EXPECT_EQ(
      order,
      "Paused ProvisioningStarted ReplicaReady AcceptingConnection Ready Halted Provisioned ");
}

TEST(Conditions, AnOlderGenerationReplacesNoNewer) {
  Json status = Json::object();
  set_condition(status, {"Provisioned", true, "A", "m", 5}, t1);
  set_condition(status, {"Provisioned", false, "B", "n", 4}, t2);
  EXPECT_EQ(condition_status(status, "Provisioned"), true);
  set_condition(status, {"Provisioned", false, "B", "n", 6}, t2);
  EXPECT_EQ(condition_status(status, "Provisioned"), false);
}

TEST(Conditions, ProvisionedNeedsAllThree) {
  Database database;
  database.space = "demo";
  database.name = "db";
  Json status = Json::object();
  set_condition(status, replica_ready(database, "db", 1, 1), t1);
  set_condition(status, accepting_connection(database, std::nullopt), t1);
  settle_provisioned(status, database, t1);
  EXPECT_FALSE(condition_status(status, "Provisioned").has_value());
  set_condition(status, server_ready(database, true), t1);
  settle_provisioned(status, database, t1);
  EXPECT_EQ(condition_status(status, "Provisioned"), true);
}

TEST(Conditions, SayWhatKubeDbSays) {
  Database database;
  database.space = "demo";
  database.name = "db";
  EXPECT_EQ(provisioning_started(database).message,
            "The KubeDB operator has started the provisioning of MySQL: demo/db");
  EXPECT_EQ(replica_ready(database, "db", 1, 0).message,
            "All desired replicas are not ready. For StatefulSet: demo/db desired replicas: 1, "
            "ready replicas: 0.");
  EXPECT_EQ(accepting_connection(database, std::nullopt).message,
            "database demo/db is accepting connection");
  EXPECT_EQ(accepting_connection(database, "refused").message,
            "The MySQL: demo/db is not accepting client requests, reason: refused");
  EXPECT_EQ(server_ready(database, true).message, "database demo/db is ready");
  EXPECT_EQ(server_ready(database, false).message, "The MySQL: demo/db is not ready.");
  EXPECT_EQ(provisioned(database).message, "The MySQL: demo/db is successfully provisioned.");
  EXPECT_EQ(halted(database).message, "MySQL demo/db successfully halted.");
}

}  // namespace
}  // namespace ratchet::k8s::provisioner
