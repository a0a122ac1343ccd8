// What the product says to a member, each release that may be one understands: the lists of the
// group's planner from 8.0.22 on, those of the semi-synchronous one from 8.0.26 on. Red if a list
// uses a word before its release has it, or after it has lost it.
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/provisioner/group_statements.h"
#include "k8s/provisioner/semi_sync_statements.h"
#include "tests/k8s/provisioner/server_dialect.h"
#include "tests/k8s/transcript/story.h"
#include "workflows/mysql/preflight.h"

namespace ratchet::k8s::testing {
namespace {

using provisioner::Action;
using provisioner::ReplicaAction;

constexpr std::array group_releases{"8.0.22", "8.0.26", "8.0.27", "8.0.28", "8.0.36", "8.0.44",
                                    "8.2.0",  "8.3.0",  "8.4.0",  "8.4.8",  "9.0.1",  "9.7.4"};

void expect_understood(const std::vector<std::string>& statements, const std::string& version) {
  for (const std::string& statement : statements) {
    EXPECT_FALSE(misunderstood(statement, version)) << version << " does not know " << statement;
  }
}

TEST(WhatMembersAreTold, IsUnderstoodByEveryReleaseOfAGroup) {
  for (const char* version : group_releases) {
    provisioner::Member member;
    member.pod = "my-group-0";
    member.server_id = 1;
    member.seen.emplace();
    member.seen->version = version;
    for (const auto kind :
         {Action::Kind::configure, Action::Kind::bootstrap, Action::Kind::join,
          Action::Kind::rejoin, Action::Kind::leave, Action::Kind::open, Action::Kind::clone}) {
      Action action{kind, member.pod};
      action.fresh = kind == Action::Kind::configure;
      expect_understood(provisioner::statements(action, member, story_account(), "donor"), version);
    }
  }
}

TEST(WhatMembersAreTold, IsUnderstoodByEveryReleaseOfASemiSynchronousCluster) {
  for (const std::string version : group_releases) {
    if (version == "8.0.22") continue;
    provisioner::Replica member;
    member.pod = "my-semi-0";
    member.seen.emplace();
    member.seen->version = version;
    for (const auto kind :
         {ReplicaAction::Kind::configure, ReplicaAction::Kind::settle, ReplicaAction::Kind::open,
          ReplicaAction::Kind::close, ReplicaAction::Kind::restart,
          ReplicaAction::Kind::stop_receiving, ReplicaAction::Kind::apply,
          ReplicaAction::Kind::attach, ReplicaAction::Kind::resume, ReplicaAction::Kind::clone}) {
      ReplicaAction action;
      action.kind = kind;
      action.pod = member.pod;
      action.fresh = kind == ReplicaAction::Kind::configure;
      expect_understood(
          provisioner::semi_sync_statements(action, member, {}, story_account(), "source"),
          version);
    }
  }
}

// Of each pair of releases between which the servers let anybody go.
TEST(WhatIsAskedBefore, IsUnderstoodByTheServerThatIsAsked) {
  const std::vector<std::pair<const char*, const char*>> pairs{
      {"5.7.44", "8.0.36"}, {"8.0.11", "8.0.36"}, {"8.0.21", "8.0.36"}, {"8.0.22", "8.0.36"},
      {"8.0.26", "8.4.8"},  {"8.0.36", "8.4.8"},  {"8.4.8", "9.7.4"},   {"9.7.4", "9.7.5"}};
  for (const auto& [from, to] : pairs) {
    const mysql::Context context{mysql::server_version(from, "").value(),
                                 mysql::server_version(to, "").value()};
    const auto checks = mysql::checks_for(context);
    EXPECT_GE(checks.size(), 8U);
    for (const mysql::Check& check : checks) expect_understood({check.sql}, from);
  }
}

TEST(TheDialects, RefuseWhatTheirReleaseDoesNotHave) {
  const auto number = [](const char* statement, const char* version) {
    const auto refusal = misunderstood(statement, version);
    return refusal ? refusal->number : 0;
  };
  EXPECT_EQ(number("SHOW MASTER STATUS", "8.0.36"), 0);
  EXPECT_EQ(number("SHOW MASTER STATUS", "8.4.0"), 1064);
  EXPECT_EQ(number("SHOW BINARY LOG STATUS", "8.0.36"), 1064);
  EXPECT_EQ(number("RESET BINARY LOGS AND GTIDS", "8.0.36"), 1064);
  EXPECT_EQ(number("SET PERSIST server_id = 1", "5.7.44"), 1064);
  EXPECT_EQ(number("CLONE INSTANCE FROM a", "5.7.44"), 1064);
  EXPECT_EQ(number("SELECT * FROM performance_schema.variables_info", "5.7.44"), 1146);
  EXPECT_EQ(number("SELECT group_replication_set_as_primary('a', 5)", "8.0.28"), 1123);
  EXPECT_EQ(number("SELECT group_replication_set_as_primary('a', 5)", "8.0.29"), 0);
  EXPECT_EQ(number("SELECT group_replication_set_as_primary('a')", "8.0.28"), 0);
}

TEST(TheDialects, OpenTheFilesThatTheirReleaseOpens) {
  EXPECT_TRUE(opens_files_of("5.7.44", "8.0.36"));
  EXPECT_FALSE(opens_files_of("5.7.44", "8.4.8"));
  EXPECT_TRUE(opens_files_of("8.0.36", "8.4.8"));
  EXPECT_FALSE(opens_files_of("8.0.36", "9.7.4"));
  EXPECT_FALSE(opens_files_of("8.3.0", "9.0.1"));
  EXPECT_TRUE(opens_files_of("8.4.8", "9.7.4"));
  EXPECT_FALSE(opens_files_of("9.7.4", "8.4.8"));
  EXPECT_FALSE(opens_files_of("8.0.36", "8.0.35"));
}

}  // namespace
}  // namespace ratchet::k8s::testing
