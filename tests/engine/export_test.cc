// What is proved: an export has every event of the log once, in the log's order, as the run's own
// history tells it; also from the middle of a run on, and where a run was forgotten meanwhile.
#include "engine/inspect/export.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <ranges>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "engine/inspect/history.h"
#include "tests/engine/recording.h"

namespace ratchet::engine::testing {
namespace {

std::string told(const std::string& run_id, const RecordedEvent& event) {
  return std::to_string(event.index) + "." + std::to_string(event.place) + " " + run_id + " " +
         name_of(event.event) + " " + event.name + " " + event.payloads.input + " " +
         event.payloads.output + " " + event.writer.build;
}

std::vector<std::string> exported(const store::LogReader& log, const ExportOptions& options = {}) {
  std::vector<std::string> all;
  for_each_event(log, options, [&](const std::string& run_id, const RecordedEvent& event) {
    all.push_back(told(run_id, event));
    return true;
  });
  return all;
}

// The histories of all runs, merged by place in the log.
std::vector<std::string> histories(const store::LogReader& log, std::uint64_t first = 0) {
  std::vector<std::tuple<std::uint64_t, std::uint32_t, std::string>> events;
  for (const RunInfo& run : list_runs(log)) {
    for (const RecordedEvent& event : EventReader(run.run).next(log)) {
      if (event.index >= first) {
        events.emplace_back(event.index, event.place, told(run.run_id, event));
      }
    }
  }
  std::ranges::sort(events);
  std::vector<std::string> all;
  all.reserve(events.size());
  for (const auto& [index, place, text] : events) all.push_back(text);
  return all;
}

// After Lisbon two runs whose turns alternate; a remark follows the end of the first.
class Export : public ::testing::Test {
 protected:
  Export() {
    record_lisbon(outside);
    const auto process = wait_for_approval(outside, ledger, "porto");
    process->engine->start("faro", "travel", text("Faro").SerializeAsString(), "traveller");
    process->host.run_until([] { return false; });
    for (const char* run : {"porto", "faro"}) {
      process->engine->signal(run, approval.name(), text("me").SerializeAsString(), "boss");
    }
    process->host.run_until([] { return false; });
    process->engine->note(lisbon, {"ann", "a fine trip"});
    process->host.settle();
  }

  Outside outside;
  Ledger ledger;
};

TEST_F(Export, HasEveryEventOnceInTheOrderOfTheLog) {
  const auto reader = reader_of(outside);
  const auto all = exported(*reader);
  EXPECT_EQ(all, histories(*reader));
  EXPECT_GT(all.size(), 40U);
  EXPECT_TRUE(std::ranges::any_of(all, [](const std::string& event) {
    return event.find("a1b2c3d4-lisbon Note") != std::string::npos;
  })) << "a remark after the end of its run";
}

TEST_F(Export, TellsTheSameWhereRunsAreForgottenAndReadAgain) {
  const auto reader = reader_of(outside);
  EXPECT_EQ(exported(*reader, {.runs_in_memory = 1}), histories(*reader));
}

TEST_F(Export, TellsTheSameFromAnyRecordOn) {
  const auto reader = reader_of(outside);
  for (std::uint64_t first = 0; first <= reader->head().size; ++first) {
    EXPECT_EQ(exported(*reader, {.first = first}), histories(*reader, first)) << first;
  }
}

TEST_F(Export, OfOneRunHasThatRunAlone) {
  const auto reader = reader_of(outside);
  const std::uint64_t run = find_run(*reader, "faro")->run;
  std::vector<std::string> of_faro = histories(*reader);
  std::erase_if(of_faro, [](const auto& e) { return e.find(" faro ") == std::string::npos; });
  EXPECT_EQ(exported(*reader, {.run = run}), of_faro);
  const auto late = exported(*reader, {.first = run + 3, .run = run});
  ASSERT_FALSE(late.empty());
  EXPECT_LT(late.size(), of_faro.size());
  EXPECT_TRUE(std::ranges::equal(
      late, std::ranges::subrange(of_faro.end() - std::ssize(late), of_faro.end())));
}

TEST_F(Export, EndsWhenItsVisitorHasEnough) {
  const auto reader = reader_of(outside);
  int seen = 0;
  for_each_event(*reader, {}, [&](const std::string&, const RecordedEvent&) { return ++seen < 3; });
  EXPECT_EQ(seen, 3);
}

}  // namespace
}  // namespace ratchet::engine::testing
