#include "tests/bench/loads.h"

#include <charconv>
#include <stdexcept>

#include "tests/bench/wal_count.h"

namespace ratchet::bench {

namespace {

bool has_ended(const engine::Recorded& recorded) {
  return recorded.state == engine::RunState::completed;
}

class Driver {
 public:
  Driver(Server& server, const Load& load) : server_(server), load_(load), begun_(load.runs) {
    measured_.ms.reserve(load.runs);
  }

  Measured run() {
    const std::uint64_t syncs = server_.wal().syncs;
    const std::uint64_t sync_ns = server_.wal().sync_ns;
    const std::uint64_t wal_bytes = server_.wal().bytes;
    const double cpu = cpu_seconds();
    const auto begin = Clock::now();
    server_.observe([this](const engine::Recorded& recorded) { see(recorded); });
    server_.run([this] { fill(); });
    measured_.elapsed_s = seconds(Clock::now() - begin);
    measured_.cpu_s = cpu_seconds() - cpu;
    measured_.syncs = server_.wal().syncs - syncs;
    measured_.sync_s = static_cast<double>(server_.wal().sync_ns - sync_ns) / 1e9;
    measured_.wal_bytes = server_.wal().bytes - wal_bytes;
    server_.observe({});
    return std::move(measured_);
  }

 private:
  // One start a task of the host, as a daemon's requests are: in between it sees what has become
  // durable. The next task is queued before the start, and so is over before the load is.
  void fill() {
    if (started_ == load_.runs || started_ - measured_.ms.size() >= load_.in_flight) return;
    server_.post([this] { fill(); });
    start();
  }

  void start() {
    const std::size_t number = started_++;
    begun_[number] = Clock::now();
    server_.engine().start(run_id(load_.name, number), load_.workflow, load_.input, "bench");
  }

  void see(const engine::Recorded& recorded) {
    if (recorded.state == engine::RunState::failed ||
        recorded.state == engine::RunState::quarantined) {
      throw std::runtime_error("run " + recorded.run_id + " failed");
    }
    if (load_.through ? !load_.through(recorded) : !has_ended(recorded)) return;
    measured_.ms.push_back(seconds(Clock::now() - begun_[number_of(recorded.run_id)]) * 1e3);
    if (measured_.ms.size() == load_.runs) return server_.stop();
    if (started_ < load_.runs) start();
  }

  Server& server_;
  const Load& load_;
  std::vector<Clock::time_point> begun_;
  std::size_t started_ = 0;
  Measured measured_;
};

}  // namespace

Measured drive(Server& server, const Load& load) { return Driver(server, load).run(); }

std::string run_id(const std::string& load, std::size_t number) {
  return load + "-" + std::to_string(number);
}

std::size_t number_of(const std::string& run_id) {
  const std::size_t digits = run_id.rfind('-') + 1;
  std::size_t number = 0;
  std::from_chars(run_id.data() + digits, run_id.data() + run_id.size(), number);
  return number;
}

bool is_start(const engine::Recorded& recorded) { return recorded.turn.turn == 0; }

bool awaits_signal(const engine::Recorded& recorded) {
  return std::holds_alternative<engine::SignalAwaited>(recorded.turn.events.back());
}

}  // namespace ratchet::bench
