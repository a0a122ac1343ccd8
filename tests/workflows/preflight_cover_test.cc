// No check of the pre-flight without a fault that was planted for it and a look that finds none:
// whoever adds a check plants something, in a real server (tests/k8s/adapters/preflight_plants.cc),
// in rows (preflight_rows.cc) or in a cluster. Red for a check that nobody has seen find anything.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/k8s/adapters/preflight_plants.h"
#include "tests/workflows/preflight_rows.h"
#include "workflows/mysql/preflight.h"

namespace ratchet::mysql::testing {
namespace {

using Names = std::set<std::string>;

constexpr const char* preflight_test = "tests/workflows/preflight_test.cc";
constexpr const char* image_id_test = "tests/workflows/image_id_test.cc";
constexpr const char* group_test = "tests/k8s/operator/group_upgrade_test.cc";
constexpr const char* image_test = "tests/k8s/operator/image_check_test.cc";
constexpr const char* budget_test = "tests/k8s/operator/budget_look_test.cc";
constexpr const char* probe_test = "tests/k8s/operator/probe_look_test.cc";
constexpr const char* pending_test = "tests/k8s/operator/pending_look_test.cc";
constexpr const char* backup_test = "tests/k8s/operator/backup_evidence_test.cc";

// What is found without a statement of the tables, and the tests that see it found and not found.
struct Other {
  const char* check;
  const char* file;
  const char* found;
  const char* not_found;
};
constexpr Other others[] = {
    {"version", preflight_test, "BelievesTheServerAndNotTheCatalogue",
     "BelievesTheServerAndNotTheCatalogue"},
    {"catalogue-version", preflight_test, "BelievesTheServerAndNotTheCatalogue",
     "BelievesTheServerAndNotTheCatalogue"},
    {"fork", preflight_test, "BelievesTheServerAndNotTheCatalogue",
     "BelievesTheServerAndNotTheCatalogue"},
    {"disk", preflight_test, "WantsRoomOnTheVolume", "WantsRoomOnTheVolume"},
    {"ephemeral-data", preflight_test, "TellsOfDataThatGoesWithThePod",
     "TellsOfDataThatGoesWithThePod"},
    {"image-digest", image_id_test, "ThatDifferBlock", "ThatAreOneAreNoFinding"},
    {"members", group_test, "TellsWhichMemberDoesNotServeBeforeThePause",
     "ReplacesMemberByMemberAndMovesThePrimary"},
    {"image-pull", image_test, "AnImageThatANodeCannotPullIsFoundBeforeAnythingIsTouched",
     "APrivateImageIsPulledWithTheSecretsOfTheMember"},
    {"disruption-budget", budget_test, "ThatLetNobodyBeMissingAreToldWithTheWayOut",
     "OfItsOwnIsNoFinding"},
    {"startup-budget", probe_test, "ThatMayEndAServerTooSoonIsToldWithTheWayOut",
     "OfAnHourOrWithoutProbesIsNoFinding"},
    {"rewritten-image", pending_test, "OfAPodIsFoundBeforeAnythingIsTouched",
     "ThatAServerWasStartedWithAreNoFinding"},
    {"pending-options", pending_test, "OfTheNextStartAreTold",
     "ThatAServerWasStartedWithAreNoFinding"},
    {"backup-running", backup_test, "IsNotTriedWhileASessionIsUnderWay",
     "IsOfThoseAboutTheDatabaseThatNobodyElsePausedAndEndsWithTheUpgrade"},
    {"backup-evidence", backup_test, "ThatIsRequiredAndCannotBeHadIsFoundBeforeAnythingIsTouched",
     "ThatIsRequiredAndCanBeHadIsNoFinding"}};

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(std::filesystem::path(PREFLIGHT_ROOT) / file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// A check that was made on the way from one release to another, and whether it found anything.
struct Case {
  std::string check;
  Context way;
  bool found = false;
};

void add(std::vector<Case>& cases, const char* check, const char* from, const char* to,
         const std::vector<bool>& outcomes) {
  for (const bool found : outcomes) {
    const Context way{*server_version(from, ""), *server_version(to, ""), "", true, true};
    cases.push_back({check, way, found});
  }
}

// A plant is looked for while it is there and when it is not.
std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const Recorded& one : recorded_rows()) {
    add(cases, one.check, one.from, one.to, {*one.finding != '\0'});
  }
  for (const k8s::testing::Plant& plant : k8s::testing::all_plants()) {
    add(cases, plant.check, plant.from, plant.to, {true, false});
  }
  for (const char* id : k8s::testing::seen_in_sessions) {
    for (const char* version : {"9.7.4", "11.8.6-MariaDB"}) {
      add(cases, id, version, version, {true, false});
    }
  }
  return cases;
}

bool asks(const Context& way, const Check& check) {
  const std::vector<Check> all = checks_for(way);
  return std::ranges::any_of(all, [&](const Check& one) {
    return std::string(one.id) == check.id && one.severity == check.severity &&
           one.sql == check.sql && one.what == check.what;
  });
}

TEST(PreflightCover, EveryCheckOfTheTablesFindsWhatWasPlantedAndNothingElse) {
  const std::vector<Case> cases = all_cases();
  for (const Check& check : all_checks()) {
    const bool finds = std::ranges::any_of(cases, [&](const Case& one) {
      return one.check == check.id && one.found && asks(one.way, check);
    });
    const bool finds_nothing = std::ranges::any_of(
        cases, [&](const Case& one) { return one.check == check.id && !one.found; });
    EXPECT_TRUE(finds) << check.id << ": nothing is planted for " << check.sql;
    EXPECT_TRUE(finds_nothing) << check.id << " is never seen to find nothing";
  }
}

// Those with a judge of their own write theirs there.
TEST(PreflightCover, EveryFindingSaysWhatFixesIt) {
  for (const Check& check : all_checks()) {
    if (check.judge == nullptr) EXPECT_FALSE(check.fix.empty()) << check.id;
  }
  const Context way{*server_version("8.0.36", ""), *server_version("9.7.4", ""), "Percona"};
  const std::vector<Finding> found = judge_versions(way, "8.0.36", "8.4.8", "9.7.4");
  EXPECT_EQ(found.size(), 3U) << "version, catalogue-version, fork";
  for (const Finding& one : found) EXPECT_NE(one.fix(), "") << one.check();
}

TEST(PreflightCover, EveryOtherCheckHasItsTests) {
  for (const Other& other : others) {
    const std::string file = text_of(other.file);
    for (const std::string name : {other.found, other.not_found}) {
      EXPECT_NE(file.find(" " + name + ")"), std::string::npos)
          << other.check << ": " << other.file << " has no test " << name;
    }
  }
}

// Of the code that names a check without having it from a table.
Names named_in_code() {
  static const std::regex literal(
      R"re((?:set_check\(|about\([A-Z]+, |add_finding\(\s*sight, )"([a-z-]+)")re");
  Names names;
  for (const char* folder : {"workflows/mysql", "k8s/adapters"}) {
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(PREFLIGHT_ROOT) / folder)) {
      if (entry.path().extension() != ".cc") continue;
      const std::string code = text_of(entry.path());
      for (std::sregex_iterator at(code.begin(), code.end(), literal), end; at != end; ++at) {
        names.insert((*at)[1].str());
      }
    }
  }
  return names;
}

