// What is proved: verify reads what the records say of each other, not only their hashes.
#include "engine/inspect/verify.h"

#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/codec.h"
#include "tests/engine/recording.h"

namespace ratchet::engine::testing {
namespace {

// A log with a tree and projections of its own, whose turns `change` has had in hand.
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
        entry.turn = store::RunTurn{turn->run, turn->turn};
        const std::uint64_t epoch = turn->epoch;
        change(*turn);
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

}  // namespace
}  // namespace ratchet::engine::testing
