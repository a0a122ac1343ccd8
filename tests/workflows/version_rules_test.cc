#include "workflows/mysql/version_rules.h"

#include <utility>

#include <gtest/gtest.h>

namespace ratchet::mysql {
namespace {

bool open_way(const char* from, const char* to) {
  return path_blockers(*parse_version(from), *parse_version(to)).empty();
}

TEST(VersionRules, MySqlGoesUpWithinItsMajor) {
  EXPECT_TRUE(open_way("8.0.27", "8.0.36"));
  EXPECT_TRUE(open_way("8.0.36", "8.4.8"));
  EXPECT_TRUE(open_way("8.3.0", "8.4.8"));
  EXPECT_TRUE(open_way("9.4.0", "9.7.1"));
  EXPECT_TRUE(open_way("5.7.36", "5.7.36"));
}

TEST(VersionRules, MySqlCrossesAMajorOnlyFromTheLastLts) {
  EXPECT_TRUE(open_way("5.7.36", "8.0.30"));
  EXPECT_TRUE(open_way("8.4.8", "9.7.1"));
  EXPECT_TRUE(open_way("9.7.4", "26.7.0"));
  EXPECT_FALSE(open_way("8.0.36", "9.0.1"));
  EXPECT_FALSE(open_way("8.3.0", "9.7.1"));
  EXPECT_FALSE(open_way("5.7.44", "8.4.8"));
  EXPECT_FALSE(open_way("8.4.8", "26.7.0"));
  EXPECT_FALSE(open_way("9.6.0", "26.7.0"));
}

TEST(VersionRules, NothingGoesDownOrAcross) {
  EXPECT_FALSE(open_way("8.4.8", "8.0.36"));
  EXPECT_FALSE(open_way("8.0.36", "8.0.35"));
  EXPECT_FALSE(open_way("11.8.6-MariaDB-0+deb13u1", "10.11.6"));
  EXPECT_FALSE(open_way("8.4.8", "11.8.6"));
  EXPECT_FALSE(open_way("10.11.6-MariaDB-0+deb12u1", "26.7.0"));
}

TEST(VersionRules, MariaDbMaySkipMajors) {
  EXPECT_TRUE(open_way("10.11.6-MariaDB-0+deb12u1", "11.8.6-MariaDB-0+deb13u1"));
  EXPECT_TRUE(open_way("10.3.0", "11.8.9"));
  EXPECT_TRUE(open_way("11.8.6", "11.8.9"));
}

TEST(VersionRules, WithdrawnAndUnknownReleasesAreRefused) {
  EXPECT_FALSE(open_way("8.0.27", "8.0.29"));
  EXPECT_FALSE(open_way("8.4.0", "8.4.1"));
  EXPECT_FALSE(open_way("9.7.4", "27.1.0"));
}

struct Way {
  const char* from;
  const char* to;
  const char* refusal;  // what it says, in part; empty: the way is open
};

// The servers' own table, in the words of the person who asked.
TEST(VersionRules, SayWhyAWayIsClosedAndWhichOnesAreOpen) {
  const Way ways[] = {
      {"5.7.44", "8.0.36", ""},
      {"5.7.20", "5.7.44", ""},
      {"5.7.44", "8.4.8", "from 5.7 the only way is to 8.0. Allowed: 5.7 -> 8.0 -> 8.4, each"},
      {"5.7.44", "9.7.1", "Allowed: 5.7 -> 8.0 -> 8.4 -> 9.7, each by a request of its own"},
      {"8.0.36", "8.4.8", ""},
      {"8.0.36", "8.2.0", ""},
      {"8.1.0", "8.4.8", ""},
      {"8.2.0", "8.3.0", ""},
      {"8.0.36", "9.0.1", "of major version 8 that is 8.4 (LTS). Allowed: 8.0 -> 8.4 -> 9.0"},
      {"8.0.36", "9.7.4", "Allowed: 8.0 -> 8.4 -> 9.7, each by a request of its own"},
      {"8.2.0", "9.1.0", "no LTS series can be skipped"},
      {"8.4.8", "9.0.1", ""},
      {"8.4.8", "9.7.4", ""},
      {"9.1.0", "9.7.4", ""},
      {"9.7.4", "26.7.0", ""},
      {"8.4.8", "26.7.0", "Allowed: 8.4 -> 9.7 -> 26.7, each by a request of its own"},
      {"8.0.36", "26.7.0", "Allowed: 8.0 -> 8.4 -> 9.7 -> 26.7, each by a request of its own"},
      {"9.3.0", "26.7.0", "of major version 9 that is 9.7 (LTS). Allowed: 9.3 -> 9.7 -> 26.7"},
      {"26.7.0", "26.10.0", ""},
      {"26.7.0", "27.1.0", "MySQL 27.1 is not a series that this build knows"},
      {"9.8.0", "26.7.0", "MySQL 9.8 is not a series that this build knows"},
      {"9.7.4", "9.7.2", "downgrades need a dump"},
      {"9.7.4", "8.4.8", "downgrades need a dump"},
      {"8.0.28", "8.0.29", "it can damage tables with instantly added columns"},
      {"8.0.36", "8.0.38", "it does not start with many tables"},
      {"8.0.36", "11.8.6-MariaDB", "MySQL and MariaDB cannot open each other's files"},
      {"10.5.1-MariaDB", "11.8.6-MariaDB", ""},
      {"10.11.6-MariaDB", "12.3.1-MariaDB", ""},
      {"11.8.6-MariaDB", "11.8.6-MariaDB-0+deb13u1", ""},
      {"11.8.6-MariaDB", "11.4.9-MariaDB", "downgrades need a dump"},
      {"11.8.6-MariaDB", "13.0.1-MariaDB", "MariaDB 13.0 is not a series that this build knows"},
      {"10.11.6-MariaDB", "8.0.36", "MySQL and MariaDB cannot open each other's files"},
  };
  for (const Way& way : ways) {
    const auto blockers = path_blockers(*parse_version(way.from), *parse_version(way.to));
    const std::string where = std::string(way.from) + " to " + way.to + ": ";
    std::string said;
    for (const std::string& blocker : blockers) said += blocker + "; ";
    if (*way.refusal == '\0') {
      EXPECT_EQ(said, "") << where;
    } else {
      EXPECT_NE(said.find(way.refusal), std::string::npos) << where << said;
    }
  }
}

TEST(VersionRules, WhatIsNoVersionIsNotRead) {
  for (const char* text : {"", "latest", "8.x.", "8..1", "8.0.1.2", "99999999999999"}) {
    EXPECT_FALSE(parse_version(text)) << text;
  }
}

struct Held {
  const char* version;
  const char* constraint;
  bool holds;
};

void expect_held(const Held& c) {
  const auto held = satisfies(*parse_version(c.version), c.constraint);
  ASSERT_TRUE(held.has_value()) << c.constraint;
  EXPECT_EQ(*held, c.holds) << c.version << " in " << c.constraint;
}

TEST(Constraints, AreReadAsUsersOfTheCatalogueKnowThem) {
  const Held cases[] = {
      {"8.4.9", ">= 8.4.8, <= 9.7.1", true},
      {"9.7.2", ">= 8.4.8, <= 9.7.1", false},
      {"5.7.31", "5.7", true},
      {"5.8.0", "5.7", false},
      {"8.0.31", "5", false},
      {"11.4.0", "> 11", false},
      {"12.0.0", "> 11", true},
      {"9.7.4", "<= 9", true},
      {"1.2.9", "~1.2.3", true},
      {"1.3.0", "~1.2.3", false},
      {"1.9.0", "^1.2.3", true},
      {"2.0.0", "^1.2.3", false},
      {"0.2.9", "^0.2.3", true},
      {"0.3.0", "^0.2.3", false},
      {"0.0.4", "^0.0.3", false},
      {"8.0.20", "8.0.17 - 8.0.27", true},
      {"8.0.28", "8.0.17 - 8.0.27", false},
      {"8.0.5", "8.0.x", true},
      {"9.1.0", "*", true},
      {"9.1.0", "8.x || 9.1.0", true},
      {"8.0.16", "!= 8.0.17", true},
      {"8.0", "< 8.0.17", true},
      {"8.0.31-innodb", "> 8.0.30", false},
      {"8.0.31-innodb", "<= 8.0.31-innodb", true},
      {"5.7.42-debian", "< 5.7.42, > 5.7.41-x", true},
  };
  for (const Held& c : cases) expect_held(c);
}

// Red if a range is read only where it stands alone, or blanks part nothing.
TEST(Constraints, AreJoinedByCommasAndBlanksAndRangesStandAmongOthers) {
  const Held cases[] = {
      {"9.1.0", ">= 8.4.8 <= 9.7.1", true},
      {"9.7.2", ">=8.4.8 <=9.7.1", false},
      {"8.4.8", ">=8.4.8\t,\n<= 9.7.1", true},
      {"8.4.9", "8.0 - 8.4", true},
      {"8.5.0", "8.0 - 8.4", false},
      {"8.0.20", "  8.0.17  -  8.0.36 ", true},
      {"8.0.20", "!= 8.0.29, 8.0.17 - 8.0.36", true},
      {"8.0.29", "!= 8.0.29, 8.0.17 - 8.0.36", false},
      {"8.0.29", "8.0.17 - 8.0.36, != 8.0.29", false},
      {"8.0.37", "!= 8.0.29 8.0.17 - 8.0.36", false},
      {"8.0.20", "8.0 - 8.4, 8.0.17 - 8.0.27", true},
      {"8.4.0", "8.0 - 8.4, 8.0.17 - 8.0.27", false},
      {"9.7.4", "5.7 - 8.0 || 9.7", true},
  };
  for (const Held& c : cases) expect_held(c);
}

TEST(Constraints, HaveEveryOperatorInEverySpelling) {
  const Held cases[] = {
      {"8.0.36", "= 8.0.36+build", true},
      {"8.0.36", "v8.0.36", true},
      {"8.0.36", "=> 8.0.36", true},
      {"8.0.37", "=< 8.0.36", false},
      {"8.0.9", "~>8.0.3", true},
      {"8.1.0", "~>8.0.3", false},
      {"8.4.0", "~8", true},
      {"9.0.0", "~8", false},
      {"8.4.0", "~8.0", false},
      {"8.9.9", "^8.x", true},
      {"9.0.0", "^8.0", false},
      {"0.9.0", "^0", true},
      {"1.0.0", "^0", false},
      {"0.0.9", "^0.0", true},
      {"0.1.0", "^0.0", false},
      {"8.0.5", "8.0.X", true},
      {"8.1.5", "8.0.*", false},
      {"8.0.40", "!= 8.0", false},
      {"8.1.0", "!= 8.0", true},
      {"8.0.0", "< 8", false},
      {"8.4.0", "> 8.4", false},
      {"8.5.0", "> 8.4", true},
      {"8.0.31-innodb", "!= 8.0.30", false},
      {"8.0.31-innodb", "> 8.0.31-alpha, < 9", true},
      {"8.0.31-innodb", "9 || <= 8.0.31-zzz", true},
      {"8.0.31-innodb", "> 8.0.30 || <= 8.0.30-x", false},
      {"8.0.0-2", "> 8.0.0-10", false},
      {"8.0.0-rc", "> 8.0.0-10", true},
  };
  for (const Held& c : cases) expect_held(c);
}

TEST(Constraints, ThatCannotBeReadAreNotGuessed) {
  for (const char* constraint : {"", ">", ">> 8", "8.0 ||", "newer than 8", "8.0,", ",8.0",
                                 "8.0,,9", " - 8.0", "8.0 - ", "8 - 9 - 10", "!=8 - 9", "8 - >9"}) {
    EXPECT_FALSE(satisfies(*parse_version("8.0.1"), constraint).has_value()) << constraint;
  }
}

Database database(const char* from, const char* to) {
  Database database;
  database.set_standalone(true);
  database.mutable_current()->set_name(from);
  database.mutable_current()->set_version(from);
  database.mutable_target()->set_name(to);
  database.mutable_target()->set_version(to);
  return database;
}

TEST(Rules, TellHowTheUpgradeIsMade) {
  const UpgradeRules patch = rules_for(database("11.8.6", "11.8.9"));
  EXPECT_FALSE(patch.new_stateful_set());
  EXPECT_FALSE(patch.slow_shutdown());
  const UpgradeRules series = rules_for(database("8.0.36", "8.4.8"));
  EXPECT_FALSE(series.new_stateful_set());
  EXPECT_TRUE(series.slow_shutdown());
  const UpgradeRules major = rules_for(database("10.11.6", "11.8.6"));
  EXPECT_TRUE(major.new_stateful_set());
  EXPECT_TRUE(major.slow_shutdown());
}

TEST(Rules, RespectTheCatalogue) {
  Database allowed = database("8.4.8", "9.7.1");
  allowed.mutable_current()->add_allowed(">= 8.4.8, <= 9.1.0");
  allowed.mutable_current()->add_allowed("5.7");
  ASSERT_EQ(rules_for(allowed).blockers_size(), 1);
  EXPECT_EQ(rules_for(allowed).blockers(0),
            "MySQLVersion 8.4.8 does not list it as allowed. Allowed: \">= 8.4.8, <= 9.1.0\" or "
            "\"5.7\"");
  Database denied = database("8.0.20", "8.0.27");
  denied.mutable_current()->add_denied("8.0.27");
  ASSERT_EQ(rules_for(denied).blockers_size(), 1);
  EXPECT_EQ(rules_for(denied).blockers(0), "MySQLVersion 8.0.20 denies \"8.0.27\"");
  // An empty list allows everything, and a denial counts against what is allowed.
  denied.mutable_current()->add_allowed("8.0");
  EXPECT_EQ(rules_for(denied).blockers_size(), 1);
  denied.mutable_current()->clear_denied();
  EXPECT_EQ(rules_for(denied).blockers_size(), 0);
}

Database group(const char* from, const char* to) {
  Database group = database(from, to);
  group.set_standalone(false);
  group.set_topology("GroupReplication");
  return group;
}

TEST(Rules, TakeAGroupThroughOneLtsSeriesInPlace) {
  for (const auto& [from, to] :
       {std::pair("8.4.3", "8.4.8"), std::pair("9.7.4", "9.7.4"), std::pair("9.7.1", "9.7.4")}) {
    const UpgradeRules rules = rules_for(group(from, to));
    EXPECT_EQ(rules.blockers_size(), 0) << from << " to " << to;
    EXPECT_FALSE(rules.new_stateful_set());
    EXPECT_FALSE(rules.slow_shutdown());
  }
  EXPECT_EQ(rules_for(group("9.7.4", "9.7.1")).blockers_size(), 1) << "a downgrade";
}

// There the group would not let an upgraded member become the primary by order.
TEST(Rules, GiveAGroupANewSetOutsideOfOneLtsSeries) {
  for (const auto& [from, to] : {std::pair("8.0.35", "8.0.36"), std::pair("8.4.8", "9.7.4"),
                                 std::pair("9.6.0", "9.7.4"), std::pair("8.0.36", "8.4.8")}) {
    const UpgradeRules rules = rules_for(group(from, to));
    EXPECT_EQ(rules.blockers_size(), 0) << from << " to " << to;
    EXPECT_TRUE(rules.new_stateful_set()) << from << " to " << to;
    EXPECT_TRUE(rules.primary_is_elected()) << from << " to " << to;
  }
  for (const auto& [from, to] : {std::pair("5.7.44", "8.0.36"), std::pair("8.0.20", "8.0.36"),
                                 std::pair("11.8.5", "11.8.6")}) {
    ASSERT_EQ(rules_for(group(from, to)).blockers_size(), 1) << from;
    EXPECT_EQ(rules_for(group(from, to)).blockers(0),
              "a replication group can be upgraded only from MySQL 8.0.22 on");
  }
}

TEST(Rules, GiveANewSetToWhoeverAsksForOne) {
  Database asking = group("9.7.1", "9.7.4");
  asking.set_asks_for_new_set(true);
  EXPECT_TRUE(rules_for(asking).new_stateful_set());
  EXPECT_FALSE(rules_for(asking).primary_is_elected());
  Database alone = database("11.8.5", "11.8.6");
  alone.set_asks_for_new_set(true);
  EXPECT_TRUE(rules_for(alone).new_stateful_set());
  asking.set_topology("SemiSync");
  EXPECT_EQ(rules_for(asking).blockers_size(), 0);
  EXPECT_TRUE(rules_for(asking).new_stateful_set());
  EXPECT_FALSE(rules_for(asking).primary_is_elected());
}

TEST(Rules, RefuseOtherTopologiesForNow) {
  Database cluster = database("8.0.27", "8.0.36");
  cluster.set_standalone(false);
  cluster.set_topology("InnoDBCluster");
  ASSERT_EQ(rules_for(cluster).blockers_size(), 1);
  EXPECT_EQ(rules_for(cluster).blockers(0),
            "a database with spec.topology.mode InnoDBCluster cannot be upgraded: only standalone "
            "databases, replication groups and semi-synchronous clusters can be upgraded so far");
}

Database semi_synchronous(const char* from, const char* to) {
  Database cluster = database(from, to);
  cluster.set_standalone(false);
  cluster.set_topology("SemiSync");
  return cluster;
}

TEST(Rules, GiveASemiSynchronousClusterANewSetOutsideOfOneLtsSeries) {
  const UpgradeRules within = rules_for(semi_synchronous("9.7.4", "9.7.5"));
  EXPECT_EQ(within.blockers_size(), 0);
  EXPECT_FALSE(within.new_stateful_set());
  for (const auto& [from, to] : {std::pair("8.0.27", "8.0.36"), std::pair("8.4.8", "9.7.4")}) {
    const UpgradeRules without = rules_for(semi_synchronous(from, to));
    EXPECT_EQ(without.blockers_size(), 0) << from;
    EXPECT_TRUE(without.new_stateful_set()) << from;
    EXPECT_FALSE(without.primary_is_elected()) << from << ": its term moves";
  }
}

TEST(Rules, RefuseASemiSynchronousClusterOlderThanTheProvisionersWords) {
  const UpgradeRules rules = rules_for(semi_synchronous("8.0.25", "8.0.36"));
  ASSERT_EQ(rules.blockers_size(), 1);
  EXPECT_EQ(rules.blockers(0),
            "a semi-synchronous cluster can be upgraded only from MySQL 8.0.26 on");
}

}  // namespace
}  // namespace ratchet::mysql
