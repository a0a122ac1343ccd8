// The pre-flight's judgement on recorded rows: what no server of the images can hold, and what is
// told without asking one. The rest is in tests/k8s/adapters/preflight_server_test.cc.
#include "workflows/mysql/preflight.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "tests/workflows/preflight_rows.h"
#include "workflows/mysql/plan.h"

namespace ratchet::mysql {
namespace {

Context way(const std::string& from, const std::string& to) {
  return {*server_version(from, ""), *server_version(to, ""), "", true, true};
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

TEST(Preflight, JudgesRecordedRows) {
  for (const testing::Recorded& one : testing::recorded_rows()) {
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

// Characters of three bytes each: names of tables are in any script. Red if half of one is left,
// which no status or Event takes.
TEST(Preflight, CutsWhatBlocksBetweenCharacters) {
  for (std::size_t shift = 0; shift < 3; ++shift) {
    Sight sight;
    Finding& found = *sight.add_findings();
    found.set_severity(BLOCKING);
    found.set_check("engines");
    std::string what(shift, 'a');
    for (int i = 0; i < 2000; ++i) what += "表";
    found.set_what(what);
    const std::string told = blocking_text(sight);
    EXPECT_LT(told.size(), 4100u);
    const auto beyond_ascii = std::ranges::count_if(
        told, [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; });
    EXPECT_EQ(beyond_ascii % 3, 0) << told.substr(told.size() - 50);
  }
}

// Red if a finding with bytes of an application in it cannot be read back: of the whole look
// nothing would be told then.
TEST(Preflight, TellsOfATransactionWhoseIdIsNoText) {
  const Context context = way("8.0.36", "8.4.8");
  const std::vector<Check> checks = checks_for(context);
  const auto open = std::ranges::find(checks, std::string("xa-prepared"), &Check::id);
  ASSERT_NE(open, checks.end());
  Sight sight;
  for (Finding& one : judge(*open, {{"131077", "30", "28", "\xFF\xFF\xAC\x12-1"}}, context)) {
    *sight.add_findings() = std::move(one);
  }
  Sight read;
  ASSERT_TRUE(read.ParseFromString(sight.SerializeAsString()));
  ASSERT_EQ(read.findings_size(), 1);
  EXPECT_NE(read.findings(0).what().find("(format 131077, "), std::string::npos);
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
  EXPECT_FALSE(ids("8.0.15", "8.0.36").contains("communication-protocol"));
  for (const Check& check : checks_for(way("8.0.20", "8.0.36"))) {
    EXPECT_EQ(check.sql.find("performance_schema.processlist"), std::string::npos)
        << check.id << ": 8.0.20 has no such table";
  }
}

// Other servers do not know the function, which would be a warning in every plan; and a table that
// nobody copies is not lost.
TEST(Preflight, AsksOnlyClustersForWhatOnlyTheyHave) {
  const auto asks = [](const Context& context, const std::string& id) {
    const auto checks = checks_for(context);
    return std::ranges::any_of(checks, [&](const Check& check) { return check.id == id; });
  };
  Context context = way("8.0.36", "8.4.8");
  const Context mariadb = way("10.11.6-MariaDB", "11.8.6-MariaDB");
  for (const char* id : {"communication-protocol", "seeding", "persisted"}) {
    EXPECT_TRUE(asks(context, id)) << id;
    EXPECT_FALSE(asks(mariadb, id)) << id;
  }
  context.in_group = false;
  EXPECT_FALSE(asks(context, "communication-protocol"));
  EXPECT_TRUE(asks(context, "seeding")) << "of a semi-synchronous cluster";
  context.is_cloned = false;
  EXPECT_FALSE(asks(context, "seeding"));
  EXPECT_FALSE(asks(context, "persisted"));
}

// Red if an upgrade is stopped for a table whose rows are on another server anyway, with the advice
// to convert it.
TEST(Preflight, MissesNoRowsOfTablesThatHaveNone) {
  const auto checks = checks_for(way("8.0.36", "8.4.8"));
  const auto seeding = std::ranges::find(checks, std::string("seeding"), &Check::id);
  ASSERT_NE(seeding, checks.end());
  for (const char* engine : {"'MEMORY'", "'BLACKHOLE'", "'FEDERATED'"}) {
    EXPECT_NE(seeding->sql.find(engine), std::string::npos) << engine;
  }
}

// What is said if the server has no answer to the check for prepared transactions.
Finding without_answer(const Unanswered& why) {
  const auto checks = checks_for(way("9.7.4", "9.7.5"));
  return unasked(*std::ranges::find(checks, std::string("xa-prepared"), &Check::id), why);
}

// Red if a plan keeps from whoever approves it that nobody has looked.
TEST(Preflight, PutsIntoThePlanWhatTheServerRefusesToAnswer) {
  const Finding denied = without_answer(
      {1401, "10.2.0.7:3306: error 1401: XAER_RMERR: Fatal error occurred", "ro'ot@%"});
  EXPECT_EQ(text({denied}),
            "WARNING xa-prepared: this check was not made: the account that asks lacks the "
            "privilege XA_RECOVER_ADMIN (error 1401) | GRANT XA_RECOVER_ADMIN ON *.* TO "
            "'ro''ot'@'%', or make it by hand: XA RECOVER\n");
  EXPECT_FALSE(denied.passing());
  const Finding of_table = without_answer({1142,
                                           "10.2.0.7:3306: error 1142: SELECT command denied to "
                                           "user 'root'@'10.2.0.9' for table 'user'"});
  EXPECT_EQ(of_table.fix(),
            "GRANT SELECT ON *.* TO the account of the database's Secret, or make it by hand: XA "
            "RECOVER");
  EXPECT_EQ(of_table.what().find("10.2.0.9"), std::string::npos)
      << "another plan after each restart of who asks: " << of_table.what();
  EXPECT_EQ(without_answer({1227, "you need (at least one of) the SUPER or PROCESS privilege(s)"})
                .fix()
                .find("GRANT PROCESS ON"),
            0U);
  EXPECT_EQ(without_answer({1044, "Access denied"}).fix(), "make it by hand: XA RECOVER");
  const Finding strange = without_answer({1146, "10.2.0.7:3306: error 1146: No such table"});
  EXPECT_FALSE(strange.passing());
  EXPECT_NE(strange.what().find("does not know what it asks for (error 1146: No such table)"),
            std::string::npos)
      << strange.what();
}

// Red if an approval is lost because a server was slow for a moment.
TEST(Preflight, LeavesOutOfThePlanWhatAnotherLookMayAnswer) {
  for (const int number : {0, 1205}) {
    const Finding late = without_answer({number, "10.2.0.7:3306: no answer within 5000 ms"});
    EXPECT_TRUE(late.passing()) << number;
    EXPECT_NE(late.what().find("no answer within"), std::string::npos);
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

// Red if the only copy of the data is deleted with its pod, and that is called an upgrade.
TEST(Preflight, TellsOfDataThatGoesWithThePod) {
  Sight sight;
  sight.add_members()->set_pod("db-0");
  EXPECT_NE(text(judge_storage(sight)).find("BLOCKING ephemeral-data: the data is on ephemeral"),
            std::string::npos);
  sight.mutable_members(0)->set_claim("data-db-0");
  EXPECT_EQ(text(judge_storage(sight)), "");
  sight.add_members()->set_pod("db-1");
  const std::vector<Finding> found = judge_storage(sight);
  ASSERT_EQ(found.size(), 1U) << "the others have copies";
  EXPECT_EQ(found[0].severity(), WARNING);
  EXPECT_EQ(found[0].pod(), "db-1");
}

TEST(Preflight, WantsRoomOnTheVolume) {
  EXPECT_EQ(disk(1000, 500, 30), "");
  EXPECT_NE(disk(1000, 920, 10).find("WARNING disk"), std::string::npos);
  EXPECT_NE(disk(1000, 920, 30).find("BLOCKING disk: claim data-db-0 has 1000 MiB"),
            std::string::npos);
  EXPECT_NE(disk(1000, 1200, 30).find("does not enforce the size"), std::string::npos);
  EXPECT_EQ(disk(0, 1200, 30), "") << "ephemeral storage has no size";
}

std::string new_claim(std::int64_t claim, std::int64_t data, std::int64_t asked) {
  MemberSight member;
  member.set_claim_bytes(claim << 20);
  member.set_data_bytes(data << 20);
  return text(judge_new_claim(member, asked << 20));
}

// Red if claims that somebody has made larger by hand are followed by ones that are too small.
TEST(Preflight, WantsRoomOnTheVolumesOfANewStatefulSet) {
  EXPECT_EQ(new_claim(1000, 500, 1000), "");
  EXPECT_EQ(new_claim(1000, 500, 600), "");
  const std::string found = new_claim(4000, 2000, 1000);
  EXPECT_NE(found.find("BLOCKING disk: the claims of the new StatefulSet get 1000 MiB "
                       "(spec.storage), and a copy of a member needs at least 2016 MiB | kubectl "
                       "patch mysql"),
            std::string::npos)
      << found;
  EXPECT_EQ(new_claim(1000, 1200, 1000), "") << "the driver does not enforce sizes";
  EXPECT_EQ(new_claim(4000, 2000, 0), "") << "ephemeral storage has no size";
}

}  // namespace
}  // namespace ratchet::mysql
