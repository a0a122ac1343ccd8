// What is proved: the workflows of docs/WRITING_WORKFLOWS.md do what it says, wherever they are
// stopped. Its section on tests is this file.
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "engine/testing/crash_matrix_gtest.h"
#include "tests/examples/refund.h"
#include "tests/examples/trip.h"

namespace examples {
namespace {

using namespace ratchet::engine;
using ratchet::engine::testing::CrashReport;
using ratchet::engine::testing::expect_survives;

// doc: world
// The agencies that sell the parts of a trip. They know every booking by its traveller and kind.
class Agencies final : public ratchet::engine::testing::World {
 public:
  explicit Agencies(std::string sold_out) : sold_out_(std::move(sold_out)) {}

  void serve(Handlers& handlers, Host&) override {
    handlers.handle(book, [this](const AttemptInfo&, const Part& part, const auto& answer) {
      if (part.kind() == sold_out_) return answer.fail_for_good({"sold_out", "no " + sold_out_});
      ++bookings_[part.kind()];
      answer.complete(booking(part));
    });
    handlers.probe(book, [this](const AttemptInfo&, const Part& part, const auto& answer) {
      bookings_.contains(part.kind()) ? answer.done(booking(part)) : answer.not_done();
    });
    handlers.handle(cancel, [this](const AttemptInfo&, const Booking& booked, const auto& answer) {
      cancelled_.insert(booked.part().kind());
      answer.complete(Done{});
    });
  }

  // What must be the same at the end, wherever the process was stopped.
  std::string state() const override {
    std::string text;
    for (const auto& [kind, times] : bookings_) {
      text += kind + " x" + std::to_string(times) + (cancelled_.contains(kind) ? " off\n" : "\n");
    }
    return text;
  }

 private:
  static Booking booking(const Part& part) {
    Booking booking;
    *booking.mutable_part() = part;
    booking.set_number(part.kind() + " 1");
    return booking;
  }

  std::string sold_out_;
  std::map<std::string, int> bookings_;
  std::set<std::string> cancelled_;
};
// doc end

// doc: matrix
CrashReport trip_matrix(const std::string& sold_out) {
  return expect_survives({.registry = [](Registry& registry) { registry.add("trip", 1, trip); },
                          .world = [sold_out] { return std::make_unique<Agencies>(sold_out); },
                          .workflow = "trip",
                          .input = Wish{}.SerializeAsString()});
}

TEST(Trip, IsBookedOnceWhereverItIsStopped) {
  const CrashReport report = trip_matrix("nothing");
  EXPECT_EQ(report.end.find("car x1\nflight x1\nhotel x1\n"), 0U) << report.end;
}

TEST(Trip, IsCancelledWhereverItIsStopped) {
  const CrashReport report = trip_matrix("car");
  EXPECT_EQ(report.end.find("flight x1 off\nhotel x1 off\n"), 0U) << report.end;
}
// doc end

TEST(Trip, IsBookedAtOnceWhereverItIsStopped) {
  const CrashReport report = expect_survives(
      {.registry = [](Registry& registry) { registry.add("trip", 1, trip_at_once); },
       .world = [] { return std::make_unique<Agencies>("nothing"); },
       .workflow = "trip",
       .input = Wish{}.SerializeAsString(),
       .pairs = true});
  EXPECT_EQ(report.end.find("flight x1\nhotel x1\n"), 0U) << report.end;
}

// Pays back and forgets whom, but for the sum.
class Till final : public ratchet::engine::testing::World {
 public:
  explicit Till(std::optional<bool> granted) : granted_(granted) {}

  void serve(Handlers& handlers, Host& host) override {
    // doc: asynchronous
    handlers.handle(ask_clerk, [this, &host](const AttemptInfo& attempt, const Refund&,
                                             const Answer<Done>& answer) {
      if (attempt.attempt == 1) return answer.fail({"busy", "the clerk has a guest"});
      host.wake_at(host.now() + 2s, [this, answer] {  // later, on the same thread
        asked_ = true;
        answer.complete(Done{});
      });
    });
    // doc end
    handlers.handle(pay_back, [this](const AttemptInfo&, const Refund& refund, const auto& answer) {
      paid_ += refund.cents();
      answer.complete(Done{});
    });
    handlers.probe(pay_back, [this](const AttemptInfo&, const Refund&, const auto& answer) {
      paid_ > 0 ? answer.done(Done{}) : answer.not_done();
    });
  }

  void steer(Engine& engine) override {
    if (granted_) decide(engine, *granted_);
  }

  // doc: steer
  static void decide(Engine& engine, bool granted) {
    Decision said;
    said.set_granted(granted);
    said.set_by("the clerk");
    engine.signal("crash-matrix", decision.name(), said.SerializeAsString(), "clerk@example.org");
  }
  // doc end

  std::string state() const override {
    return (asked_ ? "asked, paid " : "paid ") + std::to_string(paid_) + "\n";
  }

 private:
  std::optional<bool> granted_;  // nothing: nobody decides
  bool asked_ = false;
  std::int64_t paid_ = 0;
};

CrashReport refund_matrix(Task<Done> (*code)(Workflow, Refund), std::optional<bool> granted) {
  Refund request;
  request.set_order("7");
  request.set_cents(2000);
  return expect_survives({.registry = [code](Registry& r) { r.add("refund", 1, code); },
                          .world = [granted] { return std::make_unique<Till>(granted); },
                          .workflow = "refund",
                          .input = request.SerializeAsString(),
                          .pairs = true});
}

TEST(Refund, IsPaidBackOnceWhereverItIsStopped) {
  for (const auto code : {refund, refund_in_peace, refund_in_time, refund_patched}) {
    const CrashReport report = refund_matrix(code, true);
    EXPECT_EQ(report.end.find("asked, paid 2000\n"), 0U) << report.end;
  }
}

TEST(Refund, FailsWithTheReasonOfThePersonWhoRefused) {
  const CrashReport report = refund_matrix(refund, false);
  EXPECT_NE(report.end.find("refused: the clerk refused to pay back order 7"), std::string::npos)
      << report.end;
}

TEST(Refund, FailsIfNobodyDecidesInTime) {
  const CrashReport report = refund_matrix(refund_in_time, std::nullopt);
  EXPECT_NE(report.end.find("no_decision: nobody decided within three days"), std::string::npos)
      << report.end;
}

}  // namespace
}  // namespace examples
