// W4 and W7: runs that wait, a real kill -9, a restart. See child.h.
#include <iostream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/bench/child.h"
#include "tests/bench/loads.h"
#include "tests/bench/workflows.h"

namespace ratchet::bench {

namespace {

constexpr std::chrono::minutes killed_within{10};
constexpr std::size_t most_commands = 16;  // of a run of these workflows

bool in_memory(const Order& order) { return order.part.starts_with("w7"); }

double since_spawned(const Order& order) {
  const Clock::time_point spawned{std::chrono::nanoseconds(order.spawned_ns)};
  return seconds(Clock::now() - spawned);
}

// How often each step was performed by this process.
class Performed {
 public:
  explicit Performed(std::size_t runs) : times_(runs * most_commands) {}
  void add(const engine::AttemptInfo& info) {
    ++times_.at(number_of(info.run_id) * most_commands + info.command);
  }
  // Commands first … last of the first `runs` runs are due once; all others never.
  void report(std::size_t runs, std::size_t first, std::size_t last, Json& into) const {
    std::size_t repeated = 0;
    std::size_t missing = 0;
    for (std::size_t i = 0; i < times_.size(); ++i) {
      const std::size_t command = i % most_commands;
      const bool is_due = i / most_commands < runs && command >= first && command <= last;
      if (is_due && times_[i] == 0) ++missing;
      repeated += times_[i] - (is_due && times_[i] > 0 ? 1U : 0U);
    }
    into["steps_repeated_after"] = repeated;
    into["steps_missing"] = missing;
  }

 private:
  std::vector<std::uint8_t> times_;
};

}  // namespace

Json block_until_killed(const Order& order) {
  Server server(order.dir);
  server.open();
  drive(server, {.name = "run",
                 .workflow = in_memory(order) ? suspended : blocking,
                 .input = bytes(static_cast<std::uint32_t>(order.steps)),
                 .runs = order.runs,
                 .in_flight = order.in_flight,
                 .through = awaits_signal});
  std::cout << Json{{"server_peak_mb", status_mb("VmHWM")}} << std::endl;
  std::this_thread::sleep_for(killed_within);
  throw std::runtime_error("nobody killed this process");
}

Json restart_and_release(const Order& order) {
  Performed performed(in_memory(order) ? 0 : order.runs);  // a step of those would be an error
  Server server(order.dir, [&](const engine::AttemptInfo& info) { performed.add(info); });
  server.open();
  Json figures{{"ready_s", since_spawned(order)}, {"resident_mb", status_mb("VmRSS")}};
  const std::size_t released = in_memory(order) ? order.warm_up : order.runs;
  std::size_t ended = 0;
  server.observe([&](const engine::Recorded& recorded) {
    if (recorded.state == engine::RunState::completed && ++ended == released) server.stop();
  });
  const auto begin = Clock::now();
  server.run([&] {
    for (std::size_t i = 0; i < released; ++i) {
      if (!server.engine().signal(run_id("run", i), release.name(), bytes("go"), "bench")) {
        throw std::runtime_error("there is no open run " + run_id("run", i));
      }
    }
  });
  figures["release_to_done_s"] = seconds(Clock::now() - begin);
  figures["restart_to_done_s"] = since_spawned(order);
  const std::size_t second_half = order.steps + 2;  // steps, the signal, steps
  performed.report(released, second_half, second_half + order.steps - 1, figures);
  figures["server_peak_mb"] = status_mb("VmHWM");
  figures["server_cpu_s"] = cpu_seconds();
  return figures;
}

}  // namespace ratchet::bench
