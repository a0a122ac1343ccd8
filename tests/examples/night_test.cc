// What is proved: work waits for its maintenance window, wherever it is stopped. When the window is
// was answered by a step, and the matrix sees to it that no recorded step is asked again.
#include "tests/examples/night.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "engine/testing/crash_matrix_gtest.h"
#include "engine/windows/window.h"

namespace examples {
namespace {

using namespace ratchet::engine;

class Night final : public ratchet::engine::testing::World {
 public:
  void serve(Handlers& handlers, Host& host) override {
    // doc: window
    handlers.handle(ask_window,
                    [](const AttemptInfo&, const WindowQuestion& q, const auto& answer) {
                      const WindowRule rule{q.cron(), std::chrono::minutes{q.minutes()}, q.zone()};
                      const Window window = next_window(rule, Time{Duration{q.after_us()}});
                      WindowAnswer found;
                      found.set_begin_us(window.begin.time_since_epoch().count());
                      found.set_end_us(window.end.time_since_epoch().count());
                      answer.complete(found);
                    });
    // doc end
    handlers.handle(tidy_up, [this, &host](const AttemptInfo&, const Refund&, const auto& answer) {
      tidied_ = host.now();
      answer.complete(Done{});
    });
  }
  std::string state() const override {
    const Time begin{Duration{1'000'002'600'000'000}};  // 2001-09-09 02:30 UTC
    return tidied_ >= begin && tidied_ < begin + std::chrono::hours{2} ? "at night\n" : "by day\n";
  }

 private:
  Time tidied_{};
};

TEST(Night, WorkWaitsForItsWindowWhereverItIsStopped) {
  const auto report = ratchet::engine::testing::expect_survives(
      {.registry = [](Registry& r) { r.add("tidy_up_at_night", 1, tidy_up_at_night); },
       .world = [] { return std::make_unique<Night>(); },
       .workflow = "tidy_up_at_night",
       .input = Refund{}.SerializeAsString(),
       .pairs = true});
  // The matrix begins on 2001-09-09 at 01:46:40 UTC, 03:46:40 in Berlin.
  EXPECT_EQ(report.end.find("at night\n"), 0U) << report.end;
}

}  // namespace
}  // namespace examples
