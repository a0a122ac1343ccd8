// What is proved: evidence of a run can be checked and re-performed without its log, and no byte of
// it can be changed unnoticed.
#include "engine/inspect/evidence.h"

#include <cstddef>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/inspect/events.h"
#include "engine/inspect/proofs.h"
#include "engine/inspect/replay.h"
#include "store/checkpoint.h"
#include "tests/engine/recording.h"

namespace ratchet::engine::testing {
namespace {

class EvidenceOfLisbon : public ::testing::Test {
 protected:
  EvidenceOfLisbon() {
    record_lisbon(outside_);
    log_ = reader_of(outside_);
    registry_.add("travel", 1, travel);
  }
  std::string checkpoint(std::uint64_t size) const {
    return store::to_checkpoint(head_at(*log_, size));
  }
  std::string checkpoint() const { return checkpoint(log_->head().size); }
  std::string file() const { return make_evidence(*log_, *find_run(*log_, lisbon), checkpoint()); }

  // All that is said of the run: what must not change unnoticed.
  std::string said(std::string_view file) const {
    const Evidence evidence = open_evidence(file);
    std::string text = evidence.checkpoint + evidence.run.run_id;
    for (const RecordedEvent& event : EventReader(evidence.run.run).next(*evidence.log)) {
      text += std::string("\n") + name_of(event.event) + " " + event.name + " " +
              event.payloads.input + " " + event.payloads.output + " " + event.writer.build;
    }
    const ReplayReport report = replay(*evidence.log, registry_, evidence.run);
    return text + (report.divergence ? "\ndiverged" : "\nsame");
  }

  Outside outside_;
  std::unique_ptr<store::LogReader> log_;
  Registry registry_;
};

TEST_F(EvidenceOfLisbon, SaysWhatTheLogSays) {
  const Evidence evidence = open_evidence(file());
  EXPECT_EQ(evidence.checkpoint, checkpoint());
  EXPECT_EQ(evidence.run.state, RunState::completed);
  EXPECT_TRUE(evidence.ended);
  const std::uint64_t run = evidence.run.run;
  EXPECT_EQ(run, find_run(*log_, lisbon)->run);
  const auto recorded = EventReader(run).next(*log_);
  const auto shown = EventReader(run).next(*evidence.log);
  ASSERT_EQ(shown.size(), recorded.size());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    EXPECT_EQ(shown[i].payloads.output, recorded[i].payloads.output);
    EXPECT_EQ(shown[i].writer.build, recorded[i].writer.build);
    EXPECT_EQ(shown[i].writer.epoch, recorded[i].writer.epoch);
  }
}

TEST_F(EvidenceOfLisbon, IsPerformedAgainByItself) {
  const Evidence evidence = open_evidence(file());
  EXPECT_FALSE(replay(*evidence.log, registry_, evidence.run).divergence);
  Registry swapped;
  swapped.add("travel", 1, travel_swapped);
  EXPECT_TRUE(replay(*evidence.log, swapped, evidence.run).divergence);
}

// A changed byte is refused, or changes nothing that is said: a space of the layout, say.
TEST_F(EvidenceOfLisbon, NoByteOfItIsChangedUnnoticed) {
  const std::string original = file();
  const std::string meaning = said(original);
  std::size_t refused = 0, harmless = 0;
  for (std::size_t i = 0; i < original.size(); ++i) {
    std::string changed = original;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    try {
      EXPECT_EQ(said(changed), meaning) << "byte " << i;
      ++harmless;
    } catch (const store::Error&) {
      ++refused;
    }
  }
  std::cout << "evidence of " << original.size() << " bytes: " << refused << " changes refused, "
            << harmless << " without a meaning\n";
  EXPECT_EQ(refused + harmless, original.size());
  EXPECT_LT(harmless, original.size() / 10);
}

TEST_F(EvidenceOfLisbon, NoRecordIsLeftOutUnnoticed) {
  const std::string original = file();
  const std::string begin = "  {\n   \"record\":", end = "\"\n  }";
  std::size_t left_out = 0;
  for (std::size_t at = original.find(begin); at != std::string::npos;
       at = original.find(begin, at + 1)) {
    std::size_t past = original.find(end, at) + end.size();
    if (original[past] == ',') past += 2;
    if (original.find(begin, at + 1) == std::string::npos) break;  // the end: see below
    std::string shorter = original;
    shorter.erase(at, past - at);
    EXPECT_THROW(said(shorter), store::Error) << "record " << left_out;
    ++left_out;
  }
  EXPECT_GT(left_out, 10U);
}

TEST_F(EvidenceOfLisbon, OfAnOlderCheckpointEndsThereAndSaysSo) {
  const RunInfo run = *find_run(*log_, lisbon);
  const std::uint64_t size = read_history(*log_, run.run).at(4).index + 1;
  const Evidence evidence = open_evidence(make_evidence(*log_, run, checkpoint(size)));
  EXPECT_EQ(evidence.head.size, size);
  EXPECT_FALSE(evidence.ended);
  EXPECT_EQ(read_history(*evidence.log, run.run).size(), 5U);
  EXPECT_THROW(make_evidence(*log_, run, checkpoint(run.run)), std::out_of_range);
}

TEST_F(EvidenceOfLisbon, IsOfTheLogOfItsCheckpointOnly) {
  Outside other;
  record_lisbon(other);
  const auto log = reader_of(other);
  const std::string foreign = store::to_checkpoint(log->head());
  EXPECT_THROW(make_evidence(*log_, *find_run(*log_, lisbon), foreign), store::Error);
}

TEST(Evidence, OfAnythingElseIsRefused) {
  for (const char* file : {"", "{}", "[]", "{\"format\":\"ratchet.dev/evidence@v2\"}",
                           "{\"format\":\"ratchet.dev/evidence@v1\"}"}) {
    EXPECT_THROW(open_evidence(file), store::Error) << file;
  }
}

}  // namespace
}  // namespace ratchet::engine::testing
