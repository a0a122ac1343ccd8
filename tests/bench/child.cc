#include "tests/bench/child.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "engine/inspect/replay.h"
#include "store/rocks_log.h"
#include "tests/bench/loads.h"
#include "tests/bench/wal_count.h"
#include "tests/bench/workflows.h"

namespace ratchet::bench {

namespace {

Load stepping_load(const Order& order, const std::string& name, std::size_t runs) {
  return {.name = name,
          .workflow = stepping,
          .input = bytes(static_cast<std::uint32_t>(order.steps)),
          .runs = runs,
          .in_flight = order.in_flight,
          .through = {}};
}

std::map<std::string, std::uintmax_t> tables_in(const std::string& dir) {
  std::map<std::string, std::uintmax_t> sizes;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    std::error_code gone;  // between the listing and the look
    const std::uintmax_t size = entry.file_size(gone);
    if (!gone && entry.path().extension() == ".sst") sizes.emplace(entry.path().filename(), size);
  }
  return sizes;
}

// A log that was filled a moment ago is being compacted; one that holds as much is not.
void await_compacted(const std::string& dir) {
  constexpr int quiet = 6;
  constexpr int most = 240;
  auto seen = tables_in(dir);
  for (int looks = 0, same = 0; same < quiet; ++looks) {
    if (looks == most) throw std::runtime_error("the log is still being compacted");
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    auto now = tables_in(dir);
    same = now == seen ? same + 1 : 0;
    seen = std::move(now);
  }
}

// What W8 comes after.
Json fill(const Order& order) {
  Server server(order.dir);
  server.open();
  const Measured m = drive(server, stepping_load(order, order.name, order.runs));
  await_compacted(order.dir);
  return {{"syncs", m.syncs}};
}

// W1, W2 and W8: runs of steps, after some to warm up.
Json steps(const Order& order) {
  Server server(order.dir);
  server.open();
  if (order.warm_up > 0) drive(server, stepping_load(order, "warm", order.warm_up));
  Measured m = drive(server, stepping_load(order, order.name, order.runs));
  const auto runs = static_cast<double>(order.runs);
  const double all = runs * static_cast<double>(order.steps);
  return {{"steps_per_s", all / m.elapsed_s},
          {"workflows_per_s", runs / m.elapsed_s},
          {"p50_ms", percentile(m.ms, 0.5)},
          {"p99_ms", percentile(m.ms, 0.99)},
          {"server_peak_mb", status_mb("VmHWM")},
          {"server_cpu_s", m.cpu_s},
          {"cpu_ms_per_step", m.cpu_s * 1e3 / all},
          {"wal_bytes_per_step", static_cast<double>(m.wal_bytes) / all},
          {"syncs", m.syncs},
          {"syncs_per_run", static_cast<double>(m.syncs) / runs},
          {"sync_ms_per_run", m.sync_s * 1e3 / runs}};
}

// W3: all runs at once into a durable timer.
Json sleepers(const Order& order) {
  Server server(order.dir);
  server.open();
  engine::Time last_due{};
  engine::Time last_end{};
  std::size_t ended = 0;
  const auto through = [&](const engine::Recorded& recorded) {
    if (const auto* timer = std::get_if<engine::TimerStarted>(&recorded.turn.events.back())) {
      last_due = std::max(last_due, timer->due);
      return true;
    }
    return false;
  };
  const Load load{.name = "run",
                  .workflow = sleeping,
                  .input = bytes(static_cast<std::uint32_t>(order.steps)),
                  .runs = order.runs,
                  .in_flight = order.runs,
                  .through = through};
  const Measured m = drive(server, load);
  server.observe([&](const engine::Recorded& recorded) {
    if (recorded.state != engine::RunState::completed) return;
    last_end = server.now();
    if (++ended == order.runs) server.stop();
  });
  server.run([] {});
  const std::chrono::duration<double> late = last_end - last_due;
  return {{"starts_per_s", static_cast<double>(order.runs) / m.elapsed_s},
          {"all_done_after_last_due_s", late.count()},
          {"server_peak_mb", status_mb("VmHWM")},
          {"server_cpu_s", cpu_seconds()},
          {"syncs", std::uint64_t{server.wal().syncs}}};
}

Json replay(const Order& order) {
  engine::Registry registry;
  add_workflows(registry);
  const auto log = store::open_rocks_reader(order.dir);
  const double cpu = cpu_seconds();
  const auto begin = Clock::now();
  std::uint64_t events = 0;
  std::size_t runs = 0;
  for (const engine::ReplayReport& report : engine::replay_all(*log, registry)) {
    if (report.divergence) throw std::runtime_error(report.divergence->text());
    events += report.events;
    ++runs;
  }
  if (runs != order.runs) throw std::runtime_error("not every run was replayed");
  const double elapsed = seconds(Clock::now() - begin);
  return {{"events_per_s", static_cast<double>(events) / elapsed},
          {"events", events},
          {"server_peak_mb", status_mb("VmHWM")},
          {"server_cpu_s", cpu_seconds() - cpu}};
}

Json open_and_close(const Order& order) {
  Server server(order.dir);
  server.open();
  return {{"syncs", std::uint64_t{server.wal().syncs}}};
}

}  // namespace

Json run_child(const Order& order) {
  if (order.part == "empty") return open_and_close(order);
  if (order.part == "fill") return fill(order);
  if (order.part == "steps") return steps(order);
  if (order.part == "sleepers") return sleepers(order);
  if (order.part == "replay") return replay(order);
  if (order.part.ends_with("-block")) return block_until_killed(order);
  if (order.part.ends_with("-release")) return restart_and_release(order);
  throw std::invalid_argument("no part is called " + order.part);
}

}  // namespace ratchet::bench
