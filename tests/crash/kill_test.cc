// SIGKILL, from outside and at any moment, on a real log: nothing that was acknowledged is lost,
// no recorded step is performed again, effects that happen once happened once. What it cannot show
// is a loss of power: the page cache survives a process (power_loss_test.cc).
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/inspect/history.h"
#include "store/rocks_log.h"
#include "tests/crash/account.h"
#include "tests/crash/share.h"
#include "tests/crash/trip.h"
#include "tests/store/log_under_test.h"

namespace ratchet::crash {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr std::uint32_t runs = 3;
constexpr std::array kinds{"RunStarted", "AttemptFailed",  "StepCompleted", "StepFailed",
                           "TimerFired", "SignalReceived", "Probed",        "Ended"};

// One process of the program. All that it says ends in the account, also what it said before it
// was killed.
class Traveller {
 public:
  Traveller(const Place& place, Account& account, std::uint64_t stop_at) : account_(account) {
    int pipes[2];
    if (pipe(pipes) != 0) throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ == 0) {
      dup2(pipes[1], STDOUT_FILENO);
      close(pipes[0]);
      execl(TRAVELLER, TRAVELLER, place.folder.c_str(), std::to_string(runs).c_str(),
            stop_at == 0 ? nullptr : std::to_string(stop_at).c_str(), nullptr);
      _exit(127);
    }
    close(pipes[1]);
    out_ = pipes[0];
  }
  Traveller(const Traveller&) = delete;
  Traveller& operator=(const Traveller&) = delete;
  ~Traveller() { close(out_); }

  // Kills it after `delay`. True if it was still running then.
  bool killed_after(microseconds delay) {
    listen_until(Clock::now() + delay);
    return end(SIGKILL);
  }

  // Kills it once it has stopped itself. True if it did.
  bool killed_where_it_stops() {
    int status = 0;
    waitpid(pid_, &status, WUNTRACED);
    if (!WIFSTOPPED(status)) return reaped(status);
    return end(SIGKILL);
  }

  void let_finish() {
    listen_until(Clock::now() + std::chrono::seconds(60));
    EXPECT_FALSE(end(SIGKILL)) << "it did not finish in 60 s";
  }

 private:
  void listen_until(Clock::time_point end) {
    for (;;) {
      const auto left = std::chrono::duration_cast<microseconds>(end - Clock::now());
      if (left.count() <= 0) return;
      const timespec wait{left.count() / 1'000'000, left.count() % 1'000'000 * 1000};
      pollfd ready{out_, POLLIN, 0};
      if (ppoll(&ready, 1, &wait, nullptr) > 0 && !read_some()) return;
    }
  }

  // False at the end of what it says.
  bool read_some() {
    std::array<char, 4096> bytes;
    const ssize_t n = read(out_, bytes.data(), bytes.size());
    if (n <= 0) return false;
    heard_.append(bytes.data(), static_cast<std::size_t>(n));
    std::size_t begin = 0;
    for (std::size_t at = 0; (at = heard_.find('\n', begin)) != std::string::npos; begin = at + 1) {
      hear(heard_.substr(begin, at - begin));
    }
    heard_.erase(0, begin);
    return true;
  }

  void hear(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    std::string run;
    std::uint32_t number = 0;
    words >> verb >> run >> number;
    if (verb == "ack") account_.acknowledge(run, number);
    if (verb == "do") account_.perform(run, number);
  }

  bool end(int signal) {
    kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    while (read_some()) {
    }
    return reaped(status);
  }

  static bool reaped(int status) {
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "ended with status " << status;
    return false;
  }

  Account& account_;
  pid_t pid_ = 0;
  int out_ = -1;
  std::string heard_;
};

// The kind of the turn that was the last durable one; nothing before the first.
std::optional<std::string> last_kind(const store::LogReader& log) {
  std::uint64_t index = 0;
  std::optional<std::string> kind;
  for (const engine::RunInfo& run : engine::list_runs(log)) {
    const engine::HistoryTurn last = engine::read_history(log, run.run).back();
    if (kind && last.index < index) continue;
    index = last.index;
    kind = kind_of(last.turn);
  }
  return kind;
}

