#include "tests/bench/parent.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/inspect/verify.h"
#include "store/checkpoint.h"
#include "store/rocks_log.h"
#include "tests/bench/measure.h"
#include "tests/bench/server.h"

namespace ratchet::bench {

namespace {

namespace fs = std::filesystem;

// A process of this program that does one part.
class Child {
 public:
  explicit Child(Order order) {
    order.spawned_ns = Clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
    std::vector<std::string> words{"bench", "child", order.part, order.dir};
    for (const std::size_t number : {order.runs, order.steps, order.warm_up, order.in_flight}) {
      words.push_back(std::to_string(number));
    }
    words.push_back(order.name);
    words.push_back(std::to_string(order.spawned_ns));
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
    pid_ = fork();
    if (pid_ < 0) fail("fork");
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      execv("/proc/self/exe", arguments.data());
      _exit(127);
    }
    close(ends[1]);
    out_ = fdopen(ends[0], "r");
  }
  ~Child() {
    if (pid_ > 0) kill_9();
    if (out_ != nullptr) std::fclose(out_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The next line that it prints.
  Json figures() {
    std::string line;
    for (int c = std::fgetc(out_); c != EOF && c != '\n'; c = std::fgetc(out_)) {
      line.push_back(static_cast<char>(c));
    }
    if (line.empty()) throw std::runtime_error("the child ended without figures");
    return Json::parse(line);
  }

  void kill_9() {
    ::kill(pid_, SIGKILL);
    wait();
  }

  // Until it has closed its log and ended.
  void end() {
    const int status = wait();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      throw std::runtime_error("the child failed with status " + std::to_string(status));
    }
  }

 private:
  [[noreturn]] static void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  int wait() {
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
  }

  pid_t pid_ = -1;
  std::FILE* out_ = nullptr;
};

Json in_child(const Order& order) {
  Child child(order);
  Json figures = child.figures();
  child.end();
  return figures;
}

// What a log must hold in the end.
struct Expected {
  std::uint64_t runs = 0;
  std::uint64_t events = 0;

  void add_steps(std::size_t count, std::size_t steps) {
    runs += count;
    events += count * (2 + 2 * steps);
  }
};

void check(const std::string& dir, const Expected& expected) {
  std::ifstream anchor(anchor_file(dir));
  const store::Head anchored =
      store::from_checkpoint(std::string(std::istreambuf_iterator<char>(anchor), {}));
  const auto log = store::open_rocks_reader(dir);
  const engine::VerifyReport report = engine::verify(*log, anchored);
  if (!report.ok()) throw std::runtime_error("verify: " + report.problems.front());
  if (report.runs != expected.runs || report.events != expected.events) {
    throw std::runtime_error("the log holds " + std::to_string(report.runs) + " runs and " +
                             std::to_string(report.events) + " events instead of " +
                             std::to_string(expected.runs) + " and " +
                             std::to_string(expected.events));
  }
}

class Bench {
 public:
  Bench(const Plan& plan, const std::function<void(const Json&)>& each)
      : plan_(plan), each_(each) {}

  void run(const std::string& workload, std::size_t rep) {
    rep_ = rep;
    if (workload == "w1") {
      w1("w1", 0);
    } else if (workload == "w2") {
      w2(1);
      w2(10);
    } else if (workload == "w3") {
      w3();
    } else if (workload == "w4") {
      killed("w4", {"w4", "", scaled(2000), 5, 0, scaled(2000)}, scaled(2000));
    } else if (workload == "w6-replay") {
      w6();
    } else if (workload == "w7-suspended") {
      killed("w7-suspended", {"w7", "", scaled(1'000'000), 0, scaled(1000), 1024}, scaled(1000));
    } else if (workload == "w8-growth") {
      for (const std::size_t events : {0, 1'000'000, 10'000'000}) w1("w8-growth", events);
    } else {
      throw std::runtime_error("there is no such workload");
    }
  }

 private:
  std::size_t scaled(std::size_t runs) const {
    return std::max<std::size_t>(1, std::lround(static_cast<double>(runs) * plan_.scale));
  }

  // A folder that holds nothing, and the disk's limit of this minute.
  std::string fresh(const std::string& workload) {
    workload_ = workload;
    fs::create_directories(plan_.dir);
    fsync_us_ = fsync_p50_us(plan_.dir);
    std::string dir = plan_.dir + "/" + workload + "-" + std::to_string(rep_);
    remove(dir);
    return dir;
  }
  static void remove(const std::string& dir) {
    fs::remove_all(dir);
    fs::remove(anchor_file(dir));
  }

