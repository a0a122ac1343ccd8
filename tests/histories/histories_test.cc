// What is proved: runs that were recorded by earlier builds decide the same with today's workflows,
// and the tree over their records has the root that it had. A workflow that must decide otherwise
// gets a new version; the older code stays as long as there may be runs of it.
#include "tests/histories/histories.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/inspect/replay.h"
#include "tests/engine/travel.h"
#include "tests/histories/history_text.h"

namespace ratchet::engine::testing {
namespace {

constexpr const char* what_to_do =
    "\nSuch runs may be open somewhere. Do not change the history: leave this version of the "
    "workflow as it was and add a new one (docs/WRITING_WORKFLOWS.md, Changing a workflow).";

std::vector<std::filesystem::path> history_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(HISTORIES_FOLDER)) {
    if (entry.path().extension() == ".history") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

store::MemoryLog log_of(const std::filesystem::path& file) {
  return {from_text(content_of(file)), [](const auto&) {}};
}

TEST(Histories, AreDecidedTheSameByTodaysCode) {
  const Registry registry = all_workflows();
  std::size_t runs = 0;
  std::size_t events = 0;
  for (const auto& file : history_files()) {
    const store::MemoryLog log = log_of(file);
    for (const ReplayReport& report : replay_all(log, registry)) {
      ++runs;
      events += report.events;
      EXPECT_FALSE(report.divergence) << file.filename() << ", run " << report.run.run_id << ": "
                                      << report.divergence->text() << what_to_do;
    }
  }
  std::cout << "replayed " << runs << " recorded runs with " << events << " events\n";
  EXPECT_GE(runs, 24U);
}

TEST(Histories, AreTheirRecordsToTheByteAndTheirTree) {
  for (const auto& file : history_files()) {
    const std::string text = content_of(file);
    EXPECT_NE(text.find("\nroot "), std::string::npos) << file.filename();
    EXPECT_EQ(to_text(log_of(file)), text) << file.filename();
  }
}

TEST(Histories, ThereIsOneOfEveryVariantOfToday) {
  for (const Recording& recording : recordings()) {
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(HISTORIES_FOLDER) / recording.file))
        << recording.file << " is missing; run build/dev/bin/record_histories tests/histories";
  }
}

TEST(Histories, NoticeARecordThatWasChanged) {
  std::string text = content_of(std::filesystem::path(HISTORIES_FOLDER) / "travel-1.history");
  const std::size_t record = text.rfind("record ") + std::string("record ").size();
  text[record + 12] = text[record + 12] == 'A' ? 'B' : 'A';
  EXPECT_ANY_THROW(from_text(text));
}

// The check itself: other code is noticed, with the step that differs.
TEST(Histories, NoticeAWorkflowThatDecidesOtherwise) {
  Registry careless;
  careless.add("travel", 1, travel_swapped);
  const store::MemoryLog log = log_of(std::filesystem::path(HISTORIES_FOLDER) / "travel-1.history");
  const auto reports = replay_all(log, careless);
  ASSERT_EQ(reports.size(), 1U);
  ASSERT_TRUE(reports[0].divergence);
  EXPECT_NE(reports[0].divergence->text().find("book"), std::string::npos);
}

}  // namespace
}  // namespace ratchet::engine::testing