// A folder, its processes, and what is known of them.
class Voyage {
 public:
  const Place& place() const { return place_; }
  Account& account() { return account_; }

  // Compares after a kill, and counts what was last durable. On a copy: the next process finds what
  // the kill left.
  void inspect(std::map<std::string, int>& histogram) {
    if (!fs::exists(place_.log())) return;  // killed before it made anything
    const store::TemporaryFolder copy;
    fs::copy(place_.log(), copy.path());
    const auto log = store::open_rocks_log(copy.path());
    account_.compare(*log, place_.anchor());
    if (const auto kind = last_kind(*log)) ++histogram[*kind];
  }

  void finish() {
    std::map<std::string, int> ignored;
    Traveller(place_, account_, 0).let_finish();
    inspect(ignored);
    EXPECT_EQ(account_.complaints(), std::vector<std::string>{});
    EXPECT_EQ(ledger_of(place_), full_ledger(runs));
  }

 private:
  store::TemporaryFolder folder_;
  Place place_{folder_.path()};
  Account account_;
};

microseconds time_of_a_life() {
  Voyage voyage;
  const auto begin = Clock::now();
  voyage.finish();
  return std::chrono::duration_cast<microseconds>(Clock::now() - begin);
}

TEST(Kill, AtAnyMomentLosesNothingAndRepeatsNothing) {
  const std::uint64_t rounds = is_full() ? 500 : 25;
  const microseconds longest = time_of_a_life();
  std::minstd_rand random(static_cast<std::uint32_t>(seed() + 1));
  std::uniform_int_distribution<microseconds::rep> delay(0, longest.count());
  std::map<std::string, int> histogram;
  std::uint64_t kills = 0;
  std::uint64_t finished = 0;
  auto voyage = std::make_unique<Voyage>();
  while (kills < rounds && !HasFailure()) {
    if (Traveller(voyage->place(), voyage->account(), 0)
            .killed_after(microseconds(delay(random)))) {
      ++kills;
      voyage->inspect(histogram);
      continue;
    }
    ++finished;
    voyage->finish();
    voyage = std::make_unique<Voyage>();
  }
  voyage->finish();
  std::cout << "kills by the kind of the turn that was last durable:";
  for (const auto& [kind, count] : histogram) std::cout << " " << kind << " " << count;
  std::cout << "; rounds that finished first, not counted: " << finished << "\n";
  Counts counts{{"random_kills", kills}};
  for (const char* kind : kinds) {
    if (is_full()) EXPECT_GT(histogram[kind], 0) << "no kill came after a turn " << kind;
    counts[std::string("after_") + kind] = static_cast<std::uint64_t>(histogram[kind]);
  }
  EXPECT_EQ(histogram.size(), kinds.size()) << "trips have turns of a kind that nobody counts";
  report("kill", counts);
}

TEST(Kill, AtEveryAppendLosesNothingAndRepeatsNothing) {
  std::map<std::string, int> histogram;
  std::uint64_t kills = 0;
  for (std::uint64_t nth = 1; !HasFailure(); ++nth) {
    Voyage voyage;
    if (!is_full() && !takes(nth, 4) && nth < 20) continue;
    if (!Traveller(voyage.place(), voyage.account(), nth).killed_where_it_stops()) break;
    ++kills;
    voyage.inspect(histogram);
    voyage.finish();
    if (!is_full() && nth >= 20) break;
  }
  EXPECT_GE(kills, is_full() ? 20U : 1U);
  report("kill", {{"appends", kills}});
}

// The test of the test: an account that was told of more than happened complains.
TEST(Kill, TheAccountNoticesALossAndARepetition) {
  Voyage voyage;
  voyage.finish();
  voyage.account().acknowledge("trip-1", 99);
  voyage.account().perform("trip-1", 77);
  voyage.account().perform("trip-1", 1);
  std::map<std::string, int> histogram;
  voyage.inspect(histogram);
  EXPECT_THAT(
      voyage.account().complaints(),
      testing::ElementsAre(testing::HasSubstr("performed again"), testing::HasSubstr("is lost"),
                           testing::HasSubstr("without its durable intent")));
}

}  // namespace
}  // namespace ratchet::crash
