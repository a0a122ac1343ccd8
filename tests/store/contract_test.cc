// What store/log.h promises, on every log.
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/anchor_check.h"
#include "store/merkle.h"
#include "store/tree_check.h"
#include "tests/store/log_under_test.h"

namespace ratchet::store {
namespace {

using testing::ElementsAre;
using testing::FieldsAre;
using testing::Pair;

struct Kind {
  std::string name;
  std::function<std::unique_ptr<LogUnderTest>()> make;
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class LogContract : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { restart(); }

  // A new process after the old one ended in peace.
  void restart() {
    log_.reset();
    told_ = std::make_unique<Told>();
    log_ = place_->open();
    log_->listen(told_->listener());
  }

  std::uint64_t submit_durably(Entry entry) {
    const std::uint64_t index = log_->submit(std::move(entry));
    place_->settle(*told_, index + 1);
    return index;
  }

  // Records "0", "1", …
  void fill(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      log_->submit(plain_entry(std::to_string(log_->next_index())));
    }
    place_->settle(*told_, log_->next_index());
  }

  std::vector<std::pair<std::uint64_t, std::string>> scanned(std::uint64_t first,
                                                             std::uint64_t end) const {
    std::vector<std::pair<std::uint64_t, std::string>> records;
    log_->scan(first, end, [&](const Record& record) {
      records.emplace_back(record.index, record.bytes);
      return true;
    });
    return records;
  }

  std::vector<std::pair<std::uint32_t, std::string>> scanned_run(std::uint64_t run,
                                                                 std::uint32_t first) const {
    std::vector<std::pair<std::uint32_t, std::string>> turns;
    log_->scan_run(run, first, [&](std::uint32_t turn, const Record& record) {
      turns.emplace_back(turn, record.bytes);
      return true;
    });
    return turns;
  }

