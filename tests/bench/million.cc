// A large log, and ratchetctl with the workflows that it was made of:
//   bench_ctl make DIR EVENTS    a log of exactly so many events, by the engine: one long run, a
//   tenth of a
//                                percent of runs that wait, and many short ones
//   bench_ctl ctl WORD…          `ratchetctl WORD…`; the last line on standard error is the most
//                                memory that it had, in megabytes
// million.py measures with it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/loads.h"
#include "tests/bench/measure.h"
#include "tests/bench/server.h"
#include "tests/bench/workflows.h"
#include "tools/ratchetctl/ctl.h"

namespace ratchet::bench {
namespace {

constexpr std::uint32_t short_steps = 9;

// A run of n steps has n + 1 turns of two events each; one that waits has one turn.
constexpr std::size_t events_of_stepping(std::size_t steps) { return 2 * (steps + 1); }
constexpr std::size_t events_of_waiting = 2;

void run_all(Server& server, const std::string& name, std::size_t runs, std::size_t steps) {
  Load load;
  load.name = name;
  load.workflow = stepping;
  load.input = bytes(static_cast<std::uint32_t>(steps));
  load.runs = runs;
  load.in_flight = 1024;
  drive(server, load);
}

void make(const std::string& dir, std::size_t events) {
  if (events == 0 || events % 5000 != 0) throw std::invalid_argument("a multiple of 5000 events");
  const std::size_t long_steps = events / 200 - 1;
  const std::size_t waiting = events / 1000;
  const std::size_t rest = events - events_of_stepping(long_steps) - waiting * events_of_waiting;
  Server server(dir);
  server.open();
  run_all(server, "long", 1, long_steps);
  Load waits;
  waits.name = "waiting";
  waits.workflow = suspended;
  waits.input = bytes(std::uint32_t{0});
  waits.runs = waiting;
  waits.in_flight = 1024;
  waits.through = awaits_signal;
  drive(server, waits);
  run_all(server, "short", rest / events_of_stepping(short_steps), short_steps);
}

int main_or_throw(const std::vector<std::string>& words) {
  if (words.size() == 3 && words[0] == "make") {
    make(words[1], std::stoull(words[2]));
    return EXIT_SUCCESS;
  }
  if (words.empty() || words[0] != "ctl") throw std::invalid_argument("see million.cc");
  engine::Registry registry;
  add_workflows(registry);
  const int code =
      ratchetctl::run({words.begin() + 1, words.end()}, registry, {std::cout, std::cerr, {}});
  std::cout.flush();
  std::cerr << status_mb("VmHWM") << "\n";
  return code;
}

}  // namespace
}  // namespace ratchet::bench

int main(int argc, char** argv) {
  try {
    return ratchet::bench::main_or_throw({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "bench_ctl: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