  void done(const std::string& dir, const Expected& expected, const Json& figures) {
    check(dir, expected);
    Json line{{"peer", "ratchet"}, {"workload", workload_}, {"rep", rep_}};
    line.update(figures);
    line["fsync_p50_us"] = fsync_us_;
    line["verified_events"] = expected.events;
    each_(line);
    if (!plan_.keep) remove(dir);
  }

  // A log that already holds so many events, and W1 on it.
  void w1(const std::string& workload, std::size_t events_before) {
    const std::string dir = fresh(workload);
    Expected expected;
    if (events_before > 0) {
      const std::size_t runs = scaled(events_before / 22);
      in_child({"fill", dir, runs, 10, 0, 1024, "fill"});
      expected.add_steps(runs, 10);
    }
    const Order order{"steps", dir, scaled(2000), 10, scaled(200), 64};
    Json figures = in_child(order);
    expected.add_steps(order.runs + order.warm_up, order.steps);
    if (workload == "w8-growth") figures["events_before"] = events_before;
    const auto all = static_cast<double>((order.runs + order.warm_up) * order.steps);
    if (events_before == 0) {
      figures["bytes_per_step_after"] =
          (static_cast<double>(bytes_in(dir)) - static_cast<double>(empty_log())) / all;
    }
    done(dir, expected, figures);
  }

  std::uint64_t empty_log() {
    const std::string dir = plan_.dir + "/empty";
    remove(dir);
    in_child({"empty", dir, 0, 0, 0, 1});
    const std::uint64_t bytes = bytes_in(dir);
    remove(dir);
    return bytes;
  }

  void w2(std::size_t steps) {
    const std::string dir = fresh("w2-s" + std::to_string(steps));
    const Order order{"steps", dir, scaled(300), steps, scaled(100), 1};
    const Json figures = in_child(order);
    Expected expected;
    expected.add_steps(order.runs + order.warm_up, steps);
    done(dir, expected, figures);
    // One sync a turn: the start, with the first step's intent, and each completion. No fewer
    // either: then something was acknowledged that is not durable.
    if (figures.at("syncs").get<std::uint64_t>() != order.runs * (steps + 1)) {
      throw std::runtime_error("not one sync a turn: " + figures.dump());
    }
  }

  void w3() {
    const std::string dir = fresh("w3");
    const Order order{"sleepers", dir, scaled(5000), 5000, 0, 1};
    const Json figures = in_child(order);
    done(dir, {order.runs, order.runs * 4}, figures);
  }

  void w6() {
    const std::string dir = fresh("w6-replay");
    const std::size_t runs = scaled(100'000);
    in_child({"steps", dir, runs, 10, 0, 256});
    const Json figures = in_child({"replay", dir, runs, 10, 0, 1});
    Expected expected;
    expected.add_steps(runs, 10);
    done(dir, expected, figures);
  }

  // W4 and W7: steps, a signal that `released` of the runs get after the kill, steps.
  void killed(const std::string& workload, Order order, std::size_t released) {
    order.dir = fresh(workload);
    const std::string part = order.part;
    double peak_before = 0;
    {
      order.part = part + "-block";
      Child blocked(order);
      peak_before = blocked.figures().at("server_peak_mb").get<double>();
      blocked.kill_9();
    }
    order.part = part + "-release";
    Json figures = in_child(order);
    Json& peak = figures.at("server_peak_mb");  // of both processes
    peak = std::max(peak.get<double>(), peak_before);
    const std::uint64_t before = order.runs * (2 + 2 * order.steps);
    done(order.dir, {order.runs, before + released * (2 + 2 * order.steps)}, figures);
    if (figures.at("steps_repeated_after") != 0 || figures.at("steps_missing") != 0) {
      throw std::runtime_error("steps were repeated or are missing: " + figures.dump());
    }
  }

  const Plan& plan_;
  const std::function<void(const Json&)>& each_;
  std::size_t rep_ = 0;
  std::string workload_;
  double fsync_us_ = 0;
};

}  // namespace

void run_plan(const Plan& plan, const std::function<void(const Json&)>& each) {
  Bench bench(plan, each);
  for (const std::string& workload : plan.workloads) {
    for (std::size_t rep = plan.rep0; rep < plan.rep0 + plan.reps; ++rep) {
      try {
        bench.run(workload, rep);
      } catch (const std::exception& error) {
        throw std::runtime_error(workload + ", repetition " + std::to_string(rep) + " in " +
                                 plan.dir + ": " + error.what());
      }
    }
  }
}

}  // namespace ratchet::bench