  std::unique_ptr<LogUnderTest> place_ = GetParam().make();
  std::unique_ptr<Told> told_;
  std::unique_ptr<Log> log_;
};

TEST_P(LogContract, ANewLogIsEmptyAndHasAName) {
  EXPECT_EQ(log_->head().size, 0U);
  EXPECT_EQ(log_->head().root, empty_root());
  EXPECT_EQ(log_->head().epoch, 0U);
  EXPECT_EQ(log_->head().log_id.size(), 16U);
  EXPECT_NE(log_->head().log_id, GetParam().make()->open()->head().log_id);
  EXPECT_EQ(log_->next_index(), 0U);
  EXPECT_EQ(log_->read(0), std::nullopt);
  EXPECT_EQ(log_->root(0), empty_root());
  EXPECT_TRUE(scanned(0, 10).empty());
}

TEST_P(LogContract, RecordsComeBackAsTheyWere) {
  const std::string bytes("\0\xff\n\0", 4);
  EXPECT_EQ(submit_durably(plain_entry(bytes)), 0U);
  EXPECT_EQ(submit_durably(plain_entry(std::string(max_record_bytes, 'x'))), 1U);
  EXPECT_EQ(submit_durably(plain_entry("")), 2U);
  EXPECT_EQ(log_->read(0), bytes);
  EXPECT_EQ(log_->read(1), std::string(max_record_bytes, 'x'));
  EXPECT_EQ(log_->read(2), "");
  EXPECT_EQ(log_->leaf(0), leaf_hash(bytes));
  EXPECT_EQ(log_->head().size, 3U);
  EXPECT_EQ(log_->next_index(), 3U);
}

// The run at 0 with turns 0 and 1, "a", "b" between two records of the log itself.
TEST_P(LogContract, APrunedRunLeavesItsLeafHashesAndNothingElse) {
  Entry first = turn_entry(0, 0, "first");
  first.blobs = {{sha256("payload"), "payload"}};
  submit_durably(std::move(first));
  submit_durably(plain_entry("a"));
  submit_durably(turn_entry(0, 1, "second"));
  const Head before = log_->head();
  Entry entry = plain_entry("pruned");
  entry.prunes = Prune{0, 2};
  submit_durably(std::move(entry));
  for (int opened = 0; opened < 2; ++opened, restart()) {
    EXPECT_EQ(log_->read(0), std::nullopt);
    EXPECT_EQ(log_->read(2), std::nullopt);
    EXPECT_EQ(log_->leaf(0), leaf_hash("first"));
    EXPECT_EQ(log_->subtree(0, 2), leaf_hash("second"));
    EXPECT_EQ(log_->blob(0, sha256("payload")), std::nullopt);
    EXPECT_THAT(scanned(0, 4), ElementsAre(Pair(1, "a"), Pair(3, "pruned")));
    EXPECT_TRUE(scanned_run(0, 0).empty());
    EXPECT_EQ(log_->root(3), before.root);
    EXPECT_NO_THROW(check_extends(*log_, before));
  }
  EXPECT_THROW(log_->submit(turn_entry(0, 2, "late")), std::invalid_argument);
}

TEST_P(LogContract, OnlyAWholeDurableRunIsPruned) {
  submit_durably(turn_entry(0, 0, "first"));
  submit_durably(turn_entry(0, 1, "second"));
  for (const Prune& prune : {Prune{0, 1}, Prune{0, 3}, Prune{0, 0}, Prune{7, 1}}) {
    Entry entry = plain_entry("x");
    entry.prunes = prune;
    EXPECT_THROW(log_->submit(std::move(entry)), std::invalid_argument);
  }
  log_->submit(turn_entry(0, 2, "third, which may not be durable yet"));
  Entry entry = plain_entry("x");
  entry.prunes = Prune{0, 2};
  EXPECT_THROW(log_->submit(std::move(entry)), std::invalid_argument);
  EXPECT_EQ(scanned_run(0, 0).front().second, "first");
}

TEST_P(LogContract, EverythingIsThereAfterARestart) {
  Entry entry = turn_entry(0, 0, "first");
  entry.blobs = {{sha256("payload"), "payload"}};
  entry.projections = {{"runs/0", "open"}};
  log_->begin_epoch();
  submit_durably(std::move(entry));
  fill(700);
  const Head head = log_->head();
  restart();
  EXPECT_EQ(log_->head(), head);
  EXPECT_EQ(log_->next_index(), 701U);
  EXPECT_EQ(log_->read(0), "first");
  EXPECT_EQ(log_->blob(0, sha256("payload")), "payload");
  EXPECT_EQ(log_->projection("runs/0"), "open");
  EXPECT_EQ(scanned_run(0, 0).size(), 1U);
  EXPECT_EQ(submit_durably(plain_entry("next")), 701U);
}

TEST_P(LogContract, ScanGivesExactlyTheRangeInOrderUntilItIsStopped) {
  fill(5);
  EXPECT_THAT(scanned(1, 3), ElementsAre(Pair(1, "1"), Pair(2, "2")));
  EXPECT_THAT(scanned(3, 100), ElementsAre(Pair(3, "3"), Pair(4, "4")));
  EXPECT_TRUE(scanned(3, 3).empty());
  EXPECT_TRUE(scanned(7, 9).empty());
  int visits = 0;
  log_->scan(0, 5, [&](const Record&) { return ++visits < 2; });
  EXPECT_EQ(visits, 2);
}

TEST_P(LogContract, ARunsTurnsAreFoundAmongOthers) {
  log_->submit(turn_entry(0, 0, "a0"));
  log_->submit(turn_entry(1, 0, "b0"));
  log_->submit(turn_entry(0, 1, "a1"));
  log_->submit(plain_entry("definition"));
  log_->submit(turn_entry(1, 1, "b1"));
  submit_durably(turn_entry(0, 2, "a2"));
  EXPECT_THAT(scanned_run(0, 0), ElementsAre(Pair(0, "a0"), Pair(1, "a1"), Pair(2, "a2")));
  EXPECT_THAT(scanned_run(0, 2), ElementsAre(Pair(2, "a2")));
  EXPECT_THAT(scanned_run(1, 1), ElementsAre(Pair(1, "b1")));
  EXPECT_TRUE(scanned_run(0, 3).empty());
  EXPECT_TRUE(scanned_run(2, 0).empty());
  int visits = 0;
  log_->scan_run(0, 0, [&](std::uint32_t, const Record&) { return ++visits < 2; });
  EXPECT_EQ(visits, 2);
}

TEST_P(LogContract, TheTurnsOfAllRunsAreListedInOrderWithTheirRecords) {
  log_->submit(turn_entry(0, 0, "a0"));
  log_->submit(plain_entry("definition"));
  log_->submit(turn_entry(2, 0, "b0"));
  log_->submit(turn_entry(0, 1, "a1"));
  submit_durably(turn_entry(2, 1, "b1"));
  std::vector<std::tuple<std::uint64_t, std::uint32_t, std::uint64_t>> listed;
  std::size_t most = 10;
  const auto visit = [&](RunTurn at, std::uint64_t index) {
    listed.emplace_back(at.run, at.turn, index);
    return listed.size() < most;
  };
  log_->scan_turns(visit);
  EXPECT_THAT(listed, ElementsAre(FieldsAre(0, 0, 0), FieldsAre(0, 1, 3), FieldsAre(2, 0, 2),
                                  FieldsAre(2, 1, 4)));
  listed.clear();
  most = 3;
  log_->scan_turns(visit);
  EXPECT_EQ(listed.size(), most);
}

TEST_P(LogContract, RefusesATurnThatIsNotTheNextOfItsRun) {
  submit_durably(turn_entry(0, 0, "a0"));
  EXPECT_THROW(log_->submit(turn_entry(0, 0, "again")), std::invalid_argument);
  EXPECT_THROW(log_->submit(turn_entry(0, 2, "gap")), std::invalid_argument);
  EXPECT_THROW(log_->submit(turn_entry(1, 1, "no such run")), std::invalid_argument);
  EXPECT_THROW(log_->submit(turn_entry(9, 0, "not its index")), std::invalid_argument);
  restart();
  EXPECT_THROW(log_->submit(turn_entry(0, 2, "gap")), std::invalid_argument);
  EXPECT_THROW(log_->submit(turn_entry(0, 0, "again")), std::invalid_argument);
  EXPECT_EQ(submit_durably(turn_entry(0, 1, "a1")), 1U);
  EXPECT_EQ(log_->head().size, 2U);
}

TEST_P(LogContract, RefusesWhatBreaksALimitAndQueuesNothing) {
  EXPECT_THROW(log_->submit(plain_entry(std::string(max_record_bytes + 1, 'x'))),
               std::invalid_argument);
  Entry large_blob = turn_entry(0, 0, "a0");
  large_blob.blobs = {{Hash{}, std::string(max_blob_bytes + 1, 'x')}};
  EXPECT_THROW(log_->submit(std::move(large_blob)), std::invalid_argument);
  Entry homeless_blob = plain_entry("definition");
  homeless_blob.blobs = {{sha256("x"), "x"}};
  EXPECT_THROW(log_->submit(std::move(homeless_blob)), std::invalid_argument);
  EXPECT_EQ(log_->next_index(), 0U);
  EXPECT_EQ(submit_durably(turn_entry(0, 0, "a0")), 0U);
}

TEST_P(LogContract, ABlobBelongsToItsRun) {
  Entry entry = turn_entry(0, 0, "a0");
  const std::string bytes(max_blob_bytes, 'x');
  entry.blobs = {{sha256(bytes), bytes}, {sha256("y"), "y"}};
  submit_durably(std::move(entry));
  EXPECT_EQ(log_->blob(0, sha256(bytes)), bytes);
  EXPECT_EQ(log_->blob(0, sha256("y")), "y");
  EXPECT_EQ(log_->blob(1, sha256("y")), std::nullopt);
  EXPECT_EQ(log_->blob(0, sha256("z")), std::nullopt);
}

TEST_P(LogContract, ProjectionsAreOverwrittenErasedAndScannedByPrefix) {
  Entry entry = plain_entry("1");
  entry.projections = {{"run/b", "1"}, {"run/a", "1"}, {"run", "1"}, {"runs", "1"}};
  submit_durably(std::move(entry));
  entry = plain_entry("2");
  entry.projections = {{"run/a", "2"}, {"runs", std::nullopt}, {std::string("run/\xff", 5), "3"}};
  submit_durably(std::move(entry));
  EXPECT_EQ(log_->projection("run/a"), "2");
  EXPECT_EQ(log_->projection("runs"), std::nullopt);
  std::vector<std::pair<std::string, std::string>> found;
  const auto visit = [&](std::string_view key, std::string_view value) {
    found.emplace_back(key, value);
    return found.size() < 3;
  };
  log_->scan_projections("run/", visit);
  EXPECT_THAT(found, ElementsAre(Pair("run/a", "2"), Pair("run/b", "1"), Pair("run/\xff", "3")));
  found.clear();
  log_->scan_projections("", visit);
  EXPECT_THAT(found, ElementsAre(Pair("run", "1"), Pair("run/a", "2"), Pair("run/b", "1")));
}

TEST_P(LogContract, RootsOfAllSizesAreThoseOfTheTree) {
  fill(600);
  Tree tree;
  for (std::uint64_t size = 0; size <= 600; ++size) {
    ASSERT_EQ(log_->root(size), tree.root()) << size;
    tree.append(leaf_hash(std::to_string(size)), [](unsigned, std::uint64_t, const Hash&) {});
  }
  EXPECT_EQ(log_->head().root, log_->root(600));
  EXPECT_THROW(log_->root(601), std::out_of_range);
  EXPECT_THROW(log_->leaf(600), std::out_of_range);
}

TEST_P(LogContract, TheRecordsOfAWholeLogGiveItsTree) {
  const auto check = [this](std::uint64_t most) {
    std::uint64_t asked = 0;
    check_tree(*log_, [&] { return ++asked < most; });
    return asked;
  };
  EXPECT_EQ(check(1000), 0U);
  submit_durably(turn_entry(0, 0, "first"));
  for (int i = 1; i < 600; ++i) log_->submit(plain_entry(std::to_string(i)));
  place_->settle(*told_, 600);
  EXPECT_EQ(check(1000), 600U);
  Entry entry = plain_entry("pruned");
  entry.prunes = Prune{0, 1};
  submit_durably(std::move(entry));
  EXPECT_EQ(check(1000), 600U) << "all but the pruned one";
  EXPECT_EQ(check(10), 10U) << "ends when it is not wanted any more";
}

TEST_P(LogContract, TellsAboutDurabilityInOrderAndNeverTooEarly) {
  for (int i = 0; i < 500; ++i) log_->submit(plain_entry("x"));
  place_->settle(*told_, 500);
  std::uint64_t last = 0;
  for (const std::uint64_t size : told_->durable_sizes()) {
    EXPECT_GT(size, last);
    last = size;
  }
  EXPECT_EQ(last, 500U);
  EXPECT_EQ(log_->head().size, 500U);
}

TEST_P(LogContract, ADurableRecordCanBeReadByTheListener) {
  std::vector<std::optional<std::string>> read;
  Listener listener = told_->listener();
  const auto tell = listener.durable;
  listener.durable = [&](std::uint64_t size) {
    read.push_back(log_->read(size - 1));
    tell(size);
  };
  log_->listen(listener);
  submit_durably(plain_entry("x"));
  EXPECT_THAT(read, ElementsAre("x"));
  log_->listen(told_->listener());
}

TEST_P(LogContract, CountsTheWritersThatWroteSomething) {
  EXPECT_EQ(log_->begin_epoch(), 1U);
  submit_durably(plain_entry("x"));
  EXPECT_EQ(log_->head().epoch, 1U);
  restart();
  EXPECT_EQ(log_->begin_epoch(), 2U);
  EXPECT_EQ(log_->head().epoch, 1U) << "not durable yet";
  restart();
  EXPECT_EQ(log_->begin_epoch(), 2U);
  submit_durably(plain_entry("y"));
  EXPECT_EQ(log_->head().epoch, 2U);
}

TEST_P(LogContract, RefusesASecondWriter) {
  std::string what;
  EXPECT_EQ(fault_of([&] { place_->open(); }, &what), Fault::locked);
  EXPECT_THAT(what, testing::HasSubstr("open for writing"));
  EXPECT_EQ(submit_durably(plain_entry("x")), 0U) << "the first writer is not disturbed";
}

TEST_P(LogContract, ExtendsEachOfItsEarlierHeadsAndNoOther) {
  fill(10);
  const Head anchor = log_->head();
  EXPECT_NO_THROW(check_extends(*log_, anchor));
  fill(300);
  EXPECT_NO_THROW(check_extends(*log_, anchor));
  Head forged = anchor;
  forged.root[0] ^= 1;
  EXPECT_EQ(fault_of([&] { check_extends(*log_, forged); }), Fault::corrupt);
  Head ahead = anchor;
  ahead.size = 311;
  EXPECT_EQ(fault_of([&] { check_extends(*log_, ahead); }), Fault::corrupt);
  Head foreign = anchor;
  foreign.log_id[0] ^= 1;
  EXPECT_EQ(fault_of([&] { check_extends(*log_, foreign); }), Fault::corrupt);
}

INSTANTIATE_TEST_SUITE_P(All, LogContract,
                         testing::Values(Kind{"Memory", &memory_log_under_test},
                                         Kind{"Rocks", &rocks_log_under_test},
                                         Kind{"RocksReader", &rocks_reader_under_test}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace ratchet::store
