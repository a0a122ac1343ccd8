// What is proved: a log that its anchor does not cover goes on only after a person said so, run by
// run, on both logs and with runs that are evicted; a pruned run leaves a log that verifies.
#include "engine/runtime/care.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/inspect/history.h"
#include "engine/inspect/rebuild.h"
#include "engine/inspect/verify.h"
#include "tests/engine/recording.h"

namespace ratchet::engine::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const By somebody{"somebody", "a test"};
const Time now{Duration{1'000'000'000'000'000}};

std::map<std::string, std::string> stored(const store::LogReader& log) {
  std::map<std::string, std::string> all;
  log.scan_projections("", [&](std::string_view key, std::string_view value) {
    return all.emplace(key, value).second;
  });
  return all;
}

void expect_whole(const store::LogReader& log) {
  EXPECT_THAT(verify(log).problems, IsEmpty());
  EXPECT_EQ(rebuild_projections(log), stored(log));
}

// Does `act` to the log while no engine has it.
template <class Act>
void by_hand(Outside& outside, const Act& act) {
  Process process(outside);
  process.log.listen({[](std::uint64_t) {}, [](const std::string&) {}});
  act(process.log);
  process.host.settle();
}

void let_time_pass(Process& process) {
  process.host.run_until([] { return false; });
}

// Three runs, then a backup of them, then an anchor that covers more: porto waits for its approval,
// dozes for its timer, busy for the answer of a step.
class Backup : public ::testing::TestWithParam<DiskKind> {
 protected:
  Backup() {
    {
      const auto process = closed();
      process->handlers.handle<Text, Text>(
          announce, [this](const AttemptInfo&, const Text&, Answer<Text> answer) {
            unanswered.push_back(std::move(answer));
          });
      process->open();
      start(*process, "porto", "travel");
      let_time_pass(*process);
      start(*process, "dozes", "travel");
      start(*process, "busy", "errand");
      process->host.settle();
    }
    const auto backup = outside.disk->copy();
    {
      const auto process = closed();
      process->open();
      process->host.settle();
      lost = process->log.head();
    }
    outside.disk = backup;
    outside.anchor.set(lost);
    performed.clear();
  }

  static void start(Process& process, const std::string& run_id, const std::string& workflow) {
    process.engine->start(run_id, workflow, text(run_id).SerializeAsString(), "traveller");
  }
  static void approve(Process& process, const std::string& run_id) {
    process.engine->signal(run_id, approval.name(), text("me").SerializeAsString(), "boss");
  }
  static bool completes(Process& process, const std::string& run_id) {
    return process.host.run_until(
        [&] { return process.engine->state(run_id) == RunState::completed; });
  }
  // All attempts and probes are noted, by run.
  void note_what_is_performed(Handlers& handlers) {
    std::vector<Handlers::Entry> entries;
    handlers.for_each([&](const Handlers::Entry& entry) { entries.push_back(entry); });
    for (Handlers::Entry& entry : entries) {
      const auto note = [this](const auto& inner) {
        return [this, inner](const AttemptInfo& info, const Bytes& input, auto sink) {
          performed.push_back(info.run_id);
          inner(info, input, std::move(sink));
        };
      };
      entry.perform = note(entry.perform);
      if (entry.probe) entry.probe = note(entry.probe);
      handlers.put(std::move(entry));
    }
  }
  std::unique_ptr<Process> closed() {
    auto process = std::make_unique<Process>(outside);
    process->registry.add("travel", 1, travel);
    process->registry.add("errand", 1, travel_otherwise);
    ledger.serve(process->handlers, process->host);
    note_what_is_performed(process->handlers);
    return process;
  }
  std::unique_ptr<Process> opened(std::size_t resident_runs = 8192) {
    auto process = closed();
    process->resident_runs = resident_runs;
    process->open();
    process->host.settle();
    return process;
  }
  void accept() {
    by_hand(outside, [&](store::Log& log) {
      EXPECT_THAT(accept_log(log, lost, somebody, now),
                  UnorderedElementsAre("porto", "dozes", "busy"));
    });
    outside.anchor.set(reader_of(outside)->head());  // by who may write the anchor
  }

  void all_wait_until_each_is_released(std::size_t resident_runs);

  Outside outside{GetParam().make()};
  Ledger ledger;
  store::Head lost;
  std::vector<Answer<Text>> unanswered;
  std::vector<std::string> performed;
};

TEST_P(Backup, HaltsAndNamesTheWayOut) {
  try {
    opened();
    FAIL() << "an old log was opened";
  } catch (const Halt& halt) {
    EXPECT_THAT(halt.what(), HasSubstr("ratchetctl restore"));
  }
}

void Backup::all_wait_until_each_is_released(std::size_t resident_runs) {
  accept();
  auto process = opened(resident_runs);
  const std::string dozes = process->history("dozes");
  for (int starts = 0; starts < 2; ++starts) {
    approve(*process, "porto");
    let_time_pass(*process);
    EXPECT_THAT(performed, IsEmpty());
    EXPECT_EQ(process->history("dozes"), dozes) << "its timer was armed";
    EXPECT_THAT(process->history("porto"), HasSubstr("Held"));
    EXPECT_THAT(process->engine->waiting_for("busy"), ElementsAre(HasSubstr("releases")));
    expect_whole(process->log);
    process.reset();
    process = opened(resident_runs);
  }
  EXPECT_EQ(process->engine->release("busy", {"boss", "looked at"}), std::nullopt);
  EXPECT_TRUE(process->engine->release("busy", {"boss", "again"}).has_value());
  EXPECT_TRUE(completes(*process, "busy"));
  let_time_pass(*process);
  EXPECT_THAT(performed, ElementsAre("busy"));
  EXPECT_EQ(process->engine->release("porto", {"boss", "looked at"}), std::nullopt);
  EXPECT_TRUE(completes(*process, "porto")) << "with the approval that was held";
  EXPECT_EQ(process->engine->release("dozes", {"boss", "looked at"}), std::nullopt);
  let_time_pass(*process);
  EXPECT_NE(process->history("dozes"), dozes) << "its timer was not armed";
  approve(*process, "dozes");
  EXPECT_TRUE(completes(*process, "dozes"));
  expect_whole(process->log);
}

TEST_P(Backup, ItsRunsWaitUntilEachIsReleased) { all_wait_until_each_is_released(8192); }

TEST_P(Backup, ItsRunsWaitAlsoWhenTheyAreEvicted) { all_wait_until_each_is_released(0); }

TEST_P(Backup, AReleaseByHandHoldsAtTheNextStartAndOnlyOnce) {
  accept();
  by_hand(outside, [&](store::Log& log) { release_run(log, "busy", somebody, now); });
  by_hand(outside, [&](store::Log& log) {
    EXPECT_THROW(release_run(log, "busy", somebody, now), std::invalid_argument);
    EXPECT_THROW(release_run(log, "lisbon", somebody, now), std::invalid_argument);
    EXPECT_THROW(release_run(log, "porto", {"somebody", ""}, now), std::invalid_argument);
    EXPECT_THROW(release_run(log, "porto", {"somebody", "\xff"}, now), std::invalid_argument);
  });
  outside.anchor.set(reader_of(outside)->head());
  const auto process = opened();
  EXPECT_TRUE(completes(*process, "busy"));
  EXPECT_THAT(performed, ElementsAre("busy"));
  EXPECT_THAT(process->engine->waiting_for("porto"), ElementsAre(HasSubstr("releases")));
  expect_whole(process->log);
}

TEST_P(Backup, ARunThatWaitsCanBePausedAndEndedByAPerson) {
  accept();
  auto process = opened(0);
  EXPECT_EQ(process->engine->terminate("busy", somebody), std::nullopt);
  EXPECT_EQ(process->engine->pause("porto", somebody), std::nullopt);
  approve(*process, "porto");
  EXPECT_EQ(process->engine->resume("porto", somebody), std::nullopt);
  EXPECT_TRUE(process->engine->retry("busy", 1, somebody).has_value());
  let_time_pass(*process);
  EXPECT_EQ(process->engine->state("busy"), RunState::terminated);
  EXPECT_TRUE(process->engine->release("busy", somebody).has_value());
  EXPECT_EQ(process->engine->state("porto"), RunState::running);
  EXPECT_THAT(performed, IsEmpty());
  expect_whole(process->log);
  process.reset();
  process = opened();
  EXPECT_EQ(process->engine->release("porto", somebody), std::nullopt);
  EXPECT_TRUE(completes(*process, "porto"));
}

// With other code the run is quarantined while it waits; the right code finds it released.
TEST_P(Backup, ARunThatWaitsIsReleasedAlsoWhileItIsQuarantined) {
  accept();
  {
    auto process = std::make_unique<Process>(outside);
    process->registry.add("travel", 1, travel_otherwise);
    ledger.serve(process->handlers, process->host);
    process->open("build-2");
    process->host.settle();
    approve(*process, "porto");
    process->host.settle();
    EXPECT_EQ(process->engine->state("porto"), RunState::quarantined);
    EXPECT_EQ(process->engine->release("porto", somebody), std::nullopt);
    process->host.settle();
    expect_whole(process->log);
  }
  const auto process = opened();
  EXPECT_TRUE(completes(*process, "porto"));
  expect_whole(process->log);
}

TEST_P(Backup, OnlyWhatTheAnchorDoesNotCoverIsAccepted) {
  by_hand(outside, [&](store::Log& log) {
    const store::Head head = log.head();
    EXPECT_THROW(accept_log(log, head, somebody, now), std::invalid_argument);
    store::Head edited = head;
    edited.root[0] ^= 1;
    EXPECT_THROW(accept_log(log, edited, somebody, now), std::invalid_argument);
    store::Head foreign = lost;
    foreign.log_id[0] ^= 1;
    EXPECT_THROW(accept_log(log, foreign, somebody, now), std::invalid_argument);
    EXPECT_EQ(acceptable(log, lost).size(), 3U);
    EXPECT_EQ(log.next_index(), head.size);
    EXPECT_EQ(accept_log(log, std::nullopt, somebody, now).size(), 3U);
  });
  Outside empty{GetParam().make()};
  by_hand(empty, [&](store::Log& log) {
    EXPECT_THROW(accept_log(log, std::nullopt, somebody, now), std::invalid_argument);
  });
}

INSTANTIATE_TEST_SUITE_P(BothLogs, Backup, all_disks(), name_of_disk);

class Pruning : public ::testing::TestWithParam<DiskKind> {
 protected:
  Outside outside{GetParam().make()};
};

TEST_P(Pruning, ARunLeavesAWholeLogAndItsSummary) {
  record_lisbon(outside);
  const store::Head before = reader_of(outside)->head();
  const PrunePolicy all{Time::max(), std::nullopt};
  by_hand(outside, [&](store::Log& log) {
    EXPECT_THAT(prunable(log, {Time{}, std::nullopt}), IsEmpty());
    EXPECT_THAT(prunable(log, {Time::max(), RunState::failed}), IsEmpty());
    ASSERT_EQ(prunable(log, all).size(), 1U);
    const RunSummary run = prunable(log, all)[0];
    EXPECT_GT(turns_of(log, run), 5U);
    log.submit(pruning_of(log, run, somebody, now));
  });
  const auto log = reader_of(outside);
  const VerifyReport report = verify(*log, before);
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.runs, 1U);
  EXPECT_GT(report.pruned, 5U);
  EXPECT_EQ(rebuild_projections(*log), stored(*log));
  EXPECT_THAT(prunable(*log, all), IsEmpty());
  const auto run = find_run(*log, lisbon);
  ASSERT_TRUE(run);
  EXPECT_TRUE(run->pruned);
  EXPECT_EQ(run->state, RunState::completed);
  EXPECT_THAT(read_history(*log, run->run), IsEmpty());
  EXPECT_THROW(pruning_of(*log, *run, somebody, now), std::invalid_argument);
}

// Somebody who may write the log takes a run out of it, and says nothing.
TEST_P(Pruning, ARunThatIsGoneWithoutARecordIsAProblem) {
  record_lisbon(outside);
  by_hand(outside, [&](store::Log& log) {
    const RunSummary run = prunable(log, {Time::max(), std::nullopt}).at(0);
    store::Entry entry;
    entry.record = encode(Released{"nothing", {}, {}});
    entry.prunes = store::Prune{run.run, turns_of(log, run)};
    log.submit(std::move(entry));
  });
  EXPECT_THAT(verify(*reader_of(outside)).problems, Contains(HasSubstr("are gone")));
}

INSTANTIATE_TEST_SUITE_P(BothLogs, Pruning, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
