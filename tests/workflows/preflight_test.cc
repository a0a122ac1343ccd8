// The pre-flight's judgement on recorded rows: what no server of the images can hold, and what is
// told without asking one. The rest is in tests/k8s/adapters/preflight_server_test.cc.
#include "workflows/mysql/preflight.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include <gtest/gtest.h>

namespace ratchet::mysql {
namespace {

Context way(const std::string& from, const std::string& to) {
  return {*server_version(from, ""), *server_version(to, ""), ""};
}

std::string text(const std::vector<Finding>& findings) {
  std::string out;
  for (const Finding& one : findings) {
    out += Severity_Name(one.severity()) + " " + one.check() + ": " + one.what() + " | " +
           one.fix() + "\n";
  }
  return out;
}

// What the checks of this id say to these rows.
std::string said(const Context& context, const std::string& id, const SqlTable& rows) {
  std::string out;
  for (const Check& check : checks_for(context)) {
    if (check.id == id) out += text(judge(check, rows, context));
  }
  return out;
}

struct Recorded {
  const char* from;
  const char* to;
  const char* check;
  SqlTable rows;
  const char* finding;  // in part; empty: none
};

std::vector<Recorded> recorded() {
  const SqlTable old_option{{"expire_logs_days", "GLOBAL", "/etc/mysql/my.cnf"}};
  const SqlTable persisted{{"expire_logs_days", "PERSISTED", "mysqld-auto.cnf"}};
  const SqlTable defragment{{"INNODB_DEFRAGMENT", "CONFIG", "/etc/mysql/my.cnf"}};
  const SqlTable keyring{{"keyring_file", "keyring_file.so"}};
  return {
      {"8.0.36", "8.4.8", "removed-variables", old_option,
       "BLOCKING removed-variables: option expire_logs_days is set (GLOBAL /etc/mysql/my.cnf), and "
       "MySQL 8.4.8 does not have it"},
      {"8.0.36", "8.4.8", "removed-variables", persisted, "| RESET PERSIST expire_logs_days"},
      {"8.0.36", "8.1.0", "removed-variables", old_option, ""},
      {"8.2.0", "8.4.8", "removed-variables", old_option, ""},
      {"8.0.36", "8.4.8", "removed-variables", {{"max_connections", "GLOBAL", "my.cnf"}}, ""},
      {"10.11.6-MariaDB", "11.8.6-MariaDB", "removed-variables", defragment,
       "WARNING removed-variables: option INNODB_DEFRAGMENT is set (CONFIG /etc/mysql/my.cnf)"},
      {"11.4.2-MariaDB", "11.8.6-MariaDB", "removed-variables", defragment, ""},
      {"8.0.12",
       "8.0.36",
       "removed-variables",
       {{"log_syslog_tag", "GLOBAL", "my.cnf"}},
       "BLOCKING removed-variables: option log_syslog_tag"},
      {"8.0.36", "8.4.8", "plugins", keyring, "BLOCKING plugins: plugin keyring_file"},
      {"8.4.8", "9.7.4", "plugins", keyring, ""},
      {"8.0.36", "8.4.8", "default-auth", {{"mysql_native_password"}}, "WARNING default-auth"},
      {"8.4.8",
       "9.7.4",
       "default-auth",
       {{"mysql_native_password,,"}},
       "authentication_policy is mysql_native_password,,"},
      {"8.0.20", "8.0.36", "tls-versions", {{"TLSv1.1,TLSv1.2"}}, "WARNING tls-versions"},
      {"8.0.36", "8.4.8", "tls-versions", {{"TLSv1.1"}}, ""},
      {"8.0.36",
       "8.4.8",
       "privileges",
       {{"'ann'@'%'", "SET_USER_ID"}},
       "GRANT SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER ON *.* TO 'ann'@'%'"},
      {"5.7.44",
       "8.0.36",
       "old-names",
       {{"#mysql50#a-b"}},
       "ALTER DATABASE `#mysql50#a-b` UPGRADE DATA DIRECTORY NAME"},
      {"5.7.44", "8.0.36", "constraint-names", {{"s", "t", "long"}}, "BLOCKING constraint-names"},
      {"5.7.44", "8.0.36", "orphaned-routines", {{"s", "r"}}, "routine `s`.`r` is in a schema"},
      {"8.0.36",
       "8.0.37",
       "clean-shutdown",
       {{"1", "4", "0"}},
       "BLOCKING clean-shutdown: the server runs with innodb_force_recovery = 4"},
      {"8.0.36", "8.0.37", "clean-shutdown", {{"1", "0", "1"}}, "innodb_read_only is on"},
      {"8.0.36", "8.0.37", "clean-shutdown", {{"1", "0", "0"}}, ""},
      {"8.0.36", "8.0.37", "history", {{"2000000"}}, "WARNING history: 2000000 undo records"},
      {"8.0.36", "8.0.37", "history", {{"999"}}, ""},
  };
}

// What no server that can be had lets anybody make, or holds: found on the way over the release
// that minds it, and asked on no other way.
std::vector<Recorded> recorded_of_former_releases() {
  return {
      {"5.7.44", "8.0.36", "enum-length", {{"s", "t", "c", "enum"}}, "column `s`.`t`.`c` is enum"},
      {"8.0.36", "8.4.8", "enum-length", {{"s", "t", "c", "enum"}}, ""},
      {"5.7.44",
       "8.0.36",
       "index-length",
       {{"s", "t", "k", "c", "Compact"}},
       "| ALTER TABLE `s`.`t` ROW_FORMAT = DYNAMIC"},
      {"8.0.36", "8.4.8", "index-length", {{"s", "t", "k", "c", "Compact"}}, ""},
      {"5.7.44",
       "8.0.36",
       "foreign-key-engine",
       {{"s", "t", "f", "MyISAM"}},
       "BLOCKING foreign-key-engine: table `s`.`t` of engine MyISAM"},
      {"8.0.36", "8.4.8", "foreign-key-engine", {{"s", "t", "f", "MyISAM"}}, ""},
      {"5.7.44", "8.0.36", "shared-partitions", {{"s/t#P#p0", "System"}}, "partition s/t#P#p0"},
      {"8.0.12", "8.0.36", "shared-partitions", {{"s/t#p#p0", "General"}}, "partition s/t#p#p0"},
      {"8.0.13", "8.0.36", "shared-partitions", {{"s/t#p#p0", "General"}}, ""},
      {"5.7.44", "8.0.36", "circular-paths", {{"/a/../b/t.ibd"}}, "file /a/../b/t.ibd goes"},
      {"8.0.16", "8.0.36", "circular-paths", {{"/a/../b/t.ibd"}}, "file /a/../b/t.ibd goes"},
      {"8.0.17", "8.0.36", "circular-paths", {{"/a/../b/t.ibd"}}, ""},
      {"8.0.36", "8.4.8", "partition-prefix-keys", {{"s", "t"}}, "BLOCKING partition-prefix-keys"},
      {"8.4.8", "9.7.4", "partition-prefix-keys", {{"s", "t"}}, ""},
      {"8.4.8", "8.4.9", "default-auth", {{"mysql_native_password,,"}}, ""},
      {"8.4.8", "9.7.4", "privileges", {{"'ann'@'%'", "SET_USER_ID"}}, ""},
      {"8.0.36", "8.4.8", "old-names", {{"#mysql50#a-b"}}, ""},
      {"8.0.36", "8.4.8", "constraint-names", {{"s", "t", "long"}}, ""},
      {"8.0.36", "8.4.8", "orphaned-routines", {{"s", "r"}}, ""},
  };
}

TEST(Preflight, JudgesRecordedRows) {
  std::vector<Recorded> all = recorded();
  for (Recorded& one : recorded_of_former_releases()) all.push_back(std::move(one));
  for (const Recorded& one : all) {
    const std::string out = said(way(one.from, one.to), one.check, one.rows);
    const std::string where = std::string(one.check) + ", " + one.from + " to " + one.to + ": ";
    if (*one.finding == '\0') {
      EXPECT_EQ(out, "") << where;
    } else {
      EXPECT_NE(out.find(one.finding), std::string::npos) << where << out;
    }
  }
}

TEST(Preflight, QuotesWhatTheFixNames) {
  EXPECT_NE(said(way("8.0.36", "8.4.8"), "column-definition", {{"s", "a`b", "c", "float"}})
                .find("ALTER TABLE `s`.`a``b` MODIFY `c`"),
            std::string::npos);
}

TEST(Preflight, CountsWhatItDoesNotList) {
  SqlTable rows;
  for (int i = 0; i < 23; ++i) rows.push_back({"s", "t" + std::to_string(i), "MyISAM"});
  const Context context = way("8.0.36", "8.0.37");
  const auto checks = checks_for(context);
  const auto engines = std::ranges::find(checks, std::string("engines"), &Check::id);
  const auto found = judge(*engines, rows, context);
  ASSERT_EQ(found.size(), most_findings + 1);
  EXPECT_EQ(found.back().what(), "and 3 more of the same kind");
}

TEST(Preflight, AsksOnlyWhatTheWayCrossesAndTheServerKnows) {
  const auto ids = [](const std::string& from, const std::string& to) {
    std::set<std::string> all;
    for (const Check& check : checks_for(way(from, to))) all.insert(check.id);
    return all;
  };
  EXPECT_TRUE(ids("8.0.36", "8.4.8").contains("foreign-keys"));
  EXPECT_FALSE(ids("8.4.8", "9.7.4").contains("foreign-keys"));
  EXPECT_FALSE(ids("8.0.36", "8.0.37").contains("foreign-keys"));
  EXPECT_FALSE(ids("10.11.6-MariaDB", "11.8.6-MariaDB").contains("auth-method"));
  EXPECT_TRUE(ids("10.11.6-MariaDB", "10.11.7-MariaDB").contains("xa-prepared"));
  for (const Check& check : checks_for(way("8.0.20", "8.0.36"))) {
    EXPECT_EQ(check.sql.find("performance_schema.processlist"), std::string::npos)
        << check.id << ": 8.0.20 has no such table";
  }
}

std::string versions(const std::string& server, const std::string& comment,
                     const std::string& catalogue, const std::string& target) {
  const Context context{*server_version(server, comment), *parse_version(target), comment};
  return text(judge_versions(context, server, catalogue, target));
}

TEST(Preflight, BelievesTheServerAndNotTheCatalogue) {
  EXPECT_EQ(versions("8.0.36", "MySQL Community Server - GPL", "8.0.36", "8.4.8"), "");
  EXPECT_EQ(versions("8.4.8", "MySQL Community Server - GPL", "8.0.36", "8.4.8"), "")
      << "the upgrade was made, and not recorded";
  const std::string other = versions("8.0.36", "MySQL", "8.4.8", "9.7.4");
  EXPECT_NE(other.find("BLOCKING version: the server is 8.0.36: from there to 9.7.4 the way is "
                       "closed"),
            std::string::npos)
      << other;
  EXPECT_NE(other.find("WARNING catalogue-version: the server says that it is 8.0.36"),
            std::string::npos);
  // A MariaDB server may be told to call itself 8.0.36.
  EXPECT_NE(versions("8.0.36", "mariadb.org binary distribution, MariaDB", "8.0.36", "8.4.8")
                .find("cannot open each other's files"),
            std::string::npos);
  EXPECT_NE(versions("8.0.36-28", "Percona Server (GPL), Release 28", "8.0.36", "8.4.8")
                .find("WARNING fork"),
            std::string::npos);
}

std::string disk(std::int64_t claim, std::int64_t data, std::int64_t dictionary) {
  MemberSight member;
  member.set_claim("data-db-0");
  member.set_claim_bytes(claim << 20);
  member.set_data_bytes(data << 20);
  member.set_dictionary_bytes(dictionary << 20);
  return text(judge_disk(member));
}

TEST(Preflight, WantsRoomOnTheVolume) {
  EXPECT_EQ(disk(1000, 500, 30), "");
  EXPECT_NE(disk(1000, 920, 10).find("WARNING disk"), std::string::npos);
  EXPECT_NE(disk(1000, 920, 30).find("BLOCKING disk: claim data-db-0 has 1000 MiB"),
            std::string::npos);
  EXPECT_NE(disk(1000, 1200, 30).find("does not enforce the size"), std::string::npos);
  EXPECT_EQ(disk(0, 1200, 30), "") << "ephemeral storage has no size";
}

// docs/PREFLIGHT.md is written by hand: one row a check, with its worst severity.
TEST(Preflight, IsWhatTheDocumentationSays) {
  std::ifstream file(PREFLIGHT_PAGE);
  std::stringstream page;
  page << file.rdbuf();
  std::set<std::string> ids{
      "version",         "catalogue-version", "fork",        "disk", "image-pull",
      "backup-evidence", "disruption-budget", "image-digest"};
  for (const Check& check : all_checks()) ids.insert(check.id);
  std::set<std::string> rows;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    rows.insert(line.substr(3, line.find('`', 3) - 3));
  }
  EXPECT_EQ(rows, ids);
}

}  // namespace
}  // namespace ratchet::mysql
