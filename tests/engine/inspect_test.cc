// What is proved: a history says of each event what the whole log knows about it, may be read in
// portions, and tells what an open run waits for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/inspect/events.h"
#include "engine/inspect/history.h"
#include "engine/inspect/timeline.h"
#include "tests/engine/recording.h"

namespace ratchet::engine::testing {
namespace {

using ::testing::IsEmpty;

std::vector<RecordedEvent> events_of(const store::LogReader& log, const std::string& run_id) {
  return EventReader(find_run(log, run_id)->run).next(log);
}

template <class E>
std::vector<RecordedEvent> only(const std::vector<RecordedEvent>& events) {
  std::vector<RecordedEvent> found;
  for (const auto& event : events) {
    if (std::holds_alternative<E>(event.event)) found.push_back(event);
  }
  return found;
}

TEST(Inspect, AnEventKnowsItsStepItsPayloadsAndItsWriter) {
  Outside outside;
  record_lisbon(outside);
  const auto log = reader_of(outside);
  const auto done = only<StepCompleted>(events_of(*log, lisbon));
  ASSERT_EQ(done.size(), 4U);
  EXPECT_EQ(done[0].name, "quote");
  EXPECT_EQ(done[0].payloads.input, "\"Lisbon\"");
  EXPECT_EQ(done[0].payloads.output, "\"100 for Lisbon\"");
  EXPECT_EQ(done[0].writer.build, "build-1");
  EXPECT_EQ(done[0].writer.epoch, 1U);
  EXPECT_EQ(done[2].name, "book");
  EXPECT_EQ(done[2].payloads.input, "\"hotel in Lisbon\"");
  EXPECT_EQ(done[2].writer.build, "build-2");
  EXPECT_EQ(done[2].writer.epoch, 2U);
}

TEST(Inspect, TheResultOfARunHasTheTypeThatItsStartNamed) {
  Outside outside;
  record_lisbon(outside);
  const auto log = reader_of(outside);
  const auto events = events_of(*log, lisbon);
  EXPECT_EQ(only<RunStarted>(events).at(0).payloads.input, "\"Lisbon\"");
  EXPECT_EQ(only<RunCompleted>(events).at(0).payloads.output,
            "\"100 for Lisbon, approved by the boss\"");
}

TEST(Inspect, AHistoryReadInPortionsIsTheHistoryReadAtOnce) {
  Outside outside;
  Ledger ledger;
  std::vector<std::string> followed;
  const auto follow = [&](const store::LogReader& log, EventReader& reader) {
    for (const auto& event : reader.next(log)) {
      followed.push_back(std::to_string(event.turn) + "." + std::to_string(event.place) + " " +
                         name_of(event.event) + " " + event.name + event.payloads.input);
    }
  };
  std::vector<std::string> whole;
  {
    const auto process = wait_for_approval(outside, ledger, "porto");
    EventReader reader(find_run(process->log, "porto")->run);
    follow(process->log, reader);
    const std::size_t before = followed.size();
    EXPECT_FALSE(reader.ended());
    process->engine->signal("porto", approval.name(), text("me").SerializeAsString(), "boss");
    process->host.settle();
    follow(process->log, reader);
    EXPECT_GT(followed.size(), before);
    follow(process->log, reader);  // nothing new
    std::swap(whole, followed);
    EventReader again(find_run(process->log, "porto")->run);
    follow(process->log, again);
  }
  EXPECT_EQ(followed, whole);
}

TEST(Inspect, AnOpenRunTellsWhatItWaitsFor) {
  Outside outside;
  Ledger ledger;
  const auto process = wait_for_approval(outside, ledger, "porto");
  const auto run = find_run(process->log, "porto");
  const auto open = open_commands(read_history(process->log, run->run));
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(std::get<SignalAwaited>(open[0].command.event).signal, "approval");
}

TEST(Inspect, AnEndedRunWaitsForNothingThoughASignalCameBeforeItsWait) {
  Outside outside;
  record_lisbon(outside);
  const auto log = reader_of(outside);
  const auto turns = read_history(*log, find_run(*log, lisbon)->run);
  EXPECT_THAT(open_commands(turns), IsEmpty());
  std::vector<HistoryTurn> before(turns.begin(), turns.end() - 1);
  const auto open = open_commands(before);
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(std::get<StepScheduled>(open[0].command.event).activity, "announce");
}

TEST(Inspect, AStepThatFailsTellsTheLastTrouble) {
  Outside outside;
  record_lisbon(outside);
  const auto log = reader_of(outside);
  auto turns = read_history(*log, find_run(*log, lisbon)->run);
  std::erase_if(turns, [](const HistoryTurn& t) { return t.turn.turn > 2; });
  const auto open = open_commands(turns);
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].failed_attempts, 1U);
  EXPECT_EQ(open[0].trouble, (Failure{"busy", "the agency does not answer"}));
}

}  // namespace
}  // namespace ratchet::engine::testing
