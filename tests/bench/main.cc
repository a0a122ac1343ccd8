// bench: what the engine can do on this machine's disk. docs/PERFORMANCE.md says how to read it.
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tests/bench/parent.h"

namespace ratchet::bench {
namespace {

// One row per line: the figures that the workload has a target for.
void print_table(const std::vector<Json>& lines) {
  const std::vector<const char*> columns{"steps_per_s",
                                         "p50_ms",
                                         "p99_ms",
                                         "cpu_ms_per_step",
                                         "syncs_per_run",
                                         "sync_ms_per_run",
                                         "starts_per_s",
                                         "ready_s",
                                         "restart_to_done_s",
                                         "events_per_s",
                                         "resident_mb",
                                         "server_peak_mb",
                                         "bytes_per_step_after",
                                         "wal_bytes_per_step",
                                         "all_done_after_last_due_s",
                                         "fsync_p50_us"};
  for (const Json& line : lines) {
    std::cerr << std::left << std::setw(14) << line.at("workload").get<std::string>() << " #"
              << line.at("rep");
    if (line.contains("events_before")) std::cerr << " on " << line["events_before"] << " events";
    for (const char* column : columns) {
      if (!line.contains(column)) continue;
      std::cerr << " | " << column << ' ' << std::setprecision(4) << line[column].get<double>();
    }
    std::cerr << '\n';
  }
}

int measure(const Plan& plan) {
  std::vector<Json> lines;
  run_plan(plan, [&](const Json& line) {
    std::cout << line.dump() << std::endl;
    lines.push_back(line);
  });
  print_table(lines);
  return EXIT_SUCCESS;
}

int main_or_throw(int argc, char** argv) {
  CLI::App app{
      "Measures the engine: one JSON object per workload and repetition on standard "
      "output, a table on standard error. Ends with an error if a log is not whole."};
  Plan plan{.workloads = {"w1", "w2", "w3", "w4", "w6-replay", "w7-suspended", "w8-growth"},
            .dir = "bench-data"};
  app.add_option("--workloads", plan.workloads, "which, separated by commas")->delimiter(',');
  app.add_option("--reps", plan.reps, "repetitions of each");
  app.add_option("--rep0", plan.rep0, "number of the first repetition");
  app.add_option("--dir", plan.dir, "folder for the logs, on the disk to measure");
  app.add_option("--scale", plan.scale, "factor on every number of runs")
      ->check(CLI::PositiveNumber);
  app.add_flag("--keep", plan.keep, "keep the logs");
  Order order;
  CLI::App* child = app.add_subcommand("child", "")->group("");  // what run_plan starts
  child->add_option("part", order.part)->required();
  child->add_option("dir", order.dir)->required();
  child->add_option("runs", order.runs)->required();
  child->add_option("steps", order.steps)->required();
  child->add_option("warm_up", order.warm_up)->required();
  child->add_option("in_flight", order.in_flight)->required();
  child->add_option("name", order.name)->required();
  child->add_option("spawned", order.spawned_ns)->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  if (!child->parsed()) return measure(plan);
  std::cout << run_child(order).dump() << std::endl;
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace ratchet::bench

int main(int argc, char** argv) {
  try {
    return ratchet::bench::main_or_throw(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "bench: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
