// The program that the kill test kills: it lives in a folder and says on its standard output what
// it performs and what is durable, a line each, before anything else happens.
//
//   traveller FOLDER RUNS [N]   stops itself once the N-th sync of its write-ahead log is done,
//                               before anybody hears of it
#include <cstdint>
#include <iostream>
#include <string>

#include <signal.h>
#include <unistd.h>

#include "tests/crash/trip.h"
#include "tests/crash/watched_files.h"

namespace ratchet::crash {
namespace {

class StopAtSync final : public FileWatch {
 public:
  explicit StopAtSync(std::uint64_t nth) : left_(nth) {}
  void after(const FileOp& op) override {
    if (op.kind != FileOp::Kind::sync || !is_wal(op.file)) return;
    if (--left_ == 0) raise(SIGSTOP);
  }

 private:
  std::uint64_t left_;  // the log's writer and the opening thread never sync at once
};

// One write a line, so that a kill leaves whole lines.
void say(const std::string& line) {
  if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(3);
}

int run(const std::string& folder, std::uint32_t runs, std::uint64_t stop_at) {
  StopAtSync watch(stop_at);
  const auto env = watched_env(watch);
  Life life{.place = {folder}, .runs = runs, .env = env.get()};
  life.acknowledged = [](const engine::Recorded& recorded) {
    say("ack " + recorded.run_id + " " + std::to_string(recorded.turn.turn) + "\n");
  };
  life.performs = [](const engine::AttemptInfo& info) {
    say("do " + info.run_id + " " + std::to_string(info.command) + "\n");
  };
  return live(life) == End::finished ? 0 : 2;
}

}  // namespace
}  // namespace ratchet::crash

int main(int argc, char** argv) {
  try {
    return ratchet::crash::run(argv[1], static_cast<std::uint32_t>(std::stoul(argv[2])),
                               argc > 3 ? std::stoull(argv[3]) : 0);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
