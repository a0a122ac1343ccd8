// What is proved: runs with children, with a gate, and without an end come to the same end wherever
// they are stopped; the texts of docs/WRITING_WORKFLOWS.md on them are true.
#include "tests/examples/tour.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "engine/testing/crash_matrix_gtest.h"
#include "tests/examples/refund.h"
#include "tests/examples/trip.h"

namespace examples {
namespace {

using namespace ratchet::engine;
using ratchet::engine::testing::CrashCase;
using ratchet::engine::testing::CrashReport;
using ratchet::engine::testing::expect_survives;

using Steer = std::function<void(Engine&)>;

// Counts how often each part was sold to whom, and how often the clerk was asked.
class Office final : public ratchet::engine::testing::World {
 public:
  explicit Office(Steer steer) : steer_(std::move(steer)) {}

  void serve(Handlers& handlers, Host&) override {
    handlers.handle(book, [this](const AttemptInfo&, const Part& part, const auto& answer) {
      ++sold_[name(part)];
      answer.complete(Booking{});
    });
    handlers.probe(book, [this](const AttemptInfo&, const Part& part, const auto& answer) {
      sold_.contains(name(part)) ? answer.done(Booking{}) : answer.not_done();
    });
    handlers.handle(cancel, [](const AttemptInfo&, const Booking&, const auto& answer) {
      answer.complete(Done{});
    });
    handlers.handle(ask_clerk, [](const AttemptInfo&, const Refund&, const auto& answer) {
      answer.complete(Done{});
    });
  }
  void steer(Engine& engine) override {
    if (steer_) steer_(engine);
  }
  std::string state() const override {
    std::string text;
    for (const auto& [what, times] : sold_) text += what + " x" + std::to_string(times) + "\n";
    return text;
  }

 private:
  static std::string name(const Part& part) { return part.traveller() + ": " + part.kind(); }

  Steer steer_;
  std::map<std::string, int> sold_;
};

Wish wish() {
  Wish wish;
  wish.set_traveller("Ann");
  return wish;
}

template <class In, class Out>
CrashReport matrix(Task<Out> (*code)(Workflow, In), const In& input, const Steer& steer = {}) {
  return expect_survives({.registry =
                              [code](Registry& registry) {
                                registry.add("tour", 1, code);
                                registry.add("trip", 1, trip);
                              },
                          .world = [steer] { return std::make_unique<Office>(steer); },
                          .workflow = "tour",
                          .input = input.SerializeAsString(),
                          .pairs = true});
}

TEST(Tour, ChildrenAreRunsOfTheirOwn) {
  const CrashReport report = matrix(trip_for_two, wish());
  EXPECT_EQ(report.end.find("Ann's guest: car x1\nAnn's guest: flight x1\nAnn's guest: hotel x1\n"
                            "Ann: car x1\nAnn: flight x1\nAnn: hotel x1\n"),
            0U)
      << report.end;
}

Steer decide(bool approve) {
  return [approve](Engine& engine) {
    // doc: decide
    const std::string shown = hash_of(GateOpened{1, "budget", wish().SerializeAsString(), 0});
    const By boss{"boss@example.org", approve ? "she has earned it" : "not this year"};
    const Refusal refused = engine.decide("crash-matrix", "budget", approve, shown, boss);
    // doc end
    // After a crash it is asked again, and refused if the decision had become durable, or the end.
    EXPECT_TRUE(!refused || refused->find("run crash-matrix") != std::string::npos) << *refused;
  };
}

TEST(Tour, AGateLetsPassWhatWasApproved) {
  const CrashReport report = matrix(trip_if_approved, wish(), decide(true));
  EXPECT_EQ(report.end.find("Ann: car x1\nAnn: flight x1\nAnn: hotel x1\n"), 0U) << report.end;
}

TEST(Tour, ADenialIsTheReasonOfTheFailure) {
  const CrashReport report = matrix(trip_if_approved, wish(), decide(false));
  EXPECT_NE(report.end.find("denied: boss@example.org: not this year"), std::string::npos)
      << report.end;
}

TEST(Tour, AReminderEndsWhenItIsAnswered) {
  const CrashReport report = matrix(remind_daily, Refund{}, [](Engine& engine) {
    engine.signal("crash-matrix", decision.name(), Decision{}.SerializeAsString(), "clerk");
  });
  const auto completed = std::to_string(static_cast<int>(RunState::completed));
  EXPECT_EQ(report.end, "\nstate " + completed + " result ");
}

}  // namespace
}  // namespace examples
