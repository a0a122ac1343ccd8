#include "tests/engine/every_way.h"

#include <cstdint>
#include <iostream>
#include <memory>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/inspect/history.h"
#include "tests/engine/disk.h"
#include "tests/engine/process.h"

namespace ratchet::engine::testing {

namespace {

using Way = CrashReport (*)(const CrashCase& crash_case);

// Its activities answer in tasks of their own, when the run could have been evicted; with a seed
// after a delay that it draws: a shuffled schedule, as far as a host may shuffle.
class Later final : public World {
 public:
  Later(std::unique_ptr<World> world, std::uint32_t seed)
      : world_(std::move(world)), shuffles_(seed != 0), random_(seed) {}

  void serve(Handlers& handlers, Host& host) override {
    world_->serve(handlers, host);
    std::vector<Handlers::Entry> entries;
    handlers.for_each([&](const Handlers::Entry& entry) { entries.push_back(entry); });
    for (Handlers::Entry& entry : entries) {
      entry.perform = [this, &host, perform = entry.perform](const AttemptInfo& info,
                                                             const Bytes& input, const auto& sink) {
        host.wake_at(host.now() + delay(),
                     [perform, info, input, sink] { perform(info, input, sink); });
      };
      handlers.put(std::move(entry));
    }
  }
  void meet(Engine& engine, MemoryAnchor& anchor) override { world_->meet(engine, anchor); }
  void steer(Engine& engine) override { world_->steer(engine); }
  std::string state() const override { return world_->state(); }

 private:
  Duration delay() { return shuffles_ ? Duration(random_() % 100'000) : Duration{}; }

  std::unique_ptr<World> world_;
  bool shuffles_;
  std::minstd_rand random_;
};

std::string histories_in(const store::LogReader& log) {
  std::string all;
  for (const RunInfo& run : list_runs(log)) {
    all += run.run_id + "\n" + history_of(log, run.run_id);
  }
  return all;
}

struct Told {
  std::string end;
  std::string histories;  // without faults
};

Told told_by(Way way, CrashCase crash_case, std::uint32_t seed) {
  crash_case.world = [world = std::move(crash_case.world), seed] {
    return std::make_unique<Later>(world(), seed);
  };
  std::shared_ptr<Disk> first;
  crash_case.place = [&first] {
    auto disk = memory_disk();
    if (!first) first = disk;
    return place_of(std::move(disk));
  };
  const CrashReport report = way(crash_case);
  EXPECT_EQ(report.failures, std::vector<std::string>{});
  return {report.end, histories_in(*first->read())};
}

// The lines of histories, without when and in which turn.
std::multiset<std::string> events_in(const std::string& histories) {
  const std::regex when("^[0-9]+ | due [0-9]+ us");
  std::multiset<std::string> events;
  std::istringstream lines(histories);
  for (std::string line; std::getline(lines, line);) {
    events.insert(std::regex_replace(line, when, ""));
  }
  return events;
}

// The end to which all of them come.
std::string end_of_all(Way way, CrashCase crash_case, AnswerOrder order, std::uint32_t seeds) {
  const std::string workflow = crash_case.workflow;
  const Told resident = told_by(way, crash_case, 0);
  for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("answers in the order of seed " + std::to_string(seed));
    const Told shuffled = told_by(way, crash_case, seed);
    EXPECT_EQ(shuffled.end, resident.end);
    if (order == AnswerOrder::shown) continue;
    EXPECT_EQ(events_in(shuffled.histories), events_in(resident.histories));
  }
  SCOPED_TRACE("evicted at every await");
  crash_case.resident_runs = 0;
  const Told evicted = told_by(way, std::move(crash_case), 0);
  EXPECT_EQ(evicted.end, resident.end);
  EXPECT_EQ(evicted.histories, resident.histories);
  std::cout << "ways of " << workflow << ": " << events_in(resident.histories).size()
            << " lines of history, evicted at every await, answers in " << seeds << " orders\n";
  return resident.end;
}

}  // namespace

CrashReport in_every_way(CrashCase crash_case, AnswerOrder order) {
  crash_case.pairs = true;
  const CrashReport report = run_crash_matrix(crash_case);
  EXPECT_EQ(report.failures, std::vector<std::string>{});
  EXPECT_GT(report.pairs, report.points);
  crash_case.pairs = false;
  EXPECT_EQ(end_of_all(run_crash_matrix, std::move(crash_case), order, 3), report.end);
  return report;
}

void must_not_depend_on_the_way(const CrashCase& crash_case, AnswerOrder order) {
  end_of_all(run_without_faults, crash_case, order, 10);
}

}  // namespace ratchet::engine::testing
