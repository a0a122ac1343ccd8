// What is said of probes that may end a server in the middle of its first start as another version.
#include "k8s/adapters/probe_look.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// `probe`: of the server's container, as a user of KubeDB writes it.
OpsDatabase probed_database(const std::string& probe) {
  OpsDatabase database = standalone_database();
  database.manifest += "  podTemplate: {spec: {" + probe + "}}\n";
  return database;
}

constexpr const char* impatient =
    "livenessProbe: {exec: {command: [mysqladmin, ping]}, initialDelaySeconds: 60, "
    "failureThreshold: 6}";

std::string planned_with(const std::string& probe) {
  OpsWorld world(probed_database(probe));
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  return world.message_of("my-upgrade", "Planned");
}

// Red if nobody looks at what new pods are made with.
TEST(StartupBudget, ThatMayEndAServerTooSoonIsToldWithTheWayOut) {
  EXPECT_THAT(planned_with(impatient),
              AllOf(HasSubstr("warning startup-budget: the kubelet ends a server whose "
                              "livenessProbe has not succeeded 120 s after its start"),
                    HasSubstr("a startupProbe of an hour")));
}

TEST(StartupBudget, OfAnHourOrWithoutProbesIsNoFinding) {
  for (const char* probe :
       {"livenessProbe: {exec: {command: [mysqladmin, ping]}, initialDelaySeconds: 3600}",
        "readinessProbe: {exec: {command: [mysqladmin, ping]}}"}) {
    EXPECT_THAT(planned_with(probe), AllOf(HasSubstr("plan "), Not(HasSubstr("startup-budget"))))
        << probe;
  }
}

// A server of MySQL converts its dictionary, and has no way back from the middle of it.
TEST(StartupBudget, OfAServerThatConvertsItsDictionaryBlocks) {
  OpsWorld world(probed_database(impatient));
  world.planted["SELECT VERSION(), @@GLOBAL.version_comment"] = {{"9.7.4", "MySQL"}};
  world.planted["SELECT COUNT(*), @@GLOBAL.innodb_page_size"] = {{"100000", "16384"}};
  world.request("my-upgrade", "11.8.6");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Failed");
  EXPECT_THAT(world.message_of("my-upgrade", "Failed"), HasSubstr("blocking startup-budget: "));
  EXPECT_TRUE(world.writes().empty()) << "not even paused";
}

// What is said of `seconds` for the first start of a server that converts so many definitions.
mysql::Severity severity_of(int seconds, int tables, int routines = 0) {
  const Json probe = {{"initialDelaySeconds", seconds}, {"periodSeconds", 0}};
  const Json server = {{"name", "mysql"}, {"livenessProbe", probe}};
  const Json set =
      Json::parse(R"({"spec": {"template": {"spec": {"containers": [)" + server.dump() + "]}}}}");
  mysql::Sight sight;
  sight.set_slow_shutdown(true);
  mysql::MemberSight& member = *sight.add_members();
  member.set_server_version("8.0.36");
  member.set_tables(tables);
  member.set_routines(routines);
  look_at_probes(set, sight);
  EXPECT_EQ(sight.findings_size(), 1) << seconds;
  return sight.findings_size() == 1 ? sight.findings(0).severity() : mysql::INFO;
}

// Red if an ordinary livenessProbe stops the upgrade of a database that converts in seconds.
TEST(StartupBudget, BlocksOnlyWhereTheServerMayNeedMore) {
  EXPECT_EQ(severity_of(120, 500), mysql::BLOCKING);
  EXPECT_EQ(severity_of(180, 500), mysql::WARNING);
  EXPECT_EQ(severity_of(180, 20'000), mysql::BLOCKING);
  EXPECT_EQ(severity_of(180, 500, 20'000), mysql::BLOCKING);
  EXPECT_EQ(severity_of(3599, 10'000'000), mysql::BLOCKING);
}

}  // namespace
}  // namespace ratchet::k8s::testing
