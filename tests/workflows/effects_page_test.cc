// docs/EFFECTS.md against the ports: every activity is on it with the class that it declares, and
// every step that changes something says what takes it back, or that nothing does. Red for an
// activity that is added to a port alone.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ratchet::mysql::testing {
namespace {

using Names = std::set<std::string>;

std::filesystem::path source_root() {
  return std::filesystem::path(FAILURES_PAGE).parent_path().parent_path();
}

std::string whole_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The class of each activity, as the ports declare it.
std::map<std::string, std::string> declared() {
  static const std::regex declaration(R"re("([a-z_]+)",\s*Effect::([a-z]+))re");
  std::map<std::string, std::string> classes;
  for (const auto& entry :
       std::filesystem::directory_iterator(source_root() / "workflows" / "mysql")) {
    if (entry.path().extension() != ".h") continue;
    const std::string code = whole_file(entry.path());
    for (std::sregex_iterator at(code.begin(), code.end(), declaration), end; at != end; ++at) {
      classes[(*at)[1].str()] = (*at)[2].str();
    }
  }
  return classes;
}

struct TableRow {
  std::string section;
  std::vector<std::string> cells;
};

std::vector<TableRow> rows_of_effects() {
  std::istringstream page(whole_file(source_root() / "docs" / "EFFECTS.md"));
  std::vector<TableRow> rows;
  std::string section;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) section = line.substr(3);
    if (!line.starts_with("| `")) continue;
    TableRow row{section, {}};
    for (std::size_t at = 2; at < line.size();) {
      const std::size_t end = line.find(" |", at);
      if (end == std::string::npos) break;
      row.cells.push_back(line.substr(at, end - at));
      at = end + 3;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// Those that stand in a cell, of the activities that there are.
Names activities_in(const std::string& cell, const std::map<std::string, std::string>& known) {
  static const std::regex name(R"re(`([a-z_]+)`)re");
  Names names;
  for (std::sregex_iterator at(cell.begin(), cell.end(), name), end; at != end; ++at) {
    if (known.contains((*at)[1].str())) names.insert((*at)[1].str());
  }
  return names;
}

constexpr const char* taken_back = "What takes each step back";

TEST(EffectsPage, HasEveryActivityWithItsClass) {
  const auto classes = declared();
  ASSERT_GT(classes.size(), 50U) << "they were not found in the ports";
  Names told;
  for (const TableRow& row : rows_of_effects()) {
    if (row.section == taken_back) continue;
    for (const std::string& name : activities_in(row.cells.at(0), classes)) {
      told.insert(name);
      EXPECT_TRUE(row.cells.at(1).starts_with(classes.at(name)))
          << name << " is " << classes.at(name) << ", and the page says " << row.cells.at(1);
    }
  }
  for (const auto& [name, effect] : classes) EXPECT_TRUE(told.contains(name)) << name;
}

TEST(EffectsPage, SaysOfEveryStepThatChangesSomethingWhatTakesItBack) {
  const auto classes = declared();
  Names told;
  for (const TableRow& row : rows_of_effects()) {
    if (row.section != taken_back) continue;
    ASSERT_EQ(row.cells.size(), 2U);
    told.merge(activities_in(row.cells[0], classes));
    const Names by = activities_in(row.cells[1], classes);
    EXPECT_EQ(by.empty(), row.cells[1].starts_with("none: ")) << row.cells[0];
    for (const std::string& name : by) {
      EXPECT_NE(classes.at(name), "read") << name << " takes nothing back";
    }
  }
  Names changing;
  for (const auto& [name, effect] : classes) {
    if (effect != "read") changing.insert(name);
  }
  EXPECT_EQ(told, changing);
}

}  // namespace
}  // namespace ratchet::mysql::testing
