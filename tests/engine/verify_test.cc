// What is proved: verify reads what the records say of each other, not only their hashes.
#include "engine/inspect/verify.h"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/codec.h"
#include "store/reads_passed_on.h"
#include "store/tree_check.h"
#include "tests/engine/recording.h"

namespace ratchet::engine::testing {
namespace {

// A log with a tree and projections of its own, whose turns `change` has had in hand: another run
// moves a turn in the index alone, another epoch is written.
class Forged {
 public:
  Forged(const store::LogReader& original, const std::function<void(Turn&)>& change)
      : log_(std::make_shared<store::MemoryDisk>(original.head().log_id),
             [this](std::function<void()> task) { tasks_.push_back(std::move(task)); }) {
    Definitions definitions;
    std::vector<store::Entry> entries;
    original.scan(0, original.head().size, [&](const store::Record& record) {
      Decoded decoded = decode(record, definitions, blobs_of(original));
      store::Entry entry;
      entry.record = record.bytes;
      if (auto* turn = std::get_if<Turn>(&decoded)) {
        const std::uint64_t epoch = turn->epoch;
        change(*turn);
        entry.turn = store::RunTurn{turn->run, turn->turn};
        if (turn->epoch != epoch) entry.record = encode(*turn, definitions).record;
      }
      entries.push_back(std::move(entry));
      return true;
    });
    original.scan_projections("", [&](std::string_view key, std::string_view value) {
      entries.back().projections.push_back({std::string(key), std::string(value)});
      return true;
    });
    for (store::Entry& entry : entries) log_.submit(std::move(entry));
    for (const auto& task : tasks_) task();
  }
  const store::LogReader& log() const { return log_; }

 private:
  std::vector<std::function<void()>> tasks_;
  store::MemoryLog log_;
};

TEST(Verify, ATurnIsOfTheEpochOfItsWriter) {
  Outside outside;
  record_lisbon(outside);
  const auto original = reader_of(outside);
  EXPECT_EQ(verify(Forged(*original, [](Turn&) {}).log()).problems, std::vector<std::string>{});
  const Forged older(*original, [](Turn& turn) {
    const bool is_last = std::holds_alternative<RunCompleted>(turn.events.back());
    if (is_last) turn.epoch -= 1;
  });
  const auto problems = verify(older.log()).problems;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("written in an epoch that is not the current one"), std::string::npos)
      << problems[0];
}

// The last turns of two runs, each under the other one's name: both have as many as before. Red if
// verify only counts what the index lists.
TEST(Verify, TheIndexOfTurnsNamesEachRunsOwnRecords) {
  Outside outside;
  Ledger ledger;
  {
    const auto process = wait_for_approval(outside, ledger, "porto");
    process->engine->start("faro", "travel", text("Faro").SerializeAsString(), "traveller");
    process->host.run_until([] { return false; });
    for (const char* run : {"porto", "faro"}) process->engine->terminate(run, {"boss", "enough"});
    process->host.run_until([] { return false; });
  }
  const auto original = reader_of(outside);
  std::set<std::uint64_t> runs;
  const Forged swapped(*original, [&](Turn& turn) {
    runs.insert(turn.run);
    const bool is_last = std::holds_alternative<Terminated>(turn.events.back());
    if (is_last) turn.run = *runs.begin() + *runs.rbegin() - turn.run;
  });
  const std::vector<std::string> problems = verify(swapped.log()).problems;
  ASSERT_EQ(problems.size(), 2U);
  for (const std::string& problem : problems) {
    EXPECT_NE(problem.find("its index lists"), std::string::npos) << problem;
    EXPECT_NE(problem.find("and other records"), std::string::npos) << problem;
  }
}

// 600 records, of which one can be shown with other bytes than those that the tree is about.
class OneChanged final : public store::ReadsPassedOn<store::LogReader> {
 public:
  explicit OneChanged(std::uint64_t changed)
      : changed_(changed),
        log_(std::make_shared<store::MemoryDisk>(id),
             [this](std::function<void()> task) { tasks_.push_back(std::move(task)); }) {
    store::Entry first;
    first.record = encode(Genesis{format_level, id, Time{}});
    log_.submit(std::move(first));
    for (std::uint64_t epoch = 1; epoch < 600; ++epoch) {
      store::Entry entry;
      entry.record = encode(Opened{epoch, "build", "somebody", Time{}});
      if (epoch == 599) entry.projections.push_back({std::string(build_key), "build"});
      log_.submit(std::move(entry));
    }
    for (const auto& task : tasks_) task();
  }

  void scan(std::uint64_t first, std::uint64_t end,
            const std::function<bool(const store::Record&)>& visit) const override {
    log_.scan(first, end, [&](const store::Record& record) {
      if (record.index != changed_) return visit(record);
      return visit({changed_, encode(Opened{changed_, "build", "somebody else", Time{}})});
    });
  }

 private:
  const store::LogReader& answering() const override { return log_; }

  static constexpr const char* id = "0123456789abcdef";

  std::uint64_t changed_;
  std::vector<std::function<void()>> tasks_;
  store::MemoryLog log_;
};

// Red if the tree is not compared below its root.
TEST(Verify, SaysAmongWhichRecordsTheFirstChangedOneIs) {
  const auto first_problem = [](std::uint64_t changed) {
    const auto problems = verify(OneChanged(changed)).problems;
    return problems.empty() ? std::string("none") : problems.front();
  };
  constexpr std::uint64_t none = 1000;
  EXPECT_EQ(first_problem(none), "none");
  const std::string root = "the root of the 600 records is not the one in the head: ";
  EXPECT_EQ(first_problem(1), root + "the first record that was changed is one of 0 to 255");
  EXPECT_EQ(first_problem(256), root + "the first record that was changed is one of 256 to 511");
  EXPECT_EQ(first_problem(512),
            root + "one of the records 512 to 599 was changed, or the head was");
}

// What the daemon looks at beside its work.
TEST(Verify, TheTreeAloneSaysSoToo) {
  const auto first_problem = [](std::uint64_t changed) -> std::string {
    try {
      store::check_tree(OneChanged(changed), [] { return true; });
      return "none";
    } catch (const store::Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(first_problem(1000), "none");
  EXPECT_EQ(first_problem(255).find("one of the records 0 to 255 was changed: "), 0U);
  EXPECT_EQ(first_problem(256).find("one of the records 256 to 511 was changed: "), 0U);
  EXPECT_EQ(first_problem(599).find("one of the records 512 to 599 was changed, or the head was: "),
            0U);
}

}  // namespace
}  // namespace ratchet::engine::testing
