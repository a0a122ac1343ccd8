// The order is stopped after every record and around every activity, and must come to the same end.
#include <iostream>
#include <map>
#include <memory>

#include "engine/testing/crash_matrix.h"
#include "shop/order.h"

using namespace ratchet::engine;

namespace {

class Books final : public testing::World {
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

}  // namespace

int main() {
  const testing::CrashReport report = testing::run_crash_matrix(
      {.registry = [](Registry& registry) { registry.add("order", 1, shop::order); },
       .world = [] { return std::make_unique<Books>(); },
       .workflow = "order",
       .input = shop::Order{}.SerializeAsString()});
  for (const std::string& failure : report.failures) std::cout << failure << "\n";
  std::cout << report.end << "\n";
  return report.failures.empty() && report.points > 0 ? 0 : 1;
}
