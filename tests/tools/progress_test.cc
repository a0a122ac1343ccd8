// What is proved: progress is told at a terminal only, seldom, and leaves nothing behind; what long
// work reports comes to all of the log.
#include "tools/ratchetctl/progress.h"

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/inspect/replay.h"
#include "engine/inspect/verify.h"
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
      ProgressLine line(streams, "verify", [this] { return now; });
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

TEST(Progress, OfVerificationAndReplayComesToTheEndOfTheLog) {
  engine::testing::Outside outside;
  record_lisbon(outside);
  const auto log = reader_of(outside);
  const std::uint64_t size = log->head().size;
  std::vector<std::uint64_t> done;
  const engine::Progress note = [&](std::uint64_t at, std::uint64_t of) {
    EXPECT_EQ(of, size);
    if (!done.empty()) EXPECT_GT(at, done.back());
    done.push_back(at);
  };
  EXPECT_TRUE(engine::verify(*log, {}, nullptr, note).ok());
  EXPECT_EQ(done.size(), size);
  EXPECT_EQ(done.back(), size);
  done.clear();
  engine::Registry workflows;
  workflows.add("travel", 1, engine::testing::travel);
  engine::replay_all(*log, workflows, note);
  EXPECT_EQ(done.back(), size);
}

}  // namespace
}  // namespace ratchet::ratchetctl
