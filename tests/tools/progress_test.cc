// What is proved: progress is told at a terminal only, seldom, and leaves nothing behind; what long
// work reports comes to all of the log.
#include "tools/ratchetctl/progress.h"

#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/inspect/evidence.h"
#include "engine/inspect/proofs.h"
#include "engine/inspect/rebuild.h"
#include "engine/inspect/replay.h"
#include "engine/inspect/verify.h"
#include "store/checkpoint.h"
#include "tests/engine/recording.h"

namespace ratchet::ratchetctl {
namespace {

using namespace std::chrono_literals;

struct Watched {
  // `step`: time that passes between two records.
  std::string shown(bool terminal, std::chrono::milliseconds step, std::uint64_t records) {
    std::ostringstream out, err;
    const Streams streams{out, err, {}, terminal};
    {
      ProgressLine line(streams, "verify", "records", [this] { return now; });
      const engine::Progress report = line.reporter();
      EXPECT_EQ(static_cast<bool>(report), terminal);
      for (std::uint64_t done = 1; done <= records; ++done) {
        now += step;
        if (report) report(done, records);
      }
    }
    EXPECT_EQ(out.str(), "");
    return err.str();
  }
  ProgressLine::Clock::time_point now{};
};

TEST(Progress, IsNotToldWhereNobodyLooks) { EXPECT_EQ(Watched().shown(false, 100ms, 100), ""); }

TEST(Progress, IsNotToldOfWhatIsDoneAtOnce) { EXPECT_EQ(Watched().shown(true, 1ms, 900), ""); }

TEST(Progress, IsToldSeldomAndTakenAway) {
  const std::string shown = Watched().shown(true, 50ms, 40);  // two seconds
  EXPECT_EQ(shown,
            "\r\033[Kverify: 20 of 40 records, 50 %\r\033[Kverify: 24 of 40 records, 60 %"
            "\r\033[Kverify: 28 of 40 records, 70 %\r\033[Kverify: 32 of 40 records, 80 %"
            "\r\033[Kverify: 36 of 40 records, 90 %\r\033[Kverify: 40 of 40 records, 100 %"
            "\r\033[K");
}

// What was reported: always of the same, and never back.
struct Noted {
  engine::Progress note() {
    return [this](std::uint64_t at, std::uint64_t of_now) {
      if (!done.empty()) {
        EXPECT_GT(at, done.back());
        EXPECT_EQ(of_now, of);
      }
      done.push_back(at);
      of = of_now;
    };
  }
  std::vector<std::uint64_t> done{};
  std::uint64_t of = 0;
};

class OfLongWork : public ::testing::Test {
 protected:
  OfLongWork() {
    record_lisbon(outside_);
    log_ = reader_of(outside_);
    size_ = log_->head().size;
    workflows_.add("travel", 1, engine::testing::travel);
  }

  engine::testing::Outside outside_;
  std::unique_ptr<store::LogReader> log_;
  std::uint64_t size_ = 0;
  engine::Registry workflows_;
};

TEST_F(OfLongWork, ComesToTheEndOfTheLog) {
  Noted verified, replayed, rebuilt;
  EXPECT_TRUE(engine::verify(*log_, {}, nullptr, verified.note()).ok());
  engine::replay_all(*log_, workflows_, replayed.note());
  engine::rebuild_projections(*log_, rebuilt.note());
  for (const Noted& noted : {verified, replayed, rebuilt}) {
    EXPECT_EQ(noted.of, size_);
    EXPECT_EQ(noted.done.size(), size_);
    EXPECT_EQ(noted.done.back(), size_);
  }
}

TEST_F(OfLongWork, ComesToTheEndOfOneRun) {
  const engine::RunInfo run = *engine::find_run(*log_, engine::testing::lisbon);
  Noted proven, made, checked, replayed;
  const auto proofs = engine::prove_run(*log_, run.run, size_, proven.note());
  EXPECT_EQ(proven.done.size(), proofs.size());
  EXPECT_EQ(proven.done.back(), proofs.back().index + 1);
  const std::string checkpoint = store::to_checkpoint(log_->head());
  const std::string file = engine::make_evidence(*log_, run, checkpoint, made.note());
  const engine::Evidence evidence = engine::open_evidence(file, checked.note());
  EXPECT_FALSE(engine::replay(*evidence.log, workflows_, evidence.run, replayed.note()).divergence);
  EXPECT_EQ(replayed.of, proofs.size());
  for (const Noted& noted : {made, checked, replayed}) {
    EXPECT_EQ(noted.done.back(), noted.of);
  }
}

}  // namespace
}  // namespace ratchet::ratchetctl
