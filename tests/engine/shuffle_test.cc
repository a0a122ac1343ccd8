// What is proved: a run's history does not depend on what else the process does, nor in which order
// the answers of different runs come.
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <random>
#include <regex>

#include <gtest/gtest.h>

#include "engine/inspect/verify.h"
#include "tests/engine/process.h"
#include "tests/engine/travel.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;

constexpr int runs = 6;
constexpr std::uint32_t seeds = 200;

std::string name(int run) { return "run-" + std::to_string(run); }

// Answers come after a delay that the seed draws: a shuffled schedule, as far as a host may
// shuffle.
void delay_answers(Process& process, std::minstd_rand& random) {
  std::vector<Handlers::Entry> entries;
  process.handlers.for_each([&](const Handlers::Entry& entry) { entries.push_back(entry); });
  for (Handlers::Entry& entry : entries) {
    entry.perform = [&, perform = entry.perform](const AttemptInfo& info, const Bytes& input,
                                                 const auto& sink) {
      process.host.wake_at(process.host.now() + Duration(random() % 100'000),
                           [=] { perform(info, input, sink); });
    };
    process.handlers.put(entry);
  }
}

void approve_who_waits(Process& process, std::size_t& seen) {
  for (; seen < process.seen.size(); ++seen) {
    const Recorded recorded = process.seen[seen];
    for (const Event& event : recorded.turn.events) {
      if (!std::holds_alternative<SignalAwaited>(event)) continue;
      process.engine->signal(recorded.run_id, approval.name(), text("boss").SerializeAsString(),
                             "boss");
    }
  }
}

// The histories of all runs, without times.
std::string histories(std::uint32_t seed) {
  Outside outside;
  Ledger ledger;
  std::minstd_rand random(seed);
  Process process(outside);
  process.registry.add("travel", 1, travel);
  ledger.serve(process.handlers, process.host);
  if (seed != 0) delay_answers(process, random);
  process.open();
  std::vector<int> order(runs);
  std::iota(order.begin(), order.end(), 0);
  if (seed != 0) std::ranges::shuffle(order, random);
  for (const int run : order) {
    process.engine->start(name(run), "travel", text("Rome").SerializeAsString(), "ann");
  }
  std::size_t seen = 0;
  while (process.host.step()) approve_who_waits(process, seen);
  EXPECT_TRUE(verify(process.log).ok());
  std::string all;
  for (int run = 0; run < runs; ++run) all += process.history(name(run));
  return std::regex_replace(all, std::regex(" due [0-9]+ us"), "");
}

TEST(Shuffle, TheOrderOfAnswersChangesNoHistory) {
  const std::string in_order = histories(0);
  EXPECT_NE(in_order.find("run completed"), std::string::npos);
  for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
    ASSERT_EQ(histories(seed), in_order) << "seed " << seed;
  }
  std::cout << "ways of travel, " << runs << " at once: answers in " << seeds << " orders\n";
}

}  // namespace
}  // namespace ratchet::engine::testing