TEST(PreflightCover, KnowsEveryOtherCheck) {
  Names known;
  for (const Other& other : others) known.insert(other.check);
  EXPECT_EQ(named_in_code(), known);
}

// Where each check was seen to find something, as the page's last column says it.
std::map<std::string, std::string> where_tested() {
  Names of_tables, on_servers, in_rows, in_clusters;
  for (const Check& check : all_checks()) of_tables.insert(check.id);
  for (const auto& plant : k8s::testing::all_plants()) on_servers.insert(plant.check);
  for (const char* id : k8s::testing::seen_in_sessions) on_servers.insert(id);
  for (const Recorded& one : recorded_rows()) in_rows.insert(one.check);
  for (const Other& other : others) {
    const bool of_rows = std::string_view(other.file).starts_with("tests/workflows/");
    (of_rows ? in_rows : in_clusters).insert(other.check);
    of_tables.insert(other.check);
  }
  std::map<std::string, std::string> where;
  for (const std::string& id : of_tables) {
    std::string& words = where[id];
    const auto say = [&](const Names& names, const char* word) {
      if (names.contains(id)) words += (words.empty() ? "" : ", ") + std::string(word);
    };
    say(on_servers, "server");
    say(in_rows, "rows");
    say(in_clusters, "cluster");
  }
  return where;
}

// docs/PREFLIGHT.md is written by hand: one row a check, and where it was tested.
TEST(PreflightCover, IsWhatTheDocumentationSays) {
  std::istringstream page(text_of("docs/PREFLIGHT.md"));
  std::map<std::string, std::string> rows;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    const auto end = line.rfind(" |");
    const auto begin = line.rfind("| ", end - 1) + 2;
    rows[line.substr(3, line.find('`', 3) - 3)] = line.substr(begin, end - begin);
  }
  EXPECT_EQ(rows, where_tested());
}

}  // namespace
}  // namespace ratchet::mysql::testing
