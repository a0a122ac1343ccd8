// shop run FOLDER ID    orders one book, or goes on with that order
// shop show FOLDER ID   the events of the order, from a log that is live, closed or killed
// shop verify FOLDER
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "engine/inspect/events.h"
#include "engine/inspect/verify.h"
#include "engine/runtime/local_engine.h"
#include "shop/order.h"
#include "store/rocks_log.h"

using namespace ratchet;
using namespace ratchet::engine;
using namespace std::chrono_literals;

namespace {

// The bank and the carrier: a file for everything that happened, so that it outlives the program.
class World {
 public:
  explicit World(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
  }

  // Every performance leaves a line, also the second one of the same thing.
  std::string perform(const std::string& what, const AttemptInfo& attempt) {
    std::ofstream(folder_ / "performed", std::ios::app)
        << attempt.command << " " << what << std::endl;
    std::this_thread::sleep_for(20ms);
    std::string number = what + "-" + std::to_string(attempt.command);
    std::ofstream(folder_ / what) << number << std::flush;
    std::this_thread::sleep_for(20ms);
    return number;
  }
  std::optional<std::string> find(const std::string& what) const {
    std::ifstream in(folder_ / what);
    std::string number;
    if (!std::getline(in, number)) return std::nullopt;
    return number;
  }

 private:
  std::filesystem::path folder_;
};

shop::Payment payment(const std::string& number) {
  shop::Payment payment;
  payment.set_number(number);
  return payment;
}

shop::Parcel parcel(const std::string& number) {
  shop::Parcel parcel;
  parcel.set_tracking(number);
  return parcel;
}

void serve(LocalEngine& local, World& world) {
  // doc: perform
  local.perform(shop::reserve, [&world](const AttemptInfo& attempt, const shop::Order& order) {
    world.perform("reserve-" + order.id(), attempt);
    return shop::Done{};
  });
  // doc end
  local.perform(shop::release, [&world](const AttemptInfo& attempt, const shop::Order& order) {
    world.perform("release-" + order.id(), attempt);
    return shop::Done{};
  });
  // doc: probe
  local.perform(shop::charge, [&world](const AttemptInfo& attempt, const shop::Order& order) {
    return payment(world.perform("charge-" + order.id(), attempt));
  });
  local.probe(
      shop::charge,
      [&world](const AttemptInfo&, const shop::Order& order) -> std::optional<shop::Payment> {
        const auto found = world.find("charge-" + order.id());
        if (!found) return std::nullopt;
        return payment(*found);
      });
  // doc end
  local.perform(shop::ship, [&world](const AttemptInfo& attempt, const shop::Shipment& shipment) {
    return parcel(world.perform("ship-" + shipment.order().id(), attempt));
  });
  local.probe(
      shop::ship,
      [&world](const AttemptInfo&, const shop::Shipment& shipment) -> std::optional<shop::Parcel> {
        const auto found = world.find("ship-" + shipment.order().id());
        if (!found) return std::nullopt;
        return parcel(*found);
      });
}

int run(const std::filesystem::path& folder, const std::string& id) {
  World world(folder / "world");
  // doc: run
  LocalEngine local({.log = folder / "log", .anchor = folder / "anchor", .build = "shop 1"});
  local.registry().add("order", 1, shop::order);
  serve(local, world);
  local.open();

  shop::Order request;
  request.set_id(id);
  request.set_article("a book");
  request.set_cents(1995);
  local.engine().start(id, "order", request.SerializeAsString(), "reader");  // no-op if it is known
  const Outcome<shop::Receipt> end = local.finish<shop::Receipt>(id, 30s);
  // doc end
  if (!end.ok()) {
    std::cerr << end.failed->code << ": " << end.failed->message << "\n";
    return 1;
  }
  std::cout << "paid by " << end.value->payment() << ", sent as " << end.value->tracking() << "\n";
  return 0;
}

int show(const std::filesystem::path& folder, const std::string& id) {
  const auto log = store::open_rocks_reader((folder / "log").string());
  const auto run = find_run(*log, id);
  if (!run) return 1;
  // doc: history
  for (const RecordedEvent& event : EventReader(run->run).next(*log)) {
    std::cout << event.turn << " " << name_of(event.event) << " " << event.command << " "
              << event.name << "\n";
  }
  // doc end
  return 0;
}

int check(const std::filesystem::path& folder) {
  // doc: verify
  const auto log = store::open_rocks_reader((folder / "log").string());
  const VerifyReport report = verify(*log);
  for (const std::string& problem : report.problems) std::cout << problem << "\n";
  // doc end
  std::cout << report.records << " records, " << report.problems.size() << " problems\n";
  return report.ok() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  try {
    if (command == "run" && argc == 4) return run(argv[2], argv[3]);
    if (command == "show" && argc == 4) return show(argv[2], argv[3]);
    if (command == "verify" && argc == 3) return check(argv[2]);
  } catch (const std::exception& error) {
    std::cerr << "shop: " << error.what() << "\n";
    return 1;
  }
  std::cerr << "shop run FOLDER ID | show FOLDER ID | verify FOLDER\n";
  return 2;
}
