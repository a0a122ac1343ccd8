// The order is stopped after every record and around every activity, and must come to the same end.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "engine/testing/crash_matrix_gtest.h"
#include "shop/order.h"

using namespace ratchet::engine;

namespace {

class Books final : public ratchet::engine::testing::World {
 public:
  void serve(Handlers& handlers, Host&) override {
    handlers.handle(shop::reserve,
                    [this](const AttemptInfo&, const shop::Order&, const auto& answer) {
                      reserved_ = true;
                      answer.complete(shop::Done{});
                    });
    handlers.handle(shop::charge,
                    [this](const AttemptInfo&, const shop::Order&, const auto& answer) {
                      ++charges_;
                      answer.complete(shop::Payment{});
                    });
    handlers.probe(shop::charge,
                   [this](const AttemptInfo&, const shop::Order&, const auto& answer) {
                     charges_ > 0 ? answer.done(shop::Payment{}) : answer.not_done();
                   });
    handlers.handle(shop::ship,
                    [this](const AttemptInfo&, const shop::Shipment&, const auto& answer) {
                      ++parcels_;
                      answer.complete(shop::Parcel{});
                    });
    handlers.probe(shop::ship,
                   [this](const AttemptInfo&, const shop::Shipment&, const auto& answer) {
                     parcels_ > 0 ? answer.done(shop::Parcel{}) : answer.not_done();
                   });
  }
  std::string state() const override {
    return (reserved_ ? "reserved, charged x" : "charged x") + std::to_string(charges_) +
           ", sent x" + std::to_string(parcels_);
  }

 private:
  bool reserved_ = false;
  int charges_ = 0;
  int parcels_ = 0;
};

TEST(Order, IsPaidAndSentOnceWhereverItIsStopped) {
  const auto report = ratchet::engine::testing::expect_survives(
      {.registry = [](Registry& registry) { registry.add("order", 1, shop::order); },
       .world = [] { return std::make_unique<Books>(); },
       .workflow = "order",
       .input = shop::Order{}.SerializeAsString()});
  EXPECT_EQ(report.end.find("reserved, charged x1, sent x1"), 0U) << report.end;
}

}  // namespace
